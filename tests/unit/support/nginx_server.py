# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real nginx on loopback, in a folder of its own, laid out as Debian lays it out."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import time
import typing as t
from pathlib import Path

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

MAIN = """\
{user}
worker_processes 2;
daemon off;
pid "{folder}/nginx.pid";
error_log "{folder}/error.log";
include "{etc}/modules-enabled/*.conf";
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path "{folder}/body";
    proxy_temp_path "{folder}/proxy";
    fastcgi_temp_path "{folder}/fastcgi";
    uwsgi_temp_path "{folder}/uwsgi";
    scgi_temp_path "{folder}/scgi";
    types_hash_max_size 2048;
    include "{types}";
    default_type application/octet-stream;
    gzip on;
    include conf.d/*.conf;
    include "{etc}/sites-enabled/*";
}}
"""


class Answer(t.NamedTuple):
    """What a client got."""

    status: int
    headers: dict[str, str]
    body: bytes


def free_port() -> int:
    """Return a TCP port on which nobody listens."""
    with socket.socket(socket.AF_INET6 if socket.has_ipv6 else socket.AF_INET) as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])


class NginxServer:
    """nginx with ``etc/nginx`` below a folder; a context that stops it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.etc = folder / "etc" / "nginx"
        for name in ("conf.d", "sites-enabled", "sites-available", "modules-enabled"):
            (self.etc / name).mkdir(parents=True)
        self.config = self.etc / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        self.types = self.etc / "mime.types"
        self.types.write_text("types { text/html html; text/css css; }\n")
        self.config.write_text(MAIN.format(user=user, folder=folder, etc=self.etc, types=self.types))
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def site(self, name: str, text: str, folder: str = "sites-enabled") -> Path:
        """Write a configuration file; ``PORT`` in its text is this server's port."""
        path = self.etc / folder / name
        path.write_text(text.replace("PORT", str(self.port)))
        return path

    def test(self) -> subprocess.CompletedProcess[str]:
        """Run ``nginx -t``."""
        return subprocess.run([NGINX, "-t", "-c", str(self.config)], capture_output=True, text=True, check=False)

    def __enter__(self) -> NginxServer:
        self.process = subprocess.Popen([NGINX, "-c", str(self.config)], stderr=subprocess.PIPE)
        self._wait_for(lambda: (self.folder / "nginx.pid").exists() and len(self.workers()) == 2)
        return self

    def __exit__(self, *_rest: object) -> None:
        if self.process:
            self.process.terminate()
            self.process.communicate(timeout=20)

    def workers(self) -> set[int]:
        """Return the process ids of the workers that do not shut down."""
        return {pid for pid, title in self._children() if "worker process" in title and "shutting down" not in title}

    def shutting_down(self) -> set[int]:
        """Return the process ids of the workers that end their last requests."""
        return {pid for pid, title in self._children() if "shutting down" in title}

    def _children(self) -> t.Iterator[tuple[int, str]]:
        assert self.process
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    yield int(stat.parent.name), (stat.parent / "cmdline").read_text()

    def reload(self) -> None:
        """Reload, and wait until only new workers take requests."""
        assert self.process
        before = self.workers()
        self.process.send_signal(signal.SIGHUP)
        self._wait_for(lambda: len(self.workers()) == 2 and not self.workers() & before)

    def _wait_for(self, reached: t.Callable[[], bool]) -> None:
        for _attempt in range(1000):
            assert self.process
            if self.process.poll() is not None:
                raise AssertionError(f"nginx ended: {self.process.communicate()[1].decode()}")
            if reached():
                return
            time.sleep(0.01)
        raise AssertionError(f"nginx did not get there: {(self.folder / 'error.log').read_text()}")

    def get(self, path: str, host: str = "shop.example", port: int | None = None, method: str = "GET", **headers: str) -> Answer:
        """Ask as a client; status 0 where nginx closed the connection without an answer (its status 444)."""
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=20)
        try:
            connection.request(method, path, headers={"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}})
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        except http.client.RemoteDisconnected:
            return Answer(0, {}, b"")
        finally:
            connection.close()
