# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about one answer; who answered is asked of a real nginx with a real Django behind it."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import diagnosis_answer
from ansible_collections.webops.django.plugins.module_utils.diagnosis_answer import (
    Body,
    blank,
    describe,
    describe_encoded,
    is_right,
    read_body,
    text_start,
    told_headers,
    who_answered,
)
from ansible_collections.webops.django.plugins.module_utils.diagnosis_client import ask_urls
from ansible_collections.webops.django.plugins.module_utils.diagnosis_place import Asker
from ansible_collections.webops.django.plugins.module_utils.http_client import Deadline
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.django_server import DjangoServer, proxied
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer
from ansible_collections.webops.django.tests.unit.support.static_site import StaticSite

DIGEST = hashlib.sha256(b"hello").hexdigest()


@contextlib.contextmanager
def answered(data: bytes, close: bool = False) -> t.Iterator[t.Any]:
    """Return the answer that these bytes are."""

    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(data)
        if close:
            sock.shutdown(socket.SHUT_RDWR)

    with RawServer(reply) as server, contextlib.closing(Asker(Deadline(20))) as asker:
        yield asker.get(parse_url("http://a.example/"), {"address": "127.0.0.1", "port": server.port, "tls": False})


def test_a_whole_body() -> None:
    with answered(http_answer(b"hello")) as answer:
        assert read_body(answer) == Body(5, 5, DIGEST, b"hello", True, "")


def test_an_encoded_body_is_decoded() -> None:
    data = gzip.compress(b"hello")
    with answered(http_answer(data, content_encoding="gzip")) as answer:
        assert read_body(answer) == Body(len(data), 5, DIGEST, b"hello", True, "")


def test_a_cut_body() -> None:
    with answered(http_answer(b"hello", content_length="9"), close=True) as answer:
        body = read_body(answer)
    assert (body.complete, body.length, body.error) == (False, 5, "the body ended after 5 of 9 bytes")


def test_a_cut_chunk() -> None:
    with answered(http_answer(b"a\r\nhello", content_length="", transfer_encoding="chunked"), close=True) as answer:
        assert read_body(answer).complete is False


def test_what_is_not_encoded_as_it_says() -> None:
    with answered(http_answer(b"hello", content_encoding="gzip")) as answer:
        body = read_body(answer)
    assert (body.complete, body.error) == (None, "it is not valid gzip")
    assert is_right({"sha256": DIGEST, "size": 5}, body, None) is False


