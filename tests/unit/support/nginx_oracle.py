# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real nginx that tells, in the headers of each answer, where a request ended and which path it stood for there.

Every block says ``add_header X-Loc`` with a name of its own, and ``X-File $request_filename``. Whole configurations are compared with the resolver.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
import typing as t
from pathlib import Path

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX, free_port

Node = list[t.Any]
"""A directive: its words, the last one a list of directives where it has a block."""
FILES = (
    *("static/a.css", "static/js/b.js", "static/admin/a.css", "a.css", "index.html", "media/x.png", "static/index.html", "docs/home.htm", "a b.css"),
    *("static/A.CSS", "admin/a.css", "js/b.js", "xa.css", "static/r", "s/a.css", "é.css", "50%.css", "50x.html"),
)
SOCKET = "unix:"
"""The client of a connection to a socket."""
LISTENS = "listen unix:{folder}/sock; listen 127.0.0.1:PORT; listen [::1]:PORT;"
MAIN = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log emerg; {user}
events {{ worker_connections 1024; }}
http {{
    access_log off; default_type text/plain; uninitialized_variable_warn off; keepalive_requests 1000000;
    server_names_hash_bucket_size 128; server_names_hash_max_size 4096;
    client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
    uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
    upstream up1 {{ server unix:{folder}/up1; }}
    upstream up2 {{ server unix:{folder}/up2; }}
    server {{ listen unix:{folder}/up1; location / {{ return 200 UP1; }} }}
    server {{ listen unix:{folder}/up2; location / {{ return 200 UP2; }} }}
    server {{ listen unix:{folder}/sock default_server; listen 127.0.0.1:{port} default_server; listen [::1]:{port} default_server;
             return 200 nobody; }}
{servers}
}}
"""


class Told(t.NamedTuple):
    """What nginx tells; status 0 where it closes the connection."""

    status: int
    place: str
    file: str
    body: str


def make_tree(folder: Path) -> None:
    """Write three roots that hold different files."""
    for number, root in enumerate(("r1", "r2", "r3")):
        for place, name in enumerate(FILES):
            if (place + number) % 4:
                path = folder / root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(str(path))
        for name in ("empty", "static/empty"):
            (folder / root / name).mkdir(parents=True, exist_ok=True)


def kind_of(path: str) -> str:
    """Tell what lies at a path."""
    if "\0" in path:
        return ""
    return "directory" if os.path.isdir(path) else "file" if os.path.isfile(path) else ""


def written(nodes: t.Iterable[Node], depth: int = 1) -> str:
    """Return directives as nginx reads them."""
    lines = []
    for node in nodes:
        block = node[-1] if isinstance(node[-1], list) else None
        words = "    " * depth + " ".join(_quoted(word) for word in (node if block is None else node[:-1]))
        lines.append(words + (";\n" if block is None else " {\n" + written(block, depth + 1) + "    " * depth + "}\n"))
    return "".join(lines)


def _quoted(word: str) -> str:
    if word.startswith("(") and (" " in word or re.fullmatch(r"\(\$\w+\)", word)):
        return word
    return '"' + word.replace('"', '\\"') + '"' if word == "" or re.search(r'[\s{};"#]', word) else word


class RefusedError(Exception):
    """nginx does not take the configuration."""


class Connection:
    """A connection that is kept, from an address of a client."""

    def __init__(self, address: str, port: int, client: str) -> None:
        family = socket.AF_UNIX if client == SOCKET else socket.AF_INET6 if ":" in client else socket.AF_INET
        self.socket = socket.socket(family)
        try:
            if client == SOCKET:
                self.socket.connect(address.removeprefix("unix:"))
            else:
                self.socket.bind((client, 0))
                self.socket.connect((address, port))
        except OSError:
            self.socket.close()
            raise
        self.answers = self.socket.makefile("rb")

    def close(self) -> None:
        """Close it."""
        self.answers.close()
        self.socket.close()


class Oracle:
    """nginx over some server blocks; a context that stops it."""

    def __init__(self, folder: Path, servers: str) -> None:
        self.folder = folder
        self.port = free_port()
        user = "user root;" if os.geteuid() == 0 else ""
        self.text = MAIN.format(folder=folder, servers=servers.replace("PORT", str(self.port)), user=user, port=self.port)
        self.config = folder / "nginx.conf"
        self.config.write_text(self.text)
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> Oracle:
        for name in ("sock", "up1", "up2"):
            (self.folder / name).unlink(missing_ok=True)
        command = [NGINX, "-e", str(self.folder / "start.log"), "-p", str(self.folder), "-c", str(self.config)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for _attempt in range(4000):
            if self._process.poll() is not None:
                raise RefusedError(self._process.communicate()[1])
            try:
                self._connect(SOCKET)
            except OSError:
                time.sleep(0.005)
                continue
            return self
        raise AssertionError("nginx does not listen")

    def __exit__(self, *_rest: object) -> None:
        for connection in self._connections.values():
            connection.close()
        self._process.terminate()
        self._process.communicate(timeout=20)

    def _connect(self, client: str) -> Connection:
        if client in self._connections:
            self._connections[client].close()
        self._connections[client] = found = Connection(self.address(client), self.port, client)
        return found

    def address(self, client: str) -> str:
        """Return where a client connects to."""
        return f"unix:{self.folder}/sock" if client == SOCKET else "::1" if ":" in client else "127.0.0.1"

    def ask(self, host: str, target: str, client: str = SOCKET) -> Told:
        """Send a GET request."""
        connection = self._connections.get(client) or self._connect(client)
        try:
            connection.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("utf-8", "surrogateescape"))
            first = connection.answers.readline()
        except (BrokenPipeError, ConnectionResetError):
            first = b""
        if not first:
            self._connect(client)
            return Told(0, "", "", "")
        headers: dict[str, str] = {}
        while (line := connection.answers.readline()) not in (b"\r\n", b""):
            name, _colon, value = line.decode("utf-8", "surrogateescape").partition(":")
            headers[name.lower()] = value.strip()
        body = _body(connection.answers, headers)
        if headers.get("connection") == "close":
            self._connect(client)
        return Told(int(first.split()[1]), headers.get("x-loc", ""), headers.get("x-file", ""), body)

    def resolver(self) -> Resolver:
        """Return the resolver over the same configuration and files."""
        return Resolver(read_configuration({str(self.config): self.text}, str(self.config), str(self.folder)), kind_of)

    def route(self, resolver: Resolver, host: str, target: str, client: str = SOCKET) -> Route:
        """Return what the resolver says to the same request."""
        return resolver.route(f"http://{host}{target}", address=self.address(client), port=self.port, client=client)


def _body(answers: t.BinaryIO, headers: t.Mapping[str, str]) -> str:
    if headers.get("transfer-encoding") == "chunked":
        parts = []
        while size := int(answers.readline(), 16):
            parts.append(answers.read(size))
            answers.readline()
        answers.readline()
        return b"".join(parts).decode("utf-8", "surrogateescape")
    return answers.read(int(headers.get("content-length", 0))).decode("utf-8", "surrogateescape")


def disagreement(route: Route, told: Told) -> str:
    """Compare; return a sentence, empty where both say the same, ``undecided`` where the resolver says that it cannot tell."""
    while route.error_page is not None:
        route = route.error_page
    if route.outcome == "unknown":
        return "undecided" if route.undecided or route.wants else "unknown, but nothing is named"
    status = told.status or 444
    mine = [item.arguments[1] for item in route.effective("add_header") if item.arguments[0] == "X-Loc"][-1:]
    ours = f"{route.outcome} {route.status} {route.path} {route.upstreams} at {mine}"
    if told.place and status != 400 and mine != [told.place]:
        return f"place: {ours}; nginx {told}"
    if route.outcome == "proxy":
        # A URI that was rewritten to one without a slash is a bad request to the upstream, which has no name then.
        same = told.status == 400 or (len(route.upstreams) == 1 and told.body == os.path.basename(route.upstreams[0]).upper())
    elif route.outcome == "file":
        same = _same_file(route, told)
    else:
        same = route.status == status
    return "" if same else f"{ours}; nginx {told}"


def _same_file(route: Route, told: Told) -> bool:
    path = route.path or ""
    if kind_of(path) != "file":
        # The variable may have been lost on the way, see Request.file_name().
        return told.status == 404 and told.file in (path, "")
    found = told.body if os.path.exists(told.body) else ""
    return told.status == (route.status or 200) and bool(found) and os.path.realpath(found) == os.path.realpath(path)


def disagreements(folder: Path, body: str, *targets: str, clients: t.Sequence[str] = (SOCKET,), servers: str = "") -> list[str]:
    """Compare for one server block: W stands for the folder, R for its r1, ``M(X)`` for the headers that tell a place X.

    :param clients: addresses that are asked from.
    :param servers: what else stands in the http block.
    """
    marked = re.sub(r"M\((\w+)\)", r"add_header X-Loc \1 always; add_header X-File $request_filename always;", f"M(server) {body}")
    listens = LISTENS.format(folder=folder)
    given = [re.sub(r"\b[WR](?=[/; ])", lambda match: str(folder) + ("/r1" if match.group() == "R" else ""), text) for text in (servers, marked)]
    paths = f"{given[0]} server {{ {listens} server_name a.test; {given[1]} }}"
    with Oracle(folder, paths) as oracle:
        resolver = oracle.resolver()
        said = [
            (client, target, disagreement(oracle.route(resolver, "a.test", target, client), oracle.ask("a.test", target, client)))
            for client in clients
            for target in targets
        ]
    return [f"{client} {target}: {text}" for client, target, text in said if text]
