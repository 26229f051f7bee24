# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is asked about a file, and what the answers prove; also when a hostile server gives them."""

from __future__ import annotations

import contextlib
import gzip
import os
import pathlib
import socket
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_codec
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_files import (
    PLAIN_ENOUGH,
    Expectations,
    FileResult,
    Questions,
    Tree,
    check_file,
)
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer

CONTENT = b"a { margin: 0 }\n"
PLAIN = Expectations(encodings=("gzip",), ranges=False)
"""What is asked where a test is about the content."""


@pytest.fixture(name="tree")
def tree_fixture(tmp_path: pathlib.Path) -> Tree:
    (tmp_path / "a.css").write_bytes(CONTENT)
    return Tree(str(tmp_path), parse_url("http://shop.example.com/static/"), frozenset())


@contextlib.contextmanager
def answering(*answers: bytes) -> t.Iterator[tuple[Client, RawServer]]:
    """Serve one answer after the other, the last one for ever."""
    left = list(answers)

    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(left.pop(0) if len(left) > 1 else left[0])

    with RawServer(reply) as server:
        with contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(60), 1)) as client:
            yield client, server


def ask(tree: Tree, *answers: bytes, expect: Expectations = PLAIN, name: bytes = b"a.css") -> FileResult:
    with answering(*answers) as (client, _server):
        return check_file(client, Questions(tree, expect), name)


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        pytest.param(http_answer(CONTENT), "", id="right"),
        pytest.param(http_answer(CONTENT, content_type="Text/CSS; charset=utf-8"), "", id="right, with a charset"),
        pytest.param(
            http_answer(CONTENT, transfer_encoding="chunked", content_length=""), "no complete answer in time", id="not chunked though it says so"
        ),
        pytest.param(http_answer(CONTENT + b"x", content_length="16"), "more bytes than its headers announce", id="less announced than sent"),
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
        pytest.param(http_answer(CONTENT, cache_control="max-age=2592000"), "", id="kept for 30 days"),
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
    good = http_answer(gzip.compress(CONTENT), content_encoding="gzip", vary="Accept-Encoding")
    result = ask(tree, http_answer(CONTENT), good)
    assert (result.failures, result.encoded, result.by_nginx) == ((), True, False)
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


def test_brotli(tree: Tree) -> None:
    expect = Expectations(encodings=("gzip", "br"), ranges=False)
    zipped = http_answer(gzip.compress(CONTENT), content_encoding="gzip", vary="Accept-Encoding")
    good = http_answer(brotli_codec.compress(CONTENT), content_encoding="br", vary="Accept-Encoding")
    assert ask(tree, http_answer(CONTENT), zipped, good, expect=expect).encodings == ("gzip", "br")
    # A server that has no brotli sends the file as it is, and that is no fault.
    assert ask(tree, http_answer(CONTENT), zipped, http_answer(CONTENT), expect=expect) == FileResult(encodings=("gzip",))
    stale = http_answer(brotli_codec.compress(b"old"), content_encoding="br", vary="Accept-Encoding")
    failures = ask(tree, http_answer(CONTENT), zipped, stale, expect=expect).failures
    assert [(failure.expected, failure.got) for failure in failures] == [
        ("the bytes of the collected file (asked for with Accept-Encoding: br)", "other bytes from byte 0 on")
    ]
    failures = ask(tree, http_answer(CONTENT), zipped, zipped, expect=expect).failures
    assert failures[0].got == "Content-Encoding gzip, which was not asked for"


def test_an_encoded_answer_says_that_it_varies(tree: Tree) -> None:
    for headers, got in (
        ({"cache_control": "max-age=60"}, "no Vary"),
        ({"cache_control": "public", "vary": "Cookie"}, "Vary: Cookie"),
        ({"cache_control": "private, max-age=60"}, ""),
        ({}, ""),
    ):
        result = ask(tree, http_answer(CONTENT), http_answer(gzip.compress(CONTENT), content_encoding="gzip", **headers))
        assert [failure.got for failure in result.failures] == ([got] if got else [])


@pytest.mark.parametrize(
    ("lines", "got"),
    [
        ("X-Frame-Options: DENY\r\nStrict-Transport-Security: max-age=9\r\n", []),
        ("X-Frame-Options: DENY\r\n", ["no strict-transport-security"]),
        ("X-Frame-Options: SAMEORIGIN\r\nStrict-Transport-Security: max-age=9\r\n", ["x-frame-options: SAMEORIGIN"]),
        (
            "X-Frame-Options: DENY\r\nx-frame-options: DENY\r\nStrict-Transport-Security: max-age=9\r\n",
            ["x-frame-options: DENY, and again x-frame-options: DENY"],
        ),
    ],
)
def test_headers_as_on_the_pages(tree: Tree, lines: str, got: list[str]) -> None:
    expect = Expectations(encodings=(), ranges=False, headers={"x-frame-options": "DENY", "strict-transport-security": "max-age=9"})
    answer = http_answer(CONTENT).replace(b"\r\n\r\n", b"\r\n" + lines.encode() + b"\r\n", 1)
    assert [failure.got for failure in ask(tree, answer, expect=expect).failures] == got