@pytest.mark.parametrize("data", [b"x" * 3000, gzip.compress(b"x" * 300000)], ids=["plain", "compressed"])
def test_a_body_is_read_so_far_only(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(diagnosis_answer, "MAX_BODY", 2000)
    headers = {"content_encoding": "gzip"} if data.startswith(b"\x1f") else {}
    with answered(http_answer(data, **headers)) as answer:
        body = read_body(answer)
    assert (body.complete, body.sha256, body.error) == (None, "", "")
    assert len(body.start) <= diagnosis_answer.START


RIGHT, OTHER, CUT, PART = Body(5, 5, DIGEST, b"", True), Body(5, 5, "0", b"", True), Body(3, 3, DIGEST, b"", False, "cut"), Body(9, 9)


@pytest.mark.parametrize(
    ("expected", "body", "announced", "right"),
    [
        ({"sha256": DIGEST, "size": 5}, RIGHT, 5, True),
        ({"sha256": DIGEST, "size": 5}, OTHER, 5, False),
        ({"sha256": DIGEST, "size": 5}, CUT, 5, False),
        ({"sha256": DIGEST, "size": 5}, PART, 5, None),
        ({"sha256": None, "size": 5}, OTHER, 5, True),
        ({"sha256": None, "size": 6}, OTHER, 5, False),
        ({"sha256": None, "size": 90}, PART, 90, True),
        ({"sha256": None, "size": 90}, PART, 91, False),
        ({"sha256": None, "size": 90}, PART, None, None),
        ({"sha256": None, "size": 3}, CUT, 5, False),
        ({"sha256": None, "size": None}, RIGHT, 5, None),
        (None, RIGHT, 5, None),
    ],
)
def test_whether_it_is_the_right_one(expected: t.Any, body: Body, announced: int | None, right: bool | None) -> None:
    assert is_right(expected, body, announced) is right


def test_a_right_answer_is_short() -> None:
    with answered(http_answer(b"hello", set_cookie="a=secret", server="x", etag='"1-5"')) as answer:
        record = describe({"url": "http://a.example/", "expected": {"sha256": DIGEST, "size": 5}}, answer, read_body(answer))
    assert record["headers"] == {"content-type": "text/css", "etag": '"1-5"'}
    assert (record["start"], record["matches"], record["status"], record["length"]) == ("", True, 200, 5)
    assert record.keys() == blank({}).keys()


def test_a_wrong_answer_is_told_without_cookies() -> None:
    with answered(http_answer(b"gone", "404 Not Found", set_cookie="a=secret", x_cache="HIT")) as answer:
        record = describe({"expected": {"sha256": DIGEST, "size": 5}}, answer, read_body(answer))
    assert record["headers"] == {"content-type": "text/css", "content-length": "4", "x-cache": "HIT"}
    assert (record["start"], record["matches"], record["server"]) == ("gone", False, "app")


def test_a_redirect_is_told() -> None:
    with answered(http_answer(b"", "302 Found", location="/login")) as answer:
        record = describe({"expected": None}, answer, read_body(answer))
    assert (record["location"], record["matches"]) == ("/login", None)


def test_an_encoding_is_compared_with_the_plain_answer_where_nothing_is_known() -> None:
    for plain, right in ((DIGEST, True), ("0", False), ("", None)):
        with answered(http_answer(gzip.compress(b"hello"), content_encoding="gzip")) as answer:
            found = describe_encoded(answer, read_body(answer), None, plain)
        assert (found["matches"], found["encoding"]) == (right, "gzip")


def test_headers_are_bounded() -> None:
    many = {f"x-{number}": "v" * 99999 for number in range(99)}
    told = told_headers({"authorization": "secret", **many})
    assert "authorization" not in told
    assert len(told) == diagnosis_answer.MAX_HEADERS
    assert {len(value) for value in told.values()} == {diagnosis_answer.MAX_VALUE}


@pytest.mark.parametrize(
    ("content_type", "data", "start"),
    [("text/html", b"<p>" + b"\xff" * 500, "<p>" + "\N{REPLACEMENT CHARACTER}" * 197), ("image/png", b"PNG", ""), ("", b"a\0b", ""), ("", b"a", "a")],
)
def test_the_beginning_of_texts_only(content_type: str, data: bytes, start: str) -> None:
    assert text_start(content_type, data) == start


@pytest.mark.parametrize(
    ("status", "headers", "start", "direct", "who"),
    [
        (404, {"server": "openresty"}, b"<hr><center>openresty</center>", False, "nginx"),
        (404, {"server": "nginx", "etag": '"6b03-70"'}, b"<h1>Not Found</h1>", False, "nginx"),
        (200, {"server": "nginx", "last-modified": "x", "accept-ranges": "bytes"}, b"", False, "nginx"),
        (200, {"server": "nginx"}, b"", False, "unknown"),
        (200, {"server": "gunicorn"}, b"", False, "app"),
        (200, {"server": "nginx", "vary": "Accept-Language, Cookie"}, b"", False, "app"),
        (200, {"server": "Apache", "etag": '"1-2"', "accept-ranges": "bytes"}, b"", False, "unknown"),
        (502, {"server": "nginx"}, b"<center>nginx</center>", True, "nginx"),
        (200, {}, b"", True, "app"),
    ],
)
def test_who_answered(status: int, headers: dict[str, str], start: bytes, direct: bool, who: str) -> None:
    assert who_answered(status, headers, start, direct) == who


def ask(connect: t.Any, *paths: str, kind: str = "file") -> list[tuple[int, str]]:
    requests = [{"url": f"http://shop.example.com{path}", "connect": connect, "kind": kind} for path in paths]
    return [(answer["status"], answer["server"]) for answer in ask_urls(requests, 30)]


def test_a_real_nginx_answers_itself(tmp_path: Path) -> None:
    site = StaticSite(tmp_path)
    site.write("404.html", b"<h1>Not Found</h1>")
    site.serve(extra="error_page 404 /static/404.html;", pages="location = /moved { return 301 /elsewhere; } location = /none { return 403; }")
    with site.nginx:
        answers = ask({"address": "127.0.0.1", "port": site.nginx.port, "tls": False}, "/static/site.css", "/static/gone", "/moved", "/none", "/x")
    assert answers == [(200, "nginx"), (404, "nginx"), (301, "nginx"), (403, "nginx"), (404, "nginx")]


@pytest.mark.parametrize("debug", [False, True])
def test_a_real_django_answers_through_nginx(tmp_path: Path, debug: bool) -> None:
    paths = ("/static/app/a.css", "/static/gone.css", "/broken/", "/nothing")
    with DjangoServer(tmp_path / "django", debug) as django, proxied(tmp_path / "nginx", django.port) as nginx:
        through = ask({"address": "127.0.0.1", "port": nginx.port, "tls": False}, *paths)
        direct = ask(django.connect, *paths, kind="app")
    assert [status for status, _server in through] == [200, 404, 500, 404]
    # WhiteNoise's answers could be nginx's own but for one header: no word is better than a wrong one.
    assert [server for _status, server in through] == ["unknown", "app", "app", "app"]
    assert {server for _status, server in direct} == {"app"}


def test_nginx_without_its_application(tmp_path: Path) -> None:
    with proxied(tmp_path / "nginx", 1) as nginx:
        assert ask({"address": "127.0.0.1", "port": nginx.port, "tls": False}, "/a") == [(502, "nginx")]
