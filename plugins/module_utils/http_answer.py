# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading HTTP/1.x answers off a connection: strictly, in bounded memory, and not one byte further than an answer goes.

What RFC 9112 forbids is refused instead of being guessed at, for a guess is where two readers of one connection disagree.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.http_reader import CHUNK, ClosedError, Reader, TransportError

MAX_HEAD = 65536
"""Bytes of a status line and its headers, or of a trailer section."""
MAX_LINE = 16384
"""Bytes of one header line."""
MAX_HEADERS = 200
MAX_INTERIM = 10
"""Answers of the kind 1xx before the answer itself."""
MAX_CHUNK_LINE = 1024
"""Bytes of the line that tells a chunk's length, its extensions included."""

_FIELD = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*"
_STATUS_LINE = rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?"
_HEAD = re.compile(_STATUS_LINE + rb"(?:\r\n" + _FIELD + rb")*")
_FIELD_LINE = re.compile(_FIELD)
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_HEX = b"0123456789abcdefABCDEF"
_START = b"HTTP/1."


def _not_http(detail: str) -> TransportError:
    return TransportError(f"the answer is not HTTP: {detail}")


class Answer:
    """Status and headers of an answer, and its body, chunk by chunk.

    :param headers: the values of each name, which is in lower case.
    """

    __slots__ = ("_body", "_reader", "chunked", "finished", "headers", "lasting", "length", "status")

    def __init__(self, reader: Reader, status: int, headers: dict[str, list[str]]) -> None:
        self._reader = reader
        self._body: t.Iterator[bytes] | None = None
        self.status = status
        self.headers = headers
        self.chunked = False
        """Whether the body comes in chunks (RFC 9112 7.1)."""
        self.length: int | None = None
        """Bytes of the body, where that is told."""
        self.lasting = False
        """Whether the server keeps the connection open behind it."""
        self.finished = False
        """Whether the whole body was read."""

    def header(self, name: str) -> str:
        """Return a header's value, several ones joined as RFC 9110 5.3 says, or an empty string."""
        values = self.headers.get(name.lower())
        if values is None:
            return ""
        return values[0] if len(values) == 1 else ", ".join(values)

    def header_values(self, name: str) -> list[str]:
        """Return the values of all header lines of a name, in the order in which they came."""
        return list(self.headers.get(name.lower(), ()))

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def reusable(self) -> bool:
        """Whether the connection serves for another request."""
        return self.finished and self.lasting

    @property
    def followed(self) -> bool:
        """Whether bytes have come already behind its end."""
        return self.finished and self._reader.waiting

    def chunks(self) -> t.Iterator[bytes]:
        """Yield the body as it was sent; whoever stops early costs the connection, or goes on by calling this again.

        :raises TransportError: the body does not arrive whole.
        """
        if self._body is None:
            if self.chunked:
                self._body = self._of_chunks()
            else:
                self._body = self._to_the_end() if self.length is None else self._of_length(self.length)
        return self._body

    def end(self) -> None:
        """Note that the whole answer was read.

        A server that ends the connection with it may wait until the client has ended it as well (RFC 9112 9.6), and Gunicorn's sync worker
        serves nobody else meanwhile.
        """
        self.finished = True
        if not self.lasting:
            self._reader.close()

    def close(self) -> None:
        """Let go of the connection, where the body was not read."""
        if not self.finished:
            self._reader.close()

    def _of_length(self, length: int) -> t.Iterator[bytes]:
        left = length
        while left:
            piece = self._reader.some(min(left, CHUNK))
            if not piece:
                raise TransportError(f"the body ended after {length - left} of {length} bytes")
            left -= len(piece)
            # Before the last piece goes out: whoever has all of it need not come back to learn that there is no more.
            if not left:
                self.end()
            yield piece

    def _to_the_end(self) -> t.Iterator[bytes]:
        while True:
            piece = self._reader.some(CHUNK)
            if not piece:
                break
            yield piece
        self.end()

    def _of_chunks(self) -> t.Iterator[bytes]:
        while True:
            left = self._chunk_length()
            if not left:
                break
            while left:
                piece = self._reader.some(min(left, CHUNK))
                if not piece:
                    raise TransportError(f"the body ended {left} bytes before the end of a chunk")
                left -= len(piece)
                yield piece
            if self._reader.until_mark(b"\r\n", 0) is None:
                raise _not_http("a chunk is not as long as it says")
        self._skip_trailers()
        self.end()

    def _chunk_length(self) -> int:
        line = self._reader.until_mark(b"\r\n", MAX_CHUNK_LINE) if self._reader.begins_with_one_of(_HEX) else None
        match = _CHUNK_LINE.fullmatch(line or b"")
        if match:
            return int(match.group(1), 16)
        if line is None and not self._reader.waiting:
            raise TransportError("the body ended before its last chunk")
        raise _not_http("a chunk has no length")

    def _skip_trailers(self) -> None:
        left = MAX_HEAD
        for _number in range(MAX_HEADERS):
            line = self._reader.until_mark(b"\r\n", min(left, MAX_LINE))
            if line == b"":
                return
            if line is None or not _FIELD_LINE.fullmatch(line):
                raise _not_http("what follows its last chunk is no header")
            left -= len(line)
        raise _not_http(f"more than {MAX_HEADERS} headers follow its last chunk")


