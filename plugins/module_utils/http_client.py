# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP client for asking a site about its files, on persistent connections and within a deadline.

It knows nothing of proxies, netrc or cookies, follows no redirect, and connects where it is told while Host and SNI say
the site's name. One client belongs to one thread.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.client
import io
import socket
import ssl
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin

CHUNK = 65536
"""Bytes read at a time."""

_CLOSED = (ConnectionError, http.client.BadStatusLine, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""What asking on a connection that the server has closed can raise."""

_FAULTS = (OSError, http.client.HTTPException, ValueError)
"""What http.client raises; the last one for numbers in an answer that are none."""


class TransportError(Exception):
    """No complete HTTP answer came; the message says why, for a person."""


class DeadlineError(Exception):
    """The time for the whole work is over."""


class Deadline:
    """The moment at which the whole work must have ended.

    :param seconds: from now.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def limit(self, timeout: float) -> float:
        """Return the moment (of the monotonic clock) at which a step of so many seconds must have ended.

        :raises DeadlineError: the time is over.
        """
        now = time.monotonic()
        if now >= self.end:
            raise DeadlineError
        return min(now + timeout, self.end)


@dataclasses.dataclass(frozen=True)
class Route:
    """Where connections really go, whatever the URL's host name resolves to.

    :param address: an IP address or host name; empty: what the URL's host name resolves to.
    :param port: 0: the URL's port.
    :param socket_path: a unix socket, instead of an address.
    """

    address: str = ""
    port: int = 0
    socket_path: str = ""

    def describe(self, origin: Origin) -> str:
        """Name the place that is connected to, for a message."""
        if self.socket_path:
            return self.socket_path
        address = self.address or origin.host
        return f"{f'[{address}]' if ':' in address else address}:{self.port or origin.port}"

    def open(self, origin: Origin, timeout: float) -> socket.socket:
        """Connect.

        :param timeout: seconds.
        :raises OSError: it cannot be connected to.
        """
        if not self.socket_path:
            return socket.create_connection((self.address or origin.host, self.port or origin.port), timeout)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout)
            connection.connect(self.socket_path)
        except BaseException:
            connection.close()
            raise
        return connection


class _TimedReader(io.RawIOBase):
    """Reads a socket until a moment: a server that sends a byte now and then cannot prolong it."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        super().__init__()
        self._sock = sock
        # A file of its own keeps the socket open when http.client closes the connection before the body was read.
        self._raw = sock.makefile("rb", buffering=0)
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: t.Any, until: float, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_TimedReader(sock, until), CHUNK)


class Answer:
    """Status and headers of an answer, and its body, chunk by chunk.

    :param response: what http.client made of it.
    """

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.status = response.status
        self.finished = False
        """Whether the whole body was read, so that the connection serves for another request."""

    def header(self, name: str) -> str:
        """Return a header's value, several ones joined as RFC 9110 5.3 says, or an empty string."""
        return ", ".join(self._response.headers.get_all(name, []))

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    def chunks(self) -> t.Iterator[bytes]:
        """Yield the body as it was sent; whoever stops early costs the connection.

        :raises TransportError: the body does not arrive whole.
        """
        announced, received = self._response.length, 0
        while True:
            with _explained():
                # Not read(): for a chunk of a negative length it takes all that ever comes into memory.
                chunk = self._response.read1(CHUNK)
            if not chunk:
                break
            received += len(chunk)
            yield chunk
        # http.client does not tell when a body read in parts ends before its Content-Length.
        if announced is not None and received < announced:
            raise TransportError(f"the body ended after {received} of {announced} bytes")
        self.finished = True
        self._response.close()

    def close(self) -> None:
        """Let go of the connection, where the answer holds it alone."""
        self._response.close()