def etag_of(tree: Tree, name: bytes = b"a.css") -> str:
    status = os.stat(tree.file(name))
    return f'"{int(status.st_mtime):x}-{status.st_size:x}"'


NGINX = {"server": "nginx/1.22", "accept_ranges": "bytes"}
PART = {"status": "206 Partial Content", "content_range": "bytes 0-1/16"}


@pytest.mark.parametrize(
    ("first", "second", "got"),
    [
        pytest.param(NGINX, http_answer(b"a ", **PART), "", id="right"),
        pytest.param({}, http_answer(CONTENT), "", id="an application that ignores ranges"),
        pytest.param({}, http_answer(b"b" + CONTENT[1:]), "other bytes from byte 0 on", id="one that sends something else"),
        pytest.param({}, http_answer(b"", status="416 No"), "416 text/css", id="one that refuses"),
        pytest.param({"accept_ranges": "bytes"}, http_answer(CONTENT), "200 text/css", id="promised and ignored"),
        pytest.param({"server": "nginx"}, http_answer(CONTENT), "200 text/css", id="nginx that ignores ranges"),
        pytest.param(NGINX, http_answer(b"b ", **PART), "other bytes", id="other bytes"),
        pytest.param(NGINX, http_answer(b"", **PART), "nothing", id="nothing"),
        pytest.param(NGINX, http_answer(b"a" * 99, **PART), "more than two bytes", id="more than asked for"),
        pytest.param(NGINX, http_answer(b"a ", status="206 Part"), "206 without Content-Range", id="no Content-Range"),
        pytest.param(
            NGINX, http_answer(b"a", status="206 Part", content_range="bytes 0-1/9"), "206 with Content-Range: bytes 0-1/9", id="of another file"
        ),
    ],
)
def test_a_range(tree: Tree, first: dict[str, str], second: bytes, got: str) -> None:
    headers = {**first, "etag": etag_of(tree)} if "server" in first else first
    answers = [http_answer(CONTENT, **headers), second, http_answer(b"", status="304 Not Modified")]
    result = ask(tree, *answers, expect=Expectations(encodings=()))
    assert [failure.got.partition(" (")[0] for failure in result.failures] == ([got] if got else [])
    assert all(failure.expected.endswith("(asked for with Range: bytes=0-1)") for failure in result.failures)
    assert result.range is (not got and b"206" in second)


def test_an_empty_file_has_no_range(tree: Tree, tmp_path: pathlib.Path) -> None:
    (tmp_path / "empty.css").write_bytes(b"")
    with answering(http_answer(b"")) as (client, server):
        assert check_file(client, Questions(tree, Expectations(encodings=())), b"empty.css") == FileResult()
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "sent", "second", "got"),
    [
        pytest.param({"etag": '"x"', "last_modified": "yesterday"}, b'If-None-Match: "x"', http_answer(b"", status="304 N"), "", id="by ETag"),
        pytest.param({"etag": 'W/"\xfc"'}, b'If-None-Match: W/"\xfc"', http_answer(b"", status="304 N"), "", id="by a weak ETag beyond ASCII"),
        pytest.param({"last_modified": "yesterday"}, b"If-Modified-Since: yesterday", http_answer(b"", status="304 N"), "", id="by date"),
        pytest.param({"etag": '"x"'}, b'If-None-Match: "x"', http_answer(CONTENT), "200 text/css", id="not answered"),
        pytest.param({"etag": '"x"'}, b'If-None-Match: "x"', http_answer(b"", status="412 N"), "412 text/css", id="answered wrongly"),
        pytest.param(
            {"etag": '"x"'}, b'If-None-Match: "x"', http_answer(CONTENT, status="304 N"), "more bytes than its headers announce", id="with a body"
        ),
        pytest.param({}, None, b"", "", id="nothing to ask with"),
        pytest.param({"etag": "x" * 2000}, None, b"", "", id="an ETag that is too long to be sent"),
    ],
)
def test_a_conditional_request(tree: Tree, headers: dict[str, str], sent: bytes | None, second: bytes, got: str) -> None:
    with answering(http_answer(CONTENT, **headers), second) as (client, server):
        result = check_file(client, Questions(tree, Expectations(encodings=(), ranges=False)), b"a.css")
        assert len(server.heads) == (2 if sent else 1)
        assert sent is None or server.heads[1].endswith(b"\r\n" + sent)
    assert [failure.got.partition(" (")[0] for failure in result.failures] == ([got] if got else [])
    assert result.conditional is bool(sent and (not got or got.startswith("more")) and not result.failures)


def test_what_nginx_proves(tree: Tree) -> None:
    good = http_answer(CONTENT, **NGINX, etag=etag_of(tree))
    assert ask(tree, good, http_answer(b"", status="304 N"), expect=Expectations((), ranges=False)) == FileResult(by_nginx=True, conditional=True)
    # The same tag from a server that does not say it is nginx proves nothing.
    assert not ask(tree, http_answer(CONTENT, etag=etag_of(tree)), http_answer(b"", status="304 N"), expect=Expectations((), ranges=False)).by_nginx


