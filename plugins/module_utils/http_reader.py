# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A timed, buffered reader of what a server sends, and words for what can go wrong with it."""

from __future__ import annotations

import socket
import ssl
import time

CHUNK = 65536
"""Bytes read at a time."""


class TransportError(Exception):
    """No complete HTTP answer came; the message says why, for a person."""


class ClosedError(TransportError):
    """The connection was closed before the first byte of an answer."""


def why(error: Exception) -> str:
    """Say in words what went wrong on a connection; never with words of the server's choice."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({getattr(error, 'reason', None) or 'error'})"
    if isinstance(error, socket.timeout):
        return "no complete answer in time"
    if isinstance(error, socket.gaierror):
        return "its host name does not resolve"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


class Reader:
    """What a server sends, until a moment: a server that sends a byte now and then cannot prolong it.

    :param until: of the monotonic clock; set anew for each request.
    """

    __slots__ = ("_data", "_start", "sock", "until")

    def __init__(self, sock: socket.socket, until: float) -> None:
        self.sock = sock
        self.until = until
        self._data = b""
        self._start = 0

    @property
    def waiting(self) -> bool:
        """Whether something was received that nobody has read."""
        return self._start < len(self._data)

    def some(self, most: int) -> bytes:
        """Return what has come, at most so many bytes; nothing at the end.

        :raises TransportError: nothing comes in time, or the connection breaks.
        """
        if self._start >= len(self._data) and not self._fill():
            return b""
        piece = self._data[self._start : self._start + most]
        self._start += len(piece)
        return piece

    def begins_with_one_of(self, characters: bytes) -> bool:
        """Tell whether the next byte is one of these; not so at the end.

        :raises TransportError: nothing comes in time, or the connection breaks.
        """
        return (self.waiting or self._fill()) and self._data[self._start] in characters

    def until_mark(self, mark: bytes, most: int, start: bytes = b"") -> bytes | None:
        """Return what comes before a mark, and pass over the mark.

        :param most: bytes before the mark.
        :param start: it must begin so, which is looked at before the mark has come.
        :returns: None where the connection ends, the beginning is another, or it is too long: nothing more can be read then.
        :raises TransportError: nothing comes in time, or the connection breaks.
        """
        searched = self._start
        while True:
            found = self._data.find(mark, searched, self._start + most + len(mark))
            if found >= 0:
                text = self._data[self._start : found]
                self._start = found + len(mark)
                return text
            length = len(self._data) - self._start
            begun = self._data[self._start : self._start + len(start)]
            if length >= most + len(mark) or not start.startswith(begun) or not self._fill():
                return None
            searched = max(length - len(mark) + 1, 0)

    def close(self) -> None:
        """Close the connection."""
        self.sock.close()

    def _fill(self) -> bool:
        left = self.until - time.monotonic()
        try:
            if left <= 0:
                raise socket.timeout
            self.sock.settimeout(left)
            received = self.sock.recv(CHUNK)
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise (TransportError if self.waiting else ClosedError)(why(error)) from error
        except (OSError, ValueError) as error:
            raise TransportError(why(error)) from error
        self._data = self._data[self._start :] + received
        self._start = 0
        return bool(received)
