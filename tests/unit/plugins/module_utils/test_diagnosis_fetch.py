# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine serves, and one reference at a time."""

from __future__ import annotations

import contextlib
import socket
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.diagnosis_fetch import CLOSED, Found, Places, fetch, follow
from ansible_collections.webops.django.plugins.module_utils.diagnosis_place import Asker
from ansible_collections.webops.django.plugins.module_utils.http_client import Deadline, TransportError
from ansible_collections.webops.django.plugins.module_utils.import_maps import ImportMap
from ansible_collections.webops.django.plugins.module_utils.served_references import Document, Wanted
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin, parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer

PAGE = parse_url("http://shop.example.com/")
DOCUMENT = Document(str(PAGE), PAGE.origin, ImportMap(PAGE))


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("shop.example.com", True),
        ("static.example.com", True),
        ("a.b.example.org", True),
        ("example.org", False),
        ("example.net", True),
        ("www.example.net", True),
        ("badexample.net", False),
        ("cdn.example.com", False),
    ],
)
def test_whose_hosts_these_are(host: str, served: bool) -> None:
    places = Places(PAGE.origin, {"unix": "/a"}, ["Static.example.com", "*.example.org", ".example.net", "~^.*$", "_", ""])
    assert places.serves(Origin("http", host, 80)) is served


@pytest.mark.parametrize(
    ("url", "connect"),
    [
        ("http://shop.example.com/", {"address": "127.0.0.1", "port": 80, "tls": False}),
        ("https://shop.example.com/", {"address": "127.0.0.1", "port": 443, "tls": True}),
        ("http://shop.example.com:8000/", {"address": "127.0.0.1", "port": 8000, "tls": False}),
        ("http://static.example.com/", {"address": "127.0.0.1", "port": 80, "tls": False}),
    ],
)
def test_where_another_origin_is(url: str, connect: dict[str, t.Any]) -> None:
    places = Places(PAGE.origin, {"address": "127.0.0.1", "port": 80, "tls": False}, ["static.example.com"])
    assert places.connect(parse_url(url).origin) == connect


def test_where_another_origin_was_said_to_be() -> None:
    there = {"address": "127.0.0.2", "port": 80, "tls": False}
    places = Places(PAGE.origin, {"unix": "/a"}, {"static.example.com": there})
    assert places.connect(Origin("http", "static.example.com", 80)) == there
    assert places.connect(Origin("https", "shop.example.com", 443)) == {"unix": "/a"}
    assert Places(PAGE.origin, None).connect(PAGE.origin) is None


@contextlib.contextmanager
def server(answers: t.Mapping[str, bytes]) -> t.Iterator[tuple[RawServer, Asker, Places]]:
    def reply(sock: socket.socket, target: str) -> None:
        data = answers.get(target, http_answer(b"gone", "404 Not Found"))
        sock.sendall(data)
        if not data or b"content-length" not in data:
            sock.shutdown(socket.SHUT_RDWR)

    with RawServer(reply) as running, contextlib.closing(Asker(Deadline(20))) as asker:
        connect = {"address": "127.0.0.1", "port": running.port, "tls": False}
        yield running, asker, Places(PAGE.origin, connect, ["static.example.com"])


def get(answers: t.Mapping[str, bytes], kind: str, url: str = "http://shop.example.com/a", **more: str) -> Found:
    with server(answers) as (_running, asker, places):
        return fetch(asker, places, Wanted(parse_url(url), kind, "", DOCUMENT, **more))


def test_a_style_sheet_is_read() -> None:
    found = get({"/a": http_answer(b"@import 'b.css'", content_type="text/css")}, "stylesheet")
    assert [reference.url for reference in found.references] == ["b.css"]
    assert (found.facts["status"], found.facts["content_type"], found.facts["error"]) == (200, "text/css", "")


def test_a_style_sheet_of_another_type_is_not_read() -> None:
    found = get({"/a": http_answer(b"@import 'b.css'", content_type="text/plain")}, "stylesheet")
    assert (found.references, found.facts["content_type"]) == ((), "text/plain")


def test_a_redirect_is_followed_to_where_the_references_count_from() -> None:
    answers = {"/a": http_answer(b"", "302 Found", location="/x/b.css"), "/x/b.css": http_answer(b"@import 'c.css'")}
    found = get(answers, "stylesheet")
    assert (found.facts["redirected_to"], str(found.final)) == ("http://shop.example.com/x/b.css",) * 2


def test_a_redirect_out_of_the_site_is_not_followed() -> None:
    found = get({"/a": http_answer(b"", "302 Found", location="https://login.example.net/")}, "image")
    assert (found.facts["status"], found.facts["redirected_to"]) == (302, "https://login.example.net/")


def test_redirects_without_end() -> None:
    answers = {"/a": http_answer(b"", "302 Found", location="/a")}
    assert get(answers, "image").facts["error"] == "more than 5 redirects"
    with server(answers) as (_running, asker, places), pytest.raises(TransportError):
        follow(asker, places, parse_url("http://shop.example.com/a"))


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, False),
        ({"access_control_allow_origin": "*"}, True),
        ({"access_control_allow_origin": "http://shop.example.com"}, True),
        ({"access_control_allow_origin": "https://shop.example.com"}, False),
    ],
)
def test_a_font_of_another_origin(headers: dict[str, str], allowed: bool) -> None:
    answers = {"/f": http_answer(b"font", content_type="font/woff2", **headers)}
    with server(answers) as (running, asker, places):
        wanted = Wanted(parse_url("http://static.example.com/f"), "font", "", DOCUMENT, cors="anonymous")
        facts = fetch(asker, places, wanted).facts
        assert b"Origin: http://shop.example.com" in running.heads[0]
    said = headers.get("access_control_allow_origin", "")
    assert facts["cors"] == {"mode": "anonymous", "origin": "http://shop.example.com", "allowed": allowed, "header": said}


def test_what_closes_the_connection() -> None:
    assert get({"/a": b""}, "image").facts["error"] in CLOSED


@pytest.mark.parametrize("data", [b"rubbish", http_answer(b"x", content_encoding="gzip"), http_answer(b"x", "302 Found", location="http://[")])
def test_rubbish(data: bytes) -> None:
    assert get({"/a": data}, "stylesheet").facts["error"]
