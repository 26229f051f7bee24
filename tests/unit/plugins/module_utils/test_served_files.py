# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing what comes with the file on disk, also when a hostile server sends it."""

from __future__ import annotations

import contextlib
import email.utils
import gzip
import pathlib
import socket
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_files import FileResult, Tree, check_file, check_missing, lifetime
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer

CONTENT = b"a { margin: 0 }\n"


@pytest.fixture(name="tree")
def tree_fixture(tmp_path: pathlib.Path) -> Tree:
    (tmp_path / "a.css").write_bytes(CONTENT)
    return Tree(str(tmp_path), parse_url("http://shop.example.com/static/"), frozenset())


@contextlib.contextmanager
def answering(*answers: bytes) -> t.Iterator[Client]:
    """Serve one answer after the other, the last one for ever."""
    left = list(answers)

    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(left.pop(0) if len(left) > 1 else left[0])

    route = None
    with RawServer(reply) as server:
        route = Route("127.0.0.1", server.port)
        with contextlib.closing(Client(route, Deadline(60), 1)) as client:
            yield client


def ask(tree: Tree, *answers: bytes) -> FileResult:
    with answering(*answers) as client:
        return check_file(client, tree, b"a.css")


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        pytest.param(http_answer(CONTENT), "", id="right"),
        pytest.param(http_answer(CONTENT, content_type="Text/CSS; charset=utf-8"), "", id="right, with a charset"),
        pytest.param(http_answer(CONTENT, transfer_encoding="chunked", content_length=""), "the body ended", id="not chunked though it says so"),
        pytest.param(http_answer(b"b { margin: 0 }\n"), "other bytes from byte 0 on", id="another file"),
        pytest.param(http_answer(CONTENT[:-1]), "only the first 15 of 16 bytes", id="one byte less"),
        pytest.param(http_answer(CONTENT + b"\n"), "more than its 16 bytes", id="one byte more"),
        pytest.param(http_answer(b""), "only the first 0 of 16 bytes", id="nothing"),
        pytest.param(http_answer(CONTENT, content_length="99"), "no complete answer in time", id="more announced than sent"),
        pytest.param(http_answer(CONTENT, content_encoding="br"), "Content-Encoding br, which was not asked for", id="an unwanted encoding"),
        pytest.param(http_answer(CONTENT, status="206 Partial Content"), "206 text/css", id="a part"),
        pytest.param(http_answer(CONTENT, status="301 Moved", location="https://evil.example/"), "301 to https://evil.example/", id="a redirect"),
        pytest.param(http_answer(CONTENT, status="302 Found", location="file:///etc/passwd"), "302 to file:///etc/passwd", id="a redirect to a file"),
        pytest.param(http_answer(b"<center>nginx/1.2</center>", status="403 No", server="nginx"), "403 text/css (answered by nginx)", id="refused"),
        pytest.param(http_answer(b"no", status="404 No", server="gunicorn"), "404 text/css (answered by gunicorn)", id="by the application"),
        pytest.param(http_answer(b"no", status="404 No"), "404 text/css (answered by a server that does not name itself)", id="by somebody"),
        pytest.param(http_answer(CONTENT, content_type=""), "no Content-Type", id="no type"),
        pytest.param(http_answer(CONTENT, cache_control="immutable"), "Cache-Control: immutable", id="immutable"),
        pytest.param(http_answer(CONTENT, server="nginx", etag='"1-10"'), "that of another file (1-10)", id="the ETag of another file"),
    ],
)
def test_an_answer(tree: Tree, answer: bytes, got: str) -> None:
    failures = ask(tree, answer).failures
    assert bool(failures) is bool(got)
    if got:
        assert failures[0].got.startswith(got)
        assert failures[0].url == "http://shop.example.com/static/a.css"


def test_a_compressed_answer(tree: Tree) -> None:
    good = http_answer(gzip.compress(CONTENT), content_encoding="gzip")
    result = ask(tree, http_answer(CONTENT), good)
    assert (result.failures, result.encoded, result.by_nginx) == ([], True, False)
    for body, got in (
        (gzip.compress(b"old"), "other bytes from byte 0 on"),
        (gzip.compress(CONTENT)[:-5], "a body that cannot be decoded: its gzip ends"),
    ):
        result = ask(tree, http_answer(CONTENT), http_answer(body, content_encoding="gzip"))
        assert result.failures[0].got.startswith(got)
        assert result.failures[0].expected.endswith("(asked for with Accept-Encoding: gzip)")


def test_an_endless_bomb_is_left_at_once(tree: Tree) -> None:
    bomb = gzip.compress(bytes(100 << 20))
    result = ask(tree, http_answer(CONTENT), http_answer(bomb, content_encoding="gzip", content_length=str(len(bomb) * 1000)))
    assert result.failures[0].got == "other bytes from byte 0 on"


def test_silence_is_told_apart(tree: Tree) -> None:
    assert ask(tree, b"").silent
    assert not ask(tree, http_answer(b"")).silent


def test_a_file_that_vanishes_meanwhile(tree: Tree) -> None:
    with answering(http_answer(CONTENT)) as client:
        failures = check_file(client, tree, b"gone.css").failures
    assert (failures[0].expected, failures[0].got) == ("a file that can be read on this host", "No such file or directory")


NOW = 1_000_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"cache_control": "max-age=60"}, 60),
        ({"cache_control": 'public, MAX-AGE="60"'}, 60),
        ({"cache_control": "max-age=0, s-maxage=31536000"}, 31536000),
        ({"cache_control": "no-store, max-age=60"}, 0),
        ({"cache_control": "max-age=nonsense"}, 0),
        ({"expires": email.utils.formatdate(NOW + 500, usegmt=True)}, 500),
        ({"expires": email.utils.formatdate(NOW + 500, usegmt=True), "cache_control": "max-age=5"}, 5),
        ({"expires": "0"}, 0),
        ({"expires": "Mon, 99 Foo 99999999999999999999 00:00:00 GMT"}, 0),
    ],
)
def test_lifetime(headers: dict[str, str], seconds: float) -> None:
    with answering(http_answer(b"", **headers)) as client:
        assert lifetime(client.get(parse_url("http://a/").origin, "/"), NOW) == seconds


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