class Client:
    """Asks one or several origins, each over one persistent connection.

    :param route: where to connect.
    :param timeout: seconds for one request, from connecting to the last byte of the body.
    :param tls: the settings for https; one for all clients, for making one costs more than a request.
    """

    def __init__(self, route: Route, deadline: Deadline, timeout: float, tls: ssl.SSLContext | None = None) -> None:
        self._route = route
        self._deadline = deadline
        self._timeout = timeout
        self._tls = tls
        self._connections: dict[Origin, http.client.HTTPConnection] = {}
        self._answers: dict[Origin, Answer] = {}

    def look_at_clock(self) -> None:
        """Do nothing, as long as there is time for the whole work.

        :raises DeadlineError: it is over.
        """
        self._deadline.limit(self._timeout)

    def connect(self, origin: Origin) -> None:
        """Open the connection, to learn whether anybody is there.

        :raises TransportError: nobody is, or with a certificate that is not accepted.
        :raises DeadlineError: the time for the whole work is over.
        """
        until = self._deadline.limit(self._timeout)
        with _explained():
            self._open(origin, until)

    def get(self, origin: Origin, target: str, accept_encoding: str = "identity") -> Answer:
        """Send a GET request and return the answer, its body unread.

        :param target: percent-encoded path and query.
        :raises TransportError: no answer came.
        :raises DeadlineError: the time for the whole work is over.
        """
        until = self._deadline.limit(self._timeout)
        if origin in self._answers and not self._answers[origin].finished:
            self._drop(origin)
        while True:
            reused = origin in self._connections
            try:
                answer = self._send(origin, target, accept_encoding, until)
                break
            except _FAULTS as error:
                self._drop(origin)
                # A server closes an idle connection now and then, which is no fault: once more, on a new one.
                if not (reused and isinstance(error, _CLOSED)):
                    raise TransportError(_why(error)) from error
        self._answers[origin] = answer
        return answer

    def close(self) -> None:
        """Close all connections."""
        for origin in list(self._connections):
            self._drop(origin)

    def _send(self, origin: Origin, target: str, accept_encoding: str, until: float) -> Answer:
        connection = self._connections.get(origin) or self._open(origin, until)
        if connection.sock is None:
            raise ConnectionResetError
        connection.sock.settimeout(max(until - time.monotonic(), 0.001))
        connection.response_class = t.cast("type[http.client.HTTPResponse]", functools.partial(_Response, until=until))
        connection.putrequest("GET", target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", origin.authority)
        connection.putheader("User-Agent", "webops.django")
        connection.putheader("Accept", "*/*")
        connection.putheader("Accept-Encoding", accept_encoding)
        connection.endheaders()
        return Answer(connection.getresponse())

    def _open(self, origin: Origin, until: float) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(origin.host, origin.port)
        connection.sock = self._connect(origin, until)
        # Without this, http.client would connect by itself, and elsewhere, once the server closed the connection.
        connection.auto_open = 0
        self._connections[origin] = connection
        return connection

    def _connect(self, origin: Origin, until: float) -> socket.socket:
        sock = self._route.open(origin, max(until - time.monotonic(), 0.001))
        if origin.scheme != "https" or self._tls is None:
            return sock
        try:
            sock.settimeout(max(until - time.monotonic(), 0.001))
            return self._tls.wrap_socket(sock, server_hostname=origin.host)
        except BaseException:
            sock.close()
            raise

    def _drop(self, origin: Origin) -> None:
        for held in (self._answers.pop(origin, None), self._connections.pop(origin, None)):
            if held is not None:
                held.close()


@contextlib.contextmanager
def _explained() -> t.Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        raise TransportError(_why(error)) from error


def _why(error: Exception) -> str:
    """Say what went wrong in words; never with words of the server's choice."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection ({error.reason or 'error'})"
    if isinstance(error, socket.timeout):
        return "no complete answer in time"
    if isinstance(error, socket.gaierror):
        return "its host name does not resolve"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(error, http.client.IncompleteRead):
        return f"the body ended after {len(error.partial)} bytes of its last part"
    if isinstance(error, (http.client.HTTPException, ValueError)):
        return "the answer is not HTTP"
    return getattr(error, "strerror", None) or type(error).__name__
