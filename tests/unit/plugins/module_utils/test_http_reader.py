# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timed reader; what answers are made of it is tested with the answers."""

from __future__ import annotations

import socket
import ssl
import time
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_reader import ClosedError, Reader, TransportError, why


@pytest.fixture(name="ends")
def ends_fixture() -> t.Iterator[tuple[Reader, socket.socket]]:
    """Return a reader, and the other end of its connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Reader(ours, time.monotonic() + 20), theirs


def test_pieces_and_the_end(ends: tuple[Reader, socket.socket]) -> None:
    reader, theirs = ends
    theirs.sendall(b"abcde")
    assert (reader.some(2), reader.waiting, reader.some(100), reader.waiting) == (b"ab", True, b"cde", False)
    theirs.shutdown(socket.SHUT_WR)
    assert (reader.some(1), reader.begins_with_one_of(b"a")) == (b"", False)


@pytest.mark.parametrize(
    ("data", "most", "start", "text", "left"),
    [
        (b"a\r\nb", 1, b"", b"a", b"b"),
        (b"\r\n", 0, b"", b"", b""),
        (b"ab\r\n", 1, b"", None, b"ab\r\n"),
        (b"a\r", 10, b"", None, b"a\r"),
        (b"xa\r", 10, b"a", None, b"xa\r"),
        (b"", 10, b"a", None, b""),
    ],
)
def test_up_to_a_mark(ends: tuple[Reader, socket.socket], data: bytes, most: int, start: bytes, text: bytes | None, left: bytes) -> None:
    reader, theirs = ends
    theirs.sendall(data)
    theirs.shutdown(socket.SHUT_WR)
    assert (reader.until_mark(b"\r\n", most, start), reader.some(100)) == (text, left)


def test_a_mark_that_comes_in_two_pieces(ends: tuple[Reader, socket.socket]) -> None:
    reader, theirs = ends
    theirs.sendall(b"xyz\r")
    assert reader.some(1) == b"x"
    theirs.sendall(b"\n.")
    assert (reader.until_mark(b"\r\n", 10), reader.some(1)) == (b"yz", b".")


def test_time_that_is_over(ends: tuple[Reader, socket.socket]) -> None:
    reader, _theirs = ends
    for seconds in (-1, 0.05):
        reader.until = time.monotonic() + seconds
        with pytest.raises(TransportError, match="in time"):
            reader.some(1)


def test_a_reset_before_and_within_an_answer() -> None:
    for sent, error in ((b"", ClosedError), (b"x", TransportError)):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(1)
            with socket.create_connection(listener.getsockname()) as ours:
                reader = Reader(ours, time.monotonic() + 20)
                theirs = listener.accept()[0]
                theirs.sendall(sent)
                assert reader.begins_with_one_of(b"x") if sent else True
                ours.sendall(b"unread, so that closing resets")
                time.sleep(0.05)
                theirs.close()
                with pytest.raises(TransportError) as caught:
                    reader.until_mark(b"\r\n", 10)
                assert caught.value.__class__ is error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), "Connection reset by peer"),
        (ConnectionResetError(), "ConnectionResetError"),
        (socket.timeout("timed out"), "no complete answer in time"),
        (socket.gaierror(-2, "Name or service not known"), "its host name does not resolve"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "no TLS connection (error)"),
        (OSError("AF_UNIX path too long"), "AF_UNIX path too long"),
    ],
)
def test_words(error: Exception, words: str) -> None:
    assert why(error) == words
