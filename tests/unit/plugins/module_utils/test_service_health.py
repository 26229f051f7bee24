# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a service that was just started, over real sockets."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import service_health
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.service_health import (
    Health,
    NotReadyError,
    ask,
    listen_address,
    stream,
    wait_until_healthy,
)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.server.asked = self.headers["Host"]  # type: ignore[attr-defined]
        self.send_response(int(self.path.strip("/")))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: t.Any) -> None:
        pass

    def address_string(self) -> str:
        return ""


class UnixServer(http.server.HTTPServer):
    address_family = socket.AF_UNIX
    asked = ""

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)


@contextlib.contextmanager
def serving(server: http.server.HTTPServer) -> t.Iterator[http.server.HTTPServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_unix_socket_is_asked_with_the_host_name(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with serving(UnixServer(path, Handler)) as server:  # type: ignore[arg-type]
        assert ask(Health(path, "/204", "shop.example.com"), 5) == 204
        assert server.asked == "shop.example.com"  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["127.0.0.1:", "localhost:", ""])
def test_tcp(host: str) -> None:
    with serving(http.server.HTTPServer(("127.0.0.1", 0), Handler)) as server:
        assert ask(Health(f"{host}{server.server_port}", "/400", "x"), 5) == 400


@pytest.mark.parametrize("status", [200, 301, 400, 404, 499])
def test_healthy(tmp_path: Path, status: int) -> None:
    with serving(UnixServer(str(tmp_path / "s"), Handler)):  # type: ignore[arg-type]
        wait_until_healthy(Health(str(tmp_path / "s"), f"/{status}", "x"), lambda: None, 5)


@pytest.mark.parametrize("status", [500, 503])
def test_unhealthy(tmp_path: Path, status: int) -> None:
    with serving(UnixServer(str(tmp_path / "s"), Handler)):  # type: ignore[arg-type]
        with pytest.raises(NotReadyError, match=f"answers GET /{status} with status {status}"):
            wait_until_healthy(Health(str(tmp_path / "s"), f"/{status}", "x"), lambda: None, 5)


def test_a_service_that_dies_while_the_question_waits_is_noticed(tmp_path: Path) -> None:
    def dead() -> None:
        raise NotReadyError("its process ended")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        with pytest.raises(NotReadyError, match="its process ended"):
            wait_until_healthy(Health(str(tmp_path / "s"), "/200", "x"), dead, 60)


def test_no_answer_in_time(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=r"did not answer GET /200 within 0.1 s \(.*No such file"):
        wait_until_healthy(Health(str(tmp_path / "none"), "/200", "x"), lambda: None, 0.1)


def test_an_answer_that_is_no_http_is_asked_again(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def babble() -> None:
            for answer in (b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"):
                connection, _address = listener.accept()
                while not connection.recv(4096).endswith(b"\r\n\r\n"):
                    pass
                connection.sendall(answer)
                connection.close()

        thread = threading.Thread(target=babble)
        thread.start()
        wait_until_healthy(Health(str(tmp_path / "s"), "/200", "x"), lambda: None, 10)
        thread.join()


def test_without_a_question_the_service_must_stay_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_health, "SETTLE", 0.05)
    monkeypatch.setattr(service_health, "POLL", 0.01)
    looks: list[int] = []
    wait_until_healthy(None, lambda: looks.append(1), 60)
    assert len(looks) > 1


@pytest.mark.parametrize(
    ("unit", "address"),
    [
        ("[Socket]\nListenStream=/run/a b/x.sock \nListenStream=80\n", "/run/a b/x.sock"),
        ("ListenStream= 127.0.0.1:8001", "127.0.0.1:8001"),
        ("ListenStream=[::1]:8001", "[::1]:8001"),
        ("ListenStream=8001", "8001"),
        ("ListenDatagram=/x", ""),
        ("ListenStream=@abstract", ""),
        ("", ""),
    ],
)
def test_stream(unit: str, address: str) -> None:
    assert stream(unit) == address
    if not address:
        with pytest.raises(ExplainedError, match="needs a `socket` unit"):
            listen_address(unit)
