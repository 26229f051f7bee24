# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a diagnosis connects, and as whom it asks there."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.diagnosis_place import Asker, is_tls, readable_url, route_to, spoken_origin
from ansible_collections.webops.django.plugins.module_utils.http_client import Deadline
from ansible_collections.webops.django.plugins.module_utils.http_route import Route
from ansible_collections.webops.django.plugins.module_utils.web_urls import UrlError, parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer

URL = parse_url("https://shop.example.com/a.css")


@pytest.mark.parametrize(
    ("connect", "route"),
    [
        (None, Route()),
        ({}, Route()),
        ({"unix": "/run/a.sock"}, Route(socket_path="/run/a.sock")),
        ({"address": "0.0.0.0", "port": 80}, Route("127.0.0.1", 80)),
        ({"address": "*", "port": "8000"}, Route("127.0.0.1", 8000)),
        ({"address": "[::]", "port": 80}, Route("::1", 80)),
        ({"address": "[::1]", "port": None}, Route("::1")),
        ({"address": "192.0.2.1", "port": 80}, Route("192.0.2.1", 80)),
    ],
)
def test_where_to_connect(connect: dict[str, t.Any], route: Route) -> None:
    assert route_to(connect) == route


@pytest.mark.parametrize("port", [70000, -1, "x"])
def test_a_port_that_is_none(port: t.Any) -> None:
    with pytest.raises(ValueError, match="port|invalid literal"):
        route_to({"address": "127.0.0.1", "port": port})


@pytest.mark.parametrize(
    ("url", "connect", "host", "origin"),
    [
        ("https://a.example/", None, "", "https://a.example"),
        ("https://a.example/", {"address": "::1", "port": 80, "tls": False}, "", "http://a.example"),
        ("http://a.example/", {"address": "::1", "port": 443, "tls": True}, "", "https://a.example"),
        ("https://a.example:8443/", {"unix": "/run/a.sock"}, "", "http://a.example:8443"),
        ("http://127.0.0.1/", {"address": "::1", "port": 80, "tls": False}, "b.example:81", "http://b.example:81"),
    ],
)
def test_what_is_said_there(url: str, connect: t.Any, host: str, origin: str) -> None:
    assert str(spoken_origin(parse_url(url), connect, host)) == origin


def test_tls_is_told_by_the_url_where_nothing_else_tells() -> None:
    assert is_tls(URL, {"address": "::1", "port": 443, "tls": None})
    assert not is_tls(URL, {"unix": "/run/a.sock"})


@pytest.mark.parametrize("url", [None, 7, "", "ftp://a.example/", "http://", "http://[/"])
def test_what_is_no_url(url: t.Any) -> None:
    with pytest.raises(UrlError):
        readable_url(url)


def test_any_certificate_will_do_and_the_name_is_said(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key", tmp_path / "crt"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other.example -keyout".split()
    subprocess.run([*command, key, "-out", certificate], check=True, capture_output=True)
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(certificate, key)
    said: list[str] = []
    settings.sni_callback = lambda _socket, name, _context: said.append(str(name))
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"hello")), tls=settings) as server:
        with contextlib.closing(Asker(Deadline(20))) as asker:
            answer = asker.get(URL, {"address": "127.0.0.1", "port": server.port, "tls": True})
            assert b"".join(answer.chunks()) == b"hello"
    assert said == server.hosts == ["shop.example.com"]
    assert b"X-Forwarded-Proto" not in server.heads[0]


def test_behind_what_ends_tls_the_scheme_is_said() -> None:
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b""))) as server, contextlib.closing(Asker(Deadline(20))) as asker:
        asker.get(URL, {"address": "127.0.0.1", "port": server.port, "tls": False})
        assert b"X-Forwarded-Proto: https" in server.heads[0]


def test_one_connection_serves_many_requests() -> None:
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"hello"))) as server, contextlib.closing(Asker(Deadline(20))) as asker:
        for _number in range(5):
            asker.look_at_clock()
            list(asker.get(URL, {"address": "127.0.0.1", "port": server.port, "tls": False}).chunks())
        assert (server.connections, len(server.requests)) == (1, 5)