def read_answer(reader: Reader, method: str = "GET") -> Answer:
    """Read an answer up to its body.

    :param method: of the request, for a body is announced to HEAD and does not come.
    :raises ClosedError: the connection was closed without an answer.
    :raises TransportError: it is no answer, or does not come in time.
    """
    for _number in range(MAX_INTERIM + 1):
        head = reader.until_mark(b"\r\n\r\n", MAX_HEAD, _START)
        if head is None:
            raise _no_head(reader)
        match = _HEAD.fullmatch(head)
        lines = head.decode("latin-1").split("\r\n")
        if not match or len(lines) > MAX_HEADERS + 1 or (len(head) > MAX_LINE and max(map(len, lines)) > MAX_LINE):
            raise _bad_head(head)
        status = int(match.group(2))
        if status == 101:
            raise _not_http("it changes to another protocol, which was not asked for")
        if status >= 200:
            answer = Answer(reader, status, _headers(lines))
            _frame(answer, method, match.group(1) == b"1")
            return answer
    raise _not_http(f"more than {MAX_INTERIM} answers of the kind 1xx")


def _headers(lines: list[str]) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    del lines[0]
    for line in lines:
        name, value = _field(line)
        if name in headers:
            headers[name].append(value)
        else:
            headers[name] = [value]
    return headers


# Most lines of a server's answers are those of its last ones.
@functools.lru_cache(maxsize=256)
def _field(line: str) -> tuple[str, str]:
    name, _colon, value = line.partition(":")
    return name.lower(), value.strip(" \t")


def _frame(answer: Answer, method: str, is_1_1: bool) -> None:
    """Find out how long the body is (RFC 9112 6.3), and whether the connection lasts (9.3)."""
    headers = answer.headers
    lasting = is_1_1
    if "connection" in headers:
        options = {option.strip() for option in answer.header("connection").lower().split(",")}
        lasting = "close" not in options and (is_1_1 or "keep-alive" in options)
    length = _content_length(headers["content-length"]) if "content-length" in headers else None
    if "transfer-encoding" in headers:
        if [coding.lower() for coding in headers["transfer-encoding"]] != ["chunked"] or not is_1_1:
            raise _not_http("it has a Transfer-Encoding that was not asked for")
        if length is not None:
            raise _not_http("it has both a Content-Length and a Transfer-Encoding")
        answer.chunked = True
    if answer.status in (204, 304) or method == "HEAD":
        answer.chunked, length = False, 0
    answer.length = length
    answer.lasting = lasting and (answer.chunked or length is not None)
    if length == 0:
        answer.end()


def _content_length(values: list[str]) -> int:
    """Return the length that all header lines agree on."""
    told = {part.strip(" \t") for value in values for part in value.split(",")} if len(values) > 1 or "," in values[0] else values
    if len(told) > 1:
        raise _not_http("it has several Content-Lengths that differ")
    (text,) = told
    if not _LENGTH.fullmatch(text):
        raise _not_http("its Content-Length is no number of bytes")
    return int(text)


def _no_head(reader: Reader) -> TransportError:
    begun = reader.some(CHUNK) if reader.waiting else b""
    if not begun:
        return ClosedError("the connection was closed without an answer")
    if not (begun.startswith(_START) or _START.startswith(begun)):
        return _not_http("it does not begin with HTTP/1")
    if len(begun) >= MAX_HEAD:
        return _not_http(f"more than {MAX_HEAD >> 10} KiB of headers")
    return TransportError("the answer ended within its headers")


def _bad_head(head: bytes) -> TransportError:
    if not head.startswith(_START):
        return _not_http("it does not begin with HTTP/1")
    status_line, *lines = head.split(b"\r\n")
    if not re.fullmatch(_STATUS_LINE, status_line):
        return _not_http("its status line is none")
    if len(lines) > MAX_HEADERS:
        return _not_http(f"more than {MAX_HEADERS} headers")
    if max(map(len, lines)) > MAX_LINE:
        return _not_http(f"a header of more than {MAX_LINE >> 10} KiB")
    return _not_http("a header line is none")
