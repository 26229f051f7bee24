# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection that a request comes over: where it goes to, and who is behind it."""

from __future__ import annotations

import ipaddress
import typing as t

Client = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address, str, None]
"""An address, ``unix:`` for the other end of a socket, None where nobody knows."""


class Connection(t.NamedTuple):
    """A connection.

    :ivar address: that it goes to; None if that is not known.
    :ivar unix: path of the socket that it goes to, instead of address and port; else empty.
    """

    address: str | None
    port: int | None
    unix: str
    client: Client


def connection_to(address: str | None, port: int, client: str | None) -> Connection:
    """Return a connection.

    :param address: ``unix:/path`` for a socket.
    :raises ValueError: the client is no address.
    """
    unix = address[5:] if address and address.startswith("unix:") else ""
    return Connection(None if unix else address, port, unix, _given(client) if client else _implied(address))


def _given(text: str) -> Client:
    if text.startswith("unix:"):
        return "unix:"
    found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def _implied(address: str | None) -> Client:
    """Return who must be behind a connection to a loopback address or a socket."""
    if address is None:
        return None
    if address.startswith("unix:"):
        return "unix:"
    try:
        goes_to = ipaddress.ip_address("127.0.0.1" if address == "localhost" else address.strip("[]"))
    except ValueError:
        return None
    return ipaddress.ip_address("127.0.0.1" if goes_to.version == 4 else "::1") if goes_to.is_loopback else None
