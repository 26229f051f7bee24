# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks with ``listen`` and ``server_name`` at random, each asked over several addresses, beside a real nginx."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import subprocess
import time
import typing as t
from pathlib import Path

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX, free_port

NAMES = (
    *("a.test", "b.test", "www.a.test", "*.a.test", ".a.test", "*.test", "a.*", "www.a.*", "www.*", '""', "_", "A.TEST", "*.www.a.test", ".b.test"),
    *(
        "~^www",
        r"~^(?<n>.+)\.a\.test$",
        "~test$",
        "~^$",
        "b.test.",
        "localhost",
        r"~^a\.(test|x)$",
        "x.y.*",
        "*.y.a.test",
        "~a",
        "127.0.0.1",
        "*.x.test",
    ),
)
HOSTS = (
    *("a.test", "b.test", "www.a.test", "x.y.a.test", "WWW.A.TEST", "a.test.", "a.x", "www.a.x", "www", "zz", "b.test:99", "x.b.test", "a.", "test"),
    *("y.a.test", "www.b.test", "localhost", "x.y.z", "_", "a.test.:8", "xa.test", "a.b.c.test", "[::1]", "[::1]:80", "www.a.test.x", "a..test"),
)
MAIN = """pid {folder}/pid; error_log {folder}/e.log emerg; daemon off; master_process off; events {{ worker_connections 256; }}
http {{ access_log off; client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
scgi_temp_path {folder}/t5;
{servers}
}}
"""
SOCKET, NOWHERE = "unix:", "none"


class Listening:
    """nginx that answers with the number of the server block; a context that stops it.

    :ivar runs: whether nginx takes the configuration.
    """

    def __init__(self, folder: Path, servers: str) -> None:
        self.folder = folder
        self.text = MAIN.format(folder=folder, servers=servers)
        self.config = folder / "listen.conf"
        self.config.write_text(self.text)
        self.runs = False

    def __enter__(self) -> Listening:
        for name in ("pid", "listen.sock"):
            (self.folder / name).unlink(missing_ok=True)
        command = [NGINX, "-e", str(self.folder / "start.log"), "-p", str(self.folder), "-c", str(self.config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while self._process.poll() is None and not self.runs:
            # The file with the process id is written when all sockets are open.
            self.runs = (self.folder / "pid").exists() and bool((self.folder / "pid").read_text())
            time.sleep(0.005)
        return self

    def __exit__(self, *_rest: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)

    def ask(self, address: str, port: int, host: str, target: str) -> str:
        """Return what a connection to an address is answered; ``none`` if nobody listens there."""
        family = socket.AF_UNIX if address == SOCKET else socket.AF_INET6 if ":" in address else socket.AF_INET
        with contextlib.closing(socket.socket(family)) as one:
            try:
                one.connect(str(self.folder / "listen.sock") if address == SOCKET else (address, port))
            except OSError:
                return NOWHERE
            one.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: one.recv(65536), b"")).decode()
        return answer.partition("\r\n\r\n")[2] if answer.split()[1] == "200" else answer.split()[1]


