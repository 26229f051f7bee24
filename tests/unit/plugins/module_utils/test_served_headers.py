# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which headers of a page every file must carry."""

from __future__ import annotations

import contextlib
import socket

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_headers import DEFAULT, check_error, header_names, page_faults, wanted
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer

URL = parse_url("http://shop.example.com/static/x.css")
NAMES = header_names(DEFAULT)


def head(*lines: str, status: str = "404 Not Found") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "content-length: 0", *lines, "", ""]).encode("latin-1")


def test_headers_of_a_page() -> None:
    with RawServer(lambda sock, _target: sock.sendall(head("X-Content-Type-Options: nosniff", "STRICT-transport-security: max-age=1"))) as server:
        with contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(60), 5)) as client:
            answer = client.get(URL.origin, URL.target)
    assert wanted(NAMES, answer, same_host=True) == {"strict-transport-security": "max-age=1", "x-content-type-options": "nosniff"}
    assert wanted(NAMES, answer, same_host=False) == {"x-content-type-options": "nosniff"}
    assert wanted((), answer, same_host=True) == {}
    assert page_faults(NAMES, answer) == []


@pytest.mark.parametrize(
    ("lines", "got"),
    [
        (["X-Content-Type-Options: nosniff"], []),
        ([], ["404 without it"]),
        (["X-Content-Type-Options: sniff"], ["'sniff'"]),
        (["X-Content-Type-Options: nosniff", "x-content-type-options: nosniff"], ["'nosniff', and 'nosniff'"]),
    ],
)
def test_headers_of_an_error(lines: list[str], got: list[str]) -> None:
    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(head(*lines))

    with RawServer(reply) as server, contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(60), 5)) as client:
        failures = check_error(client, URL, {"x-content-type-options": "nosniff"})
        twice = page_faults(NAMES, client.get(URL.origin, URL.target))
    assert [(failure.got, failure.kind) for failure in failures] == [(text, "missing_name") for text in got]
    assert twice == ([("X-Content-Type-Options once", "2 times: 'nosniff', and 'nosniff'")] if len(lines) > 1 else [])


@pytest.mark.parametrize("name", ["", "a b", "X:", "größe", "a\n"])
def test_no_name_of_a_header(name: str) -> None:
    with pytest.raises(ExplainedError, match="security_headers: .* is no header's name"):
        header_names([name])


def test_names_are_taken_once() -> None:
    assert header_names(["A", "a", "B"]) == ("a", "b")
