# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where connections go, and until when the whole work may last."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin

SMALL_SEGMENT = 536
"""Bytes, what every host takes (RFC 1122 4.2.2.6)."""
Address = t.Tuple[int, t.Any]
"""An address family and what ``connect`` takes in it."""


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


def seconds_until(moment: float) -> float:
    """Return the seconds that are left, as a timeout of a socket.

    :raises socket.timeout: there are none left.
    """
    left = moment - time.monotonic()
    if left <= 0:
        raise socket.timeout("timed out")
    return left


class Resolver:
    """Finds the addresses of host names, each name once, and does not wait for them longer than it may.

    The C library's resolver cannot be interrupted, so it runs in a thread that nobody has to wait for.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lookups: dict[tuple[str, int], _Lookup] = {}

    def addresses(self, host: str, port: int, until: float) -> list[Address]:
        """Return the addresses in the order in which they should be tried.

        :param until: of the monotonic clock.
        :raises OSError: there are none, or the answer does not come in time (:class:`socket.timeout`).
        """
        try:
            return _resolve(host, port, socket.AI_NUMERICHOST)
        except socket.gaierror:
            pass
        with self._lock:
            lookup = self._lookups.get((host, port))
            # What failed is asked for again: a resolver that was overloaded is another one a moment later.
            if lookup is None or lookup.error:
                lookup = self._lookups[(host, port)] = _Lookup(host, port)
                lookup.start()
        if not lookup.done.wait(seconds_until(until)):
            raise socket.timeout("timed out")
        if lookup.error:
            raise lookup.error
        return lookup.found


class _Lookup(threading.Thread):
    def __init__(self, host: str, port: int) -> None:
        super().__init__(name=f"lookup of {host}", daemon=True)
        self._place = host, port
        self.done = threading.Event()
        self.found: list[Address] = []
        self.error: OSError | None = None

    def run(self) -> None:
        try:
            self.found = _resolve(*self._place, 0)
        except OSError as error:
            self.error = error
        finally:
            self.done.set()


def _resolve(host: str, port: int, flags: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError as error:
        # The IDNA codec refuses labels that are empty or have more than 63 characters.
        raise socket.gaierror(socket.EAI_NONAME, "no host name") from error
    return [(family, address) for family, _kind, _protocol, _name, address in found]


@dataclasses.dataclass(frozen=True)
class Route:
    """Where connections really go, whatever the URL's host name resolves to.

    :param address: an IP address or host name; empty: what the URL's host name resolves to.
    :param port: 0: the URL's port.
    :param socket_path: a unix socket, instead of an address.
    :param receive_buffer: bytes that the kernel keeps of what arrives, in small segments; 0: as it likes. A server then feels how slow its
        reader is after a few KiB, and not after some MiB as on loopback.
    """

    address: str = ""
    port: int = 0
    socket_path: str = ""
    receive_buffer: int = 0
    _resolver: Resolver = dataclasses.field(default_factory=Resolver, repr=False, compare=False)

    def describe(self, origin: Origin) -> str:
        """Name the place that is connected to, for a message."""
        if self.socket_path:
            return self.socket_path
        address = self.address or origin.host
        return f"{f'[{address}]' if ':' in address else address}:{self.port or origin.port}"

    def open(self, origin: Origin, until: float) -> socket.socket:
        """Connect; of several addresses to the first that answers within its share of the time.

        :param until: of the monotonic clock.
        :raises OSError: it cannot be connected to.
        """
        if self.socket_path:
            return _connect(socket.AF_UNIX, self.socket_path, until, self.receive_buffer)
        addresses = self._resolver.addresses(self.address or origin.host, self.port or origin.port, until)
        failed: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
        for number, (family, address) in enumerate(addresses):
            try:
                share = seconds_until(until) / (len(addresses) - number)
                return _connect(family, address, time.monotonic() + share, self.receive_buffer)
            except OSError as error:
                failed = error
        raise failed


def _connect(family: int, address: t.Any, until: float, receive_buffer: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if receive_buffer:
            # Before connecting, for the window's scale is settled then (tcp(7)).
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            if family != socket.AF_UNIX:
                # The sender's buffer grows with the segments' size.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
        sock.settimeout(seconds_until(until))
        sock.connect(address)
        if family != socket.AF_UNIX:
            # A request that is written in parts must not wait for the acknowledgement of its first (RFC 896).
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except ValueError as error:
        sock.close()
        raise OSError(0, "no path of a socket") from error
    except BaseException:
        sock.close()
        raise
    return sock
