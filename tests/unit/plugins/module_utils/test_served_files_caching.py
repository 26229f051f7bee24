# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer allows a cache to do with it."""

from __future__ import annotations

import contextlib
import email.utils
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_files_caching import check_missing, lifetime, varies_by_encoding
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer

NOW = 1_000_000_000.0


@contextlib.contextmanager
def answering(answer: bytes) -> t.Iterator[Client]:
    with RawServer(lambda sock, _target: sock.sendall(answer)) as server:
        with contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(60), 1)) as client:
            yield client


@contextlib.contextmanager
def answer_with(**headers: str) -> t.Iterator[Answer]:
    with answering(http_answer(b"", **headers)) as client:
        yield client.get(parse_url("http://a/").origin, "/")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"cache_control": "max-age=60"}, 60),
        ({"cache_control": 'public, MAX-AGE="60"'}, 60),
        ({"cache_control": "max-age=0, s-maxage=31536000"}, 31536000),
        ({"cache_control": "no-store, max-age=60"}, 0),
        ({"cache_control": "max-age=nonsense"}, 0),
        # "²" is a digit for str.isdigit() and none for float(), which raised ValueError.
        ({"cache_control": "max-age=\xb2"}, 0),
        ({"expires": email.utils.formatdate(NOW + 500, usegmt=True)}, 500),
        ({"expires": email.utils.formatdate(NOW + 500, usegmt=True), "cache_control": "max-age=5"}, 5),
        ({"expires": "0"}, 0),
        ({"expires": "Mon, 99 Foo 99999999999999999999 00:00:00 GMT"}, 0),
    ],
)
def test_lifetime(headers: dict[str, str], seconds: float) -> None:
    with answer_with(**headers) as answer:
        assert lifetime(answer, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "varies"),
    [
        ({}, True),
        ({"cache_control": "no-cache"}, True),
        ({"cache_control": "public"}, False),
        ({"cache_control": "immutable", "vary": "Cookie"}, False),
        ({"expires": "Thu, 31 Dec 2099 00:00:00 GMT"}, False),
        ({"vary": "cookie, ACCEPT-Encoding"}, True),
        ({"vary": "*"}, True),
        ({"cache_control": "max-age=60"}, False),
        ({"cache_control": "private, max-age=60"}, True),
        ({"cache_control": "No-Store"}, True),
    ],
)
def test_whether_a_cache_keeps_encodings_apart(headers: dict[str, str], varies: bool) -> None:
    with answer_with(**headers) as answer:
        assert varies_by_encoding(answer) is varies


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (http_answer(b"", status="404 No"), ""),
        (http_answer(b"", status="404 No", cache_control="max-age=60"), ""),
        (http_answer(b"", status="404 No", cache_control="max-age=61"), "404 with Cache-Control: max-age=61"),
        (http_answer(b"", status="404 No", expires="Thu, 31 Dec 2099 00:00:00 GMT"), "404 with Expires: Thu, 31 Dec 2099 00:00:00 GMT"),
        (http_answer(b"", status="404 No", cache_control="immutable"), "404 with Cache-Control: immutable"),
        (http_answer(b"home", status="200 OK", content_type="text/html"), "200 text/html (answered by a server that does not name itself)"),
        (http_answer(b"", status="302 Found", location="/login/"), "302 to /login/"),
        (b"", "no complete answer in time"),
    ],
)
def test_a_name_that_nobody_has(answer: bytes, got: str) -> None:
    with answering(answer) as client:
        failures = check_missing(client, parse_url("http://shop.example.com/static/gone.css"))
    assert [failure.got for failure in failures] == ([got] if got else [])