class ListenGenerator:
    """Makes configurations and requests."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.ports = (free_port(), free_port())

    def servers(self) -> str:
        """Return server blocks, each answering with its number."""
        one, two = self.ports
        addresses = [f"127.0.0.1:{one}", f"127.0.0.2:{one}", f"[::1]:{one}", f"127.0.0.1:{two}", f"unix:{self.folder}/listen.sock"]
        if self.random.random() < 0.7:
            addresses += [f"{one}", f"*:{one}", f"0.0.0.0:{one}", f"[::]:{one}", f"{two}", f"{min(one, two)}"]
        elif self.random.random() < 0.3:
            addresses += [f"[::]:{one} ipv6only=off", f"localhost:{two}"]
        tls = self.random.random() < 0.15
        defaults: set[str] = set()
        blocks = []
        for number in range(self.random.randint(1, 6)):
            lines = []
            for address in dict.fromkeys(self.random.choice(addresses) for _number in range(self.random.randint(1, 3))):
                default = "" if address in defaults or self.random.random() < 0.8 else " default_server"
                defaults.update([address] if default else [])
                lines.append(f"listen {address}{' ssl' if tls and address.endswith(str(two)) else ''}{default};")
            names = self.random.sample(NAMES, self.random.randint(0, 3))
            lines += [f"server_name {' '.join(names)};"] if names else []
            lines += ["merge_slashes off;"] if self.random.random() < 0.2 else []
            lines += ["ssl_reject_handshake on;"] if tls else []
            lines += ["error_page 497 =200 /tls;"] if tls and self.random.random() < 0.5 else []
            lines.append(
                f"location = /x {{ return 200 S{number}x; }} location = /tls {{ return 200 S{number}t; }} location / {{ return 200 S{number}; }}"
            )
            blocks.append(f"server {{ {' '.join(lines)} }}")
        return "\n".join(blocks)

    def places(self) -> list[tuple[str, int]]:
        """Return the addresses that are asked."""
        return [*((address, self.ports[0]) for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3", "::1")), ("127.0.0.1", self.ports[1]), (SOCKET, 0)]


def told(configuration: Configuration, host: str, target: str, address: str | None, port: int | None) -> str:
    """Return what the resolver says, in the words of :meth:`Listening.ask`."""
    route = Resolver(configuration, lambda _path: "").route(f"http://{host}{target}", address=address, port=port)
    while route.error_page is not None:
        route = route.error_page
    if route.outcome == "unknown":
        return "undecided" if route.undecided else "unknown, but nothing is named"
    if route.server is None:
        return NOWHERE
    ending = {"/x": "x", "/bad": "b", "/tls": "t"}.get(route.location.pattern, "") if route.location else ""
    return f"S{configuration.servers.index(route.server)}{ending}" if route.status == 200 else str(route.status)


def compare_listens(seed: int, folder: Path, pairs: int) -> tuple[int, int, list[str]]:
    """Compare at least so many; return their number, how many were undecided without an address, and the disagreements."""
    generator = ListenGenerator(seed, folder)
    asked, undecided, different = 0, 0, []
    while asked < pairs:
        with Listening(folder, generator.servers()) as nginx:
            if not nginx.runs:
                continue
            configuration = read_configuration({str(nginx.config): nginx.text}, str(nginx.config), str(folder))
            for host in generator.random.sample(HOSTS, 8):
                target = generator.random.choice(("/", "/", "//x", "/%zz"))
                said: dict[tuple[str, int], str] = {}
                for address, port in generator.places():
                    asked += 1
                    said[address, port] = nginx.ask(address, port, host, target)
                    goes_to = f"unix:{folder}/listen.sock" if address == SOCKET else address
                    mine = told(configuration, host, target, goes_to, port or None)
                    if mine != said[address, port]:
                        different.append(f"{host}{target} at {address} {port}: {mine}; nginx {said[address, port]}\n{nginx.text}")
                problem, open_ = _without_address(configuration, host, target, generator.ports[0], said)
                undecided += open_
                different += [f"{problem}\n{nginx.text}"] if problem else []
    return asked, undecided, different


def _without_address(configuration: Configuration, host: str, target: str, port: int, said: t.Mapping[tuple[str, int], str]) -> tuple[str, bool]:
    """Where no address is given: what all addresses answer, or that of one that no ``listen`` names; else undecided."""
    if re.match(r"\[|\d", host):
        return "", False
    mine = told(configuration, host, target, None, port)
    anywhere = said["127.0.0.3", port]
    possible = (
        {anywhere} if anywhere != NOWHERE else {answer for (_address, on), answer in said.items() if on == port and answer != NOWHERE} or {NOWHERE}
    )
    if any(listen.address == "::" for server in configuration.servers for listen in server.listens if listen.port == port) and anywhere == NOWHERE:
        # Every address of IPv6 is one more.
        possible.add("undecided")
    if possible == {"400"} or any(server.effective("merge_slashes") for server in configuration.servers):
        # A 400 does not tell which server block answers; and the blocks of different sockets read the URI differently.
        possible.add("undecided")
    wanted = possible if len(possible) == 1 or "undecided" in possible else {"undecided"}
    ends = mine in wanted
    return ("" if ends else f"{host}{target} without an address, {port}: {mine}; wanted {wanted} of {said}"), mine == "undecided"
