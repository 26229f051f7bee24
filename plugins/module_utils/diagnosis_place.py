# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking one URL at the place that a diagnosis names: where to connect, what to say there, and by which settings of TLS."""

from __future__ import annotations

import contextlib
import functools
import ssl
import typing as t

from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, Deadline
from ansible_collections.webops.django.plugins.module_utils.http_route import Route
from ansible_collections.webops.django.plugins.module_utils.web_urls import DEFAULT_PORTS, Origin, Url, UrlError, parse_url

TIMEOUT = 10.0
"""Seconds for one request, from connecting to the last byte of the body."""
_HERE = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where a socket that listens at every address is reached."""

Connect = t.Mapping[str, t.Any]
"""``{"address", "port", "tls"}`` or ``{"unix"}``."""


@functools.lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """Return settings that accept every certificate: what is asked is on this host, and no secret is sent to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(ssl.SSLError):
        # An old server's keys and protocols are no reason to see nothing of it.
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def route_to(connect: Connect | None, receive_buffer: int = 0) -> Route:
    """Return where to connect; without a place, to what the URL's host name resolves to.

    :raises ValueError: it names no port.
    """
    if not connect:
        return Route(receive_buffer=receive_buffer)
    if connect.get("unix"):
        return Route(socket_path=str(connect["unix"]), receive_buffer=receive_buffer)
    address = str(connect.get("address") or "").strip("[]")
    port = int(connect.get("port") or 0)
    if not 0 <= port < 65536:
        raise ValueError("no port")
    return Route(_HERE.get(address, address), port, receive_buffer=receive_buffer)


def is_tls(url: Url, connect: Connect | None) -> bool:
    """Tell whether TLS is spoken there; an https URL may be asked for behind what ends TLS."""
    if not connect:
        return url.origin.scheme == "https"
    if connect.get("unix"):
        return bool(connect.get("tls"))
    return bool(url.origin.scheme == "https" if connect.get("tls") is None else connect["tls"])


def spoken_origin(url: Url, connect: Connect | None, host: str = "") -> Origin:
    """Return the origin as it is said on the connection: its scheme tells whether TLS is spoken, the rest makes the Host header.

    :param host: another Host header than the URL's.
    :raises UrlError: it is none.
    """
    named = parse_url(f"{url.origin.scheme}://{host}").origin if host else url.origin
    scheme = "https" if is_tls(url, connect) else "http"
    port = DEFAULT_PORTS[scheme] if named.port == DEFAULT_PORTS[named.scheme] else named.port
    return Origin(scheme, named.host, port)


class Asker:
    """Asks URLs at many places over persistent connections; belongs to one thread.

    :param timeout: seconds for one request.
    """

    def __init__(self, deadline: Deadline, timeout: float = TIMEOUT) -> None:
        self._deadline = deadline
        self._timeout = timeout
        self._clients: dict[Route, Client] = {}

    def get(
        self,
        url: Url,
        connect: Connect | None,
        encoding: str = "identity",
        headers: t.Mapping[str, str] | None = None,
        host: str = "",
        receive_buffer: int = 0,
    ) -> Answer:
        """Send a GET request and return the answer, its body unread.

        :param host: another Host header, and SNI, than the URL's.
        :raises TransportError: no answer came.
        :raises DeadlineError: the time for the whole work is over.
        :raises UrlError: the host is none.
        """
        origin = spoken_origin(url, connect, host)
        route = route_to(connect, receive_buffer)
        if route not in self._clients:
            self._clients[route] = Client(route, self._deadline, self._timeout, tls_context())
        # As a proxy that ends TLS would say, so that an application does not redirect to what was asked for.
        forwarded = {"X-Forwarded-Proto": "https"} if url.origin.scheme == "https" and origin.scheme == "http" else {}
        return self._clients[route].get(origin, url.target, encoding, {**forwarded, **(headers or {})})

    def look_at_clock(self) -> None:
        """Do nothing, as long as there is time.

        :raises DeadlineError: it is over.
        """
        self._deadline.limit(self._timeout)

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()


def readable_url(text: t.Any) -> Url:
    """Read a request's URL.

    :raises UrlError: it is none.
    """
    if not isinstance(text, str):
        raise UrlError("is no text")
    return parse_url(text)