def test_good_files_share_their_results(tree: Tree) -> None:
    assert ask(tree, http_answer(CONTENT)) is ask(tree, http_answer(CONTENT))


def test_silence_is_told_apart(tree: Tree) -> None:
    assert ask(tree, b"").silent
    assert not ask(tree, http_answer(b"")).silent


@pytest.mark.parametrize(
    ("kind", "answer", "expected", "got"),
    [
        ("gone", http_answer(CONTENT), "a file that can be read on this host", "a file that has vanished from the disk since the folder was listed"),
        (
            "gone",
            http_answer(b"", status="404 No", server="nginx"),
            "200 text/css",
            "404 text/css (answered by the application behind nginx, or a page of its own);"
            " it is a file that has vanished from the disk since the folder was listed",
        ),
        ("dangling", http_answer(b"<center>nginx", status="404 No"), "200 text/css", "404 text/css (answered by nginx)"),
        (
            "loop",
            http_answer(b"<center>nginx", status="500 No"),
            "200 text/css",
            "500 text/css (answered by nginx); it is a link on disk that leads in a circle",
        ),
        ("pipe", http_answer(CONTENT), "a file that can be read on this host", "it is no regular file"),
        ("gone", b"", "the file", "no complete answer in time"),
    ],
)
def test_a_file_that_cannot_be_read(tree: Tree, tmp_path: pathlib.Path, kind: str, answer: bytes, expected: str, got: str) -> None:
    path = tmp_path / "x.css"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind != "gone":
        path.symlink_to("x.css" if kind == "loop" else "nowhere")
    result = ask(tree, answer, name=b"x.css")
    assert [(failure.expected, failure.got) for failure in result.failures] == [(expected, got)]
    assert result.silent is (answer == b"")


@pytest.mark.parametrize("size", [100, 1_000_000])
@pytest.mark.parametrize("change", ["rewritten", "replaced", "removed", "shortened"])
def test_a_file_that_changes_while_it_is_asked_for(tree: Tree, tmp_path: pathlib.Path, size: int, change: str) -> None:
    """A release that is switched or pruned in the middle is no file with wrong bytes."""
    path = tmp_path / "b.css"
    path.write_bytes(b"a" * size)

    def reply(sock: socket.socket, _target: str) -> None:
        if change == "rewritten":
            path.write_bytes(b"b" * size)
        elif change == "replaced":
            (tmp_path / "new").write_bytes(b"b" * size)
            os.replace(tmp_path / "new", path)
        elif change == "shortened":
            os.truncate(path, 10)
        else:
            path.unlink(missing_ok=True)
        sock.sendall(http_answer(b"c" * size))

    with RawServer(reply) as server, contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(60), 5)) as client:
        failures = check_file(client, Questions(tree, PLAIN), b"b.css").failures
    assert [failure.got for failure in failures] == ["one that changed on disk while it was read"]


def test_a_file_that_is_removed_between_two_questions(tree: Tree, tmp_path: pathlib.Path) -> None:
    answers = [http_answer(CONTENT), http_answer(b"<center>nginx", status="404 Not Found")]

    def reply(sock: socket.socket, _target: str) -> None:
        if len(answers) == 1:
            (tmp_path / "a.css").unlink()
        sock.sendall(answers.pop(0))

    with RawServer(reply) as server, contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(60), 5)) as client:
        failures = check_file(client, Questions(tree, PLAIN), b"a.css").failures
    assert [failure.got for failure in failures] == ["one that changed on disk while it was read"]


def test_an_encoding_that_a_server_does_not_know_is_not_asked_for_again_and_again(tmp_path: pathlib.Path) -> None:
    """But a larger file, one with a sibling, and one of another extension are asked for in it."""
    (tmp_path / "sibling.css.br").touch()
    questions = Questions(Tree(str(tmp_path), parse_url("http://shop.example.com/static/"), frozenset()), Expectations(encodings=("gzip", "br")))
    for size in range(PLAIN_ENOUGH):
        assert questions.encodings_for(b"a.css", 100) == ["gzip", "br"]
        questions.note_plain(b"a.css", "br", size)
        questions.note_encoded(b"a.css", "gzip")
    assert questions.encodings_for(b"a.css", PLAIN_ENOUGH - 1) == ["gzip"]
    assert questions.encodings_for(b"a.css", PLAIN_ENOUGH) == ["gzip", "br"]
    assert questions.encodings_for(b"sibling.css", 1) == ["gzip", "br"]
    assert questions.encodings_for(b"a.js", 1) == ["gzip", "br"]
    assert questions.encodings_for(b"a.png", 10000) == []
    questions.note_encoded(b"b.css", "br")
    assert questions.encodings_for(b"a.css", 1) == ["gzip", "br"]
