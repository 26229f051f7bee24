# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader of answers: agrees with http.client on what is well-formed, refuses the rest, and reads no byte too many."""

from __future__ import annotations

import http.client
import io
import socket
import time
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_answer import MAX_HEAD, MAX_HEADERS, MAX_LINE, Answer, read_answer
from ansible_collections.webops.django.plugins.module_utils.http_reader import CHUNK, ClosedError, Reader, TransportError
from hypothesis import given
from hypothesis import strategies as st


class Bytes:
    """A connection on which these bytes come, in pieces of a size, and then the end."""

    def __init__(self, data: bytes, piece: int = CHUNK) -> None:
        self.file = io.BytesIO(data)
        self.piece = piece

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def recv(self, most: int) -> bytes:
        return self.file.read(min(most, self.piece))

    def makefile(self, mode: str) -> io.BytesIO:
        assert mode == "rb"
        return self.file

    def close(self) -> None:
        self.file.close()


def reader_of(data: bytes, piece: int = CHUNK) -> Reader:
    return Reader(t.cast("socket.socket", Bytes(data, piece)), time.monotonic() + 600)


def whole(data: bytes, method: str = "GET", piece: int = CHUNK) -> tuple[Answer, bytes]:
    answer = read_answer(reader_of(data, piece), method)
    return answer, b"".join(answer.chunks())


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("piece", [1, 2, 7, CHUNK])
@pytest.mark.parametrize(
    ("data", "method", "status", "body", "lasting"),
    [
        pytest.param(OK + b"Content-Length: 5\r\n\r\nhello", "GET", 200, b"hello", True, id="a length"),
        pytest.param(OK + b"Content-Length:5\t \r\n\r\nhello", "GET", 200, b"hello", True, id="spaces"),
        pytest.param(OK + b"Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello", "GET", 200, b"hello", True, id="a length twice"),
        pytest.param(OK + b"Content-Length: 5, 5\r\n\r\nhello", "GET", 200, b"hello", True, id="a length twice in one line"),
        pytest.param(OK + b"\r\nhello", "GET", 200, b"hello", False, id="to the end"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "GET", 200, b"x", False, id="1.0"),
        pytest.param(b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", "GET", 200, b"x", True, id="1.0 that lasts"),
        pytest.param(OK + b"Connection: a, Close\r\nContent-Length: 1\r\n\r\nx", "GET", 200, b"x", False, id="closes"),
        pytest.param(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "GET", 200, b"", True, id="no reason"),
        pytest.param(b"HTTP/1.1 404 Gef\xfchl weg\r\nContent-Length: 0\r\n\r\n", "GET", 404, b"", True, id="a reason beyond ASCII"),
        pytest.param(b"HTTP/1.1 204 No\r\n\r\n", "GET", 204, b"", True, id="204"),
        pytest.param(b"HTTP/1.1 304 Not\r\nContent-Length: 9\r\n\r\n", "GET", 304, b"", True, id="304 that tells the file's length"),
        pytest.param(b"HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n", "GET", 304, b"", True, id="304 that tells of chunks"),
        pytest.param(OK + b"Content-Length: 9\r\n\r\n", "HEAD", 200, b"", True, id="HEAD"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", "GET", 200, b"hello", True, id="chunks"),
        pytest.param(CHUNKED + b"2;a=b\r\nhe\r\n003 \r\nllo\r\n0\r\nX: y\r\nZ:\r\n\r\n", "GET", 200, b"hello", True, id="chunks with all there is"),
        pytest.param(
            b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Go\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx", "GET", 200, b"x", True, id="1xx"
        ),
    ],
)
def test_an_answer(data: bytes, method: str, status: int, body: bytes, lasting: bool, piece: int) -> None:
    answer, came = whole(data, method, piece)
    assert (answer.status, came, answer.finished, answer.reusable, answer.followed) == (status, body, True, lasting, False)


NO = "the answer is not HTTP: "


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "the connection was closed without an answer", id="nothing"),
        pytest.param(b"HTT", "the answer ended within its headers", id="a beginning"),
        pytest.param(OK + b"Content-Length: 5\r\n", "the answer ended within its headers", id="half the headers"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", NO + "it does not begin with HTTP/1", id="another protocol"),
        pytest.param(b"<html>0.9</html>", NO + "it does not begin with HTTP/1", id="HTTP/0.9"),
        pytest.param(b"HTTP/2.0 200 OK\r\n\r\n", NO + "it does not begin with HTTP/1", id="HTTP/2 in words"),
        pytest.param(b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80", NO + "it does not begin with HTTP/1", id="HTTP/2's settings"),
        pytest.param(b"\x15\3\1\0\2\2\x28", NO + "it does not begin with HTTP/1", id="a TLS alert"),
        pytest.param(b"\r\nHTTP/1.1 200 OK\r\n\r\n", NO + "it does not begin with HTTP/1", id="an empty line before"),
        pytest.param(b"HTTP/1.1 OK\r\n\r\n", NO + "its status line is none", id="no status"),
        pytest.param(b"HTTP/1.1 020 OK\r\n\r\n", NO + "its status line is none", id="a status below 100"),
        pytest.param(b"HTTP/1.2 200 OK\r\n\r\n", NO + "its status line is none", id="another version"),
        pytest.param(OK.replace(b"OK", b"O\0K") + b"\r\n", NO + "its status line is none", id="a control character"),
        pytest.param(OK + b"X: a\r\n b\r\n\r\n", NO + "a header line is none", id="a folded line"),
        pytest.param(OK + b"X : a\r\n\r\n", NO + "a header line is none", id="a space before the colon"),
        pytest.param(OK + b"no colon\r\n\r\n", NO + "a header line is none", id="no colon"),
        pytest.param(OK + b": a\r\n\r\n", NO + "a header line is none", id="no name"),
        pytest.param(OK + b'ETag: "a\x1b[2J"\r\n\r\n', NO + "a header line is none", id="an escape sequence"),
        pytest.param(OK + b"ETag: a\rSet-Cookie: b\r\n\r\n", NO + "a header line is none", id="a split by CR"),
        pytest.param(OK + b"ETag: a\nSet-Cookie: b\r\n\r\n", NO + "a header line is none", id="a split by LF"),
        pytest.param(OK + b"X: " + b"x" * MAX_LINE + b"\r\n\r\n", NO + "a header of more than 16 KiB", id="a long header"),
        pytest.param(OK + b"X: y\r\n" * (MAX_HEADERS + 1) + b"\r\n", NO + f"more than {MAX_HEADERS} headers", id="many headers"),
        pytest.param(OK + b"X: y\r\n" * (MAX_HEAD // 3), NO + "more than 64 KiB of headers", id="endless headers"),
        pytest.param(b"HTTP/1.1 100 Go\r\n\r\n" * 11, NO + "more than 10 answers of the kind 1xx", id="a flood of 1xx"),
        pytest.param(b"HTTP/1.1 101 Yes\r\n\r\n", NO + "it changes to another protocol, which was not asked for", id="101"),
        pytest.param(OK + b"Content-Length: -1\r\n\r\n", NO + "its Content-Length is no number of bytes", id="a negative length"),
        pytest.param(OK + b"Content-Length: \xb2\r\n\r\n", NO + "its Content-Length is no number of bytes", id="another digit"),
        pytest.param(OK + b"Content-Length:\r\n\r\n", NO + "its Content-Length is no number of bytes", id="an empty length"),
        pytest.param(OK + b"Content-Length: " + b"9" * 19 + b"\r\n\r\n", NO + "its Content-Length is no number of bytes", id="exabytes"),
        pytest.param(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", NO + "it has several Content-Lengths that differ", id="two lengths"),
        pytest.param(
            OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            NO + "it has both a Content-Length and a Transfer-Encoding",
            id="a length and chunks",
        ),
        pytest.param(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", NO + "it has a Transfer-Encoding that was not asked for", id="another coding"),
        pytest.param(CHUNKED.replace(b"1.1", b"1.0"), NO + "it has a Transfer-Encoding that was not asked for", id="chunks in HTTP/1.0"),
        pytest.param(OK + b"Content-Length: 9\r\n\r\nhello", "the body ended after 5 of 9 bytes", id="a short body"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n", "the body ended before its last chunk", id="no last chunk"),
        pytest.param(CHUNKED + b"ffff\r\nhello", "the body ended 65530 bytes before the end of a chunk", id="a short chunk"),
        pytest.param(CHUNKED + b"no number\r\n", NO + "a chunk has no length", id="no chunk length"),
        pytest.param(CHUNKED + b"-5\r\nhello", NO + "a chunk has no length", id="a negative chunk length"),
        pytest.param(CHUNKED + b"0x5\r\nhello", NO + "a chunk has no length", id="a prefix"),
        pytest.param(CHUNKED + b"1" * 17 + b"\r\n", NO + "a chunk has no length", id="a chunk of more than 16 exabytes"),
        pytest.param(CHUNKED + b"5;" + b"x" * 2000 + b"\r\n", NO + "a chunk has no length", id="an endless extension"),
        pytest.param(CHUNKED + b"5\nhello\r\n0\r\n\r\n", NO + "a chunk has no length", id="a chunk line ended by LF"),
        pytest.param(CHUNKED + b"4\r\nhello\r\n", NO + "a chunk is not as long as it says", id="a long chunk"),
        pytest.param(CHUNKED + b"0\r\nno header\r\n\r\n", NO + "what follows its last chunk is no header", id="a bad trailer"),
        pytest.param(CHUNKED + b"0\r\n" + b"X: y\r\n" * (MAX_HEADERS + 1), "headers follow its last chunk", id="endless trailers"),
    ],
)
def test_what_is_refused(data: bytes, reason: str) -> None:
    for piece in (1, 100, CHUNK):
        with pytest.raises(TransportError) as caught:
            whole(data, piece=piece)
        assert str(caught.value).endswith(reason)
        assert isinstance(caught.value, ClosedError) is (not data)


def test_rubbish_is_refused_before_its_end() -> None:
    """A server of another protocol waits for us; so nobody must wait for its empty line."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = Reader(ours, time.monotonic() + 600)
        theirs.sendall(b"220 mail.example.com ESMTP\r\n")
        with pytest.raises(TransportError, match="does not begin with HTTP/1"):
            read_answer(reader)


def test_a_body_is_given_in_pieces_of_bounded_size() -> None:
    answer = read_answer(reader_of(OK + b"Content-Length: 1000000\r\n\r\n" + bytes(1000000)))
    assert max(map(len, answer.chunks())) <= CHUNK


def test_who_stops_within_a_body_may_go_on() -> None:
    """A wrong file's first bytes were told of, and the rest was counted from the start again: it took the next answer with it."""
    for data in (OK + b"Content-Length: 6\r\n\r\nabcdef", CHUNKED + b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"):
        reader = reader_of(data + OK + b"Content-Length: 1\r\n\r\nx", piece=2)
        answer = read_answer(reader)
        first = next(answer.chunks())
        assert (first + b"".join(answer.chunks()), answer.reusable) == (b"abcdef", True)
        assert b"".join(read_answer(reader).chunks()) == b"x"


def test_the_last_piece_ends_a_body_of_known_length() -> None:
    answer = read_answer(reader_of(OK + b"Content-Length: 3\r\n\r\nabcHTTP"))
    assert next(answer.chunks()) == b"abc"
    assert (answer.finished, answer.followed) == (True, True)


def test_letting_go() -> None:
    reader = reader_of(OK + b"Content-Length: 3\r\n\r\nabc")
    answer = read_answer(reader)
    answer.close()
    assert t.cast("Bytes", reader.sock).file.closed


@pytest.mark.parametrize(
    "rest", [b"Content-Length: 3\r\n\r\nabc", b"\r\nabc", b"Content-Length: 0\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
)
def test_a_connection_that_the_server_ends_is_ended_by_us_as_soon_as_the_answer_is_read(rest: bytes) -> None:
    """Gunicorn's sync worker waits for that, and serves nobody else meanwhile: a page's files took 40 s."""
    reader = reader_of(OK + b"Connection: close\r\n" + rest)
    b"".join(read_answer(reader).chunks())
    assert t.cast("Bytes", reader.sock).file.closed


def test_headers() -> None:
    answer, _body = whole(OK + b"Cache-Control: a\r\ncache-control: b\r\nContent-Type: Text/CSS ; x=y\r\nContent-Length: 0\r\n\r\n")
    assert (answer.header("Cache-Control"), answer.header_values("cache-CONTROL")) == ("a, b", ["a", "b"])
    assert (answer.content_type, answer.header("ETag"), answer.header_values("etag")) == ("text/css", "", [])


def test_a_moment_that_has_passed() -> None:
    with pytest.raises(TransportError, match="no complete answer in time"):
        read_answer(Reader(t.cast("socket.socket", Bytes(OK)), time.monotonic() - 1))


# What is generated: status, headers and a body, framed in one of the ways there are.
NAMES = st.text("abcXYZ-09!#$%&'*+.^_`|~", min_size=1, max_size=12).map(lambda name: f"X-{name}")
VALUES = st.text([chr(code) for code in (*range(0x21, 0x7F), *range(0xA1, 0x100))], max_size=30)
FRAMES = st.sampled_from(["length", "chunks", "end"])


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bool]:
    """A well-formed answer, and whether it tells where it ends."""
    frame, body = draw(FRAMES), draw(st.binary(max_size=2000))
    status = draw(st.sampled_from([200, 206, 301, 404, 500, 599]))
    lines = [f"HTTP/1.{draw(st.integers(1 if frame == 'chunks' else 0, 1))} {status} {draw(VALUES)}"]
    lines += [f"{name}:{draw(st.sampled_from(['', ' ', '  ']))}{value}" for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=8))]
    if frame == "chunks":
        lines.append("Transfer-Encoding: chunked")
        sizes = draw(st.lists(st.integers(1, 500), max_size=5))
        parts = [body[sum(sizes[:number]) : sum(sizes[: number + 1])] for number in range(len(sizes))] + [body[sum(sizes) :]]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
    elif frame == "length":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body, frame != "end"


@given(answers(), st.binary(max_size=50), st.integers(1, 300))
def test_agrees_with_http_client_and_leaves_what_follows(generated: tuple[bytes, bool], following: bytes, piece: int) -> None:
    data, ends = generated
    theirs = http.client.HTTPResponse(t.cast("socket.socket", Bytes(data)), method="GET")
    theirs.begin()
    reader = reader_of(data + (following if ends else b""), piece)
    ours = read_answer(reader)
    assert (ours.status, b"".join(ours.chunks())) == (theirs.status, theirs.read())
    for name in theirs.headers:
        assert ours.header_values(name) == [value.strip(" \t") for value in theirs.headers.get_all(name, [])]
    assert ours.finished
    assert t.cast("Bytes", reader.sock).file.closed is not ours.lasting
    if ends and ours.lasting:
        left = b"".join(iter(lambda: reader.some(CHUNK), b""))
        assert left == following


PIECES = st.sampled_from(
    [OK, CHUNKED, b"\r\n", b"\r\n\r\n", b"HTTP/1.1 ", b"100 Go", b"Content-Length: ", b"Transfer-Encoding: chunked"]
    + [b"5", b"-1", b"0\r\n\r\n", b"\0", b":"]
)


@given(st.lists(PIECES | st.binary(max_size=40), max_size=20), st.sampled_from(["GET", "HEAD"]), st.integers(1, 200))
def test_any_bytes_are_an_answer_or_are_refused(parts: list[bytes], method: str, piece: int) -> None:
    reader = reader_of(b"".join(parts), piece)
    try:
        answer = read_answer(reader, method)
        body = b"".join(answer.chunks())
    except TransportError as error:
        assert str(error)
    else:
        assert answer.finished
        assert answer.length in (None, len(body))
