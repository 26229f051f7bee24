# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP client for asking a site about its files, on persistent connections and within a deadline.

It knows nothing of proxies, netrc or cookies, follows no redirect, and connects where it is told while Host and SNI say
the site's name. One client belongs to one thread.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import typing as t

from ansible_collections.webops.django.plugins.module_utils.http_answer import Answer, read_answer
from ansible_collections.webops.django.plugins.module_utils.http_reader import ClosedError, Reader, TransportError, why
from ansible_collections.webops.django.plugins.module_utils.http_route import Deadline, DeadlineError, Route, seconds_until
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin

__all__ = ["Answer", "Client", "ClosedError", "Connection", "Deadline", "DeadlineError", "Route", "TransportError", "request_bytes"]

_TARGET = re.compile(r"[!-~]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


def request_bytes(
    origin: Origin, target: str, accept_encoding: str = "identity", headers: t.Mapping[str, str] | None = None, method: str = "GET"
) -> bytes:
    """Return a request without a body as it is sent.

    :param target: percent-encoded path and query.
    :param headers: further ones.
    :raises TransportError: it cannot be sent, for it holds what would end a line.
    """
    fields = {"Host": origin.authority, "User-Agent": "webops.django", "Accept": "*/*", "Accept-Encoding": accept_encoding, **(headers or {})}
    if not _TARGET.fullmatch(target) or not all(_HEADER_VALUE.fullmatch(value) for value in fields.values()):
        raise TransportError("it cannot be asked for, because its address holds characters that no request may hold")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _check_name(host: str) -> None:
    """Refuse a name that the ssl module would fail to encode, after which it leaves the connection open.

    :raises OSError: it is none.
    """
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise OSError(0, "no TLS connection, because its host name cannot be sent") from error


class Connection:
    """An open connection, over which one request or several are on their way.

    :param until: the moment (of the monotonic clock) at which it must be open.
    :raises OSError: it cannot be opened.
    """

    def __init__(self, route: Route, origin: Origin, tls: ssl.SSLContext | None, until: float) -> None:
        if origin.scheme == "https":
            _check_name(origin.host)
        sock = route.open(origin, until)
        if origin.scheme == "https" and tls is not None:
            try:
                sock.settimeout(seconds_until(until))
                sock = tls.wrap_socket(sock, server_hostname=origin.host)
            except BaseException:
                sock.close()
                raise
        self._sock = sock
        self._reader = Reader(sock, until)

    def send(self, data: bytes, until: float) -> None:
        """Send requests.

        :raises TransportError: they are not taken in time, or the connection is closed.
        """
        try:
            self._sock.settimeout(seconds_until(until))
            self._sock.sendall(data)
        except ConnectionError as error:
            raise ClosedError(why(error)) from error
        except (OSError, ValueError) as error:
            raise TransportError(why(error)) from error

    def receive(self, until: float, method: str = "GET") -> Answer:
        """Return the next answer, its body unread; that of the one before must have been read.

        :raises ClosedError: the connection was closed without an answer.
        :raises TransportError: no answer came.
        """
        self._reader.until = until
        return read_answer(self._reader, method)

    def is_quiet(self) -> bool:
        """Tell whether it is open and nothing came that nobody asked for."""
        if self._reader.waiting:
            return False
        try:
            self._sock.settimeout(0)
            self._sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except (OSError, ValueError):
            return False
        return False

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(OSError):
            self._sock.close()


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
        self._connections: dict[Origin, Connection] = {}
        self._answers: dict[Origin, Answer] = {}

    def look_at_clock(self) -> None:
        """Do nothing, as long as there is time for the whole work.

        :raises DeadlineError: it is over.
        """
        self.limit()

    def limit(self) -> float:
        """Return the moment (of the monotonic clock) at which a request that begins now must have ended.

        :raises DeadlineError: the time for the whole work is over.
        """
        return self._deadline.limit(self._timeout)

    def connect(self, origin: Origin) -> None:
        """Open the connection, to learn whether anybody is there.

        :raises TransportError: nobody is, or with a certificate that is not accepted.
        :raises DeadlineError: the time for the whole work is over.
        """
        self.drop(origin)
        self._open(origin, self.limit())

    def get(
        self, origin: Origin, target: str, accept_encoding: str = "identity", headers: t.Mapping[str, str] | None = None, method: str = "GET"
    ) -> Answer:
        """Send a GET request and return the answer, its body unread.

        :param target: percent-encoded path and query.
        :param headers: further request headers.
        :param method: GET or HEAD.
        :raises TransportError: no answer came.
        :raises DeadlineError: the time for the whole work is over.
        """
        return self.ask(origin, request_bytes(origin, target, accept_encoding, headers, method), method)

    def ask(self, origin: Origin, request: bytes, method: str = "GET") -> Answer:
        """Send a request as :func:`request_bytes` makes it and return the answer, its body unread.

        :raises TransportError: no answer came.
        :raises DeadlineError: the time for the whole work is over.
        """
        until = self.limit()
        connection = self.idle(origin)
        try:
            if connection is not None:
                try:
                    return self._ask(origin, connection, request, until, method)
                except ClosedError:
                    # A server closes an idle connection now and then, which is no fault: once more, on a new one.
                    self.drop(origin)
            return self._ask(origin, self._open(origin, until), request, until, method)
        except TransportError:
            self.drop(origin)
            raise

    def idle(self, origin: Origin) -> Connection | None:
        """Return the open connection if the answer before was read to its end, and nothing came behind it; else close it."""
        connection, answer = self._connections.get(origin), self._answers.pop(origin, None)
        if connection is not None and (answer is None or answer.reusable) and connection.is_quiet():
            return connection
        self.drop(origin)
        return None

    def open(self, origin: Origin) -> Connection:
        """Return the idle connection, or a new one.

        :raises TransportError: it cannot be opened.
        :raises DeadlineError: the time for the whole work is over.
        """
        return self.idle(origin) or self._open(origin, self.limit())

    def drop(self, origin: Origin) -> None:
        """Close the connection."""
        self._answers.pop(origin, None)
        connection = self._connections.pop(origin, None)
        if connection is not None:
            connection.close()

    def close(self) -> None:
        """Close all connections."""
        for origin in list(self._connections):
            self.drop(origin)

    def _ask(self, origin: Origin, connection: Connection, request: bytes, until: float, method: str) -> Answer:
        connection.send(request, until)
        answer = self._answers[origin] = connection.receive(until, method)
        return answer

    def _open(self, origin: Origin, until: float) -> Connection:
        try:
            connection = self._connections[origin] = Connection(self._route, origin, self._tls, until)
        except OSError as error:
            raise TransportError(why(error)) from error
        return connection
