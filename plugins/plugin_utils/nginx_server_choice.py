# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server block nginx chooses for a connection and a Host header (https://nginx.org/en/docs/http/request_processing.html)."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, Listen, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, compiled


class ServerChoice(t.NamedTuple):
    """The block, why it is that one, the captures of its name, and patterns that could not be decided."""

    server: ServerBlock | None
    reason: str
    captures: dict[str, str]
    undecided: list[tuple[str, str, int, str]]


def choose_server(configuration: Configuration, host: str, port: int | None, address: str | None, unix: str = "") -> ServerChoice:
    """Choose as nginx does: by the address and port first, then by the name.

    :param host: name of the Host header, without its port.
    :param address: that the connection goes to; None for one that only a wildcard listens on.
    :param unix: path of the unix socket that the connection goes to, instead of address and port.
    """
    candidates = _listening(configuration, port, address, unix)
    if not candidates:
        where = f"unix:{unix}" if unix else f"{address or '*'}:{port}"
        return ServerChoice(None, f"no server block listens on {where}", {}, [])
    name = _plain(host)
    blocks = [server for server, _listen in candidates]
    undecided: list[tuple[str, str, int, str]] = []
    found = _exact(blocks, name) or _wildcard(blocks, name)
    if found:
        return ServerChoice(found[0], f"its server_name {found[1]} matches {name}", {}, [])
    for server in blocks:
        for pattern in server.names:
            if not pattern.startswith("~"):
                continue
            try:
                match = compiled(pattern[1:], True).search(name)
            except PatternError as error:
                undecided.append((f"server_name {pattern}", server.file, server.line, f"this pattern cannot be decided here: {error}"))
                continue
            if match:
                captures = {str(number): value or "" for number, value in enumerate(match.groups(), 1)}
                captures.update({key: value or "" for key, value in match.groupdict().items()})
                return ServerChoice(server, f"its server_name {pattern} matches {name}", captures, undecided)
    default = next((server for server, listen in candidates if listen.default), None)
    where = f"unix:{unix}" if unix else f"{candidates[0][1].address or '*'}:{port}"
    if default is not None:
        return ServerChoice(default, f"no server_name matches {name or 'an empty name'}, and it is the default_server of {where}", {}, undecided)
    return ServerChoice(blocks[0], f"no server_name matches {name or 'an empty name'}, and it is the first server block of {where}", {}, undecided)


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")


def _listening(configuration: Configuration, port: int | None, address: str | None, unix: str) -> list[tuple[ServerBlock, Listen]]:
    """Return the blocks that share the most specific socket: an address of its own goes before the wildcard."""
    every = [(server, listen) for server in configuration.servers for listen in server.listens]
    if unix:
        return _once((server, listen) for server, listen in every if listen.unix == unix)
    on_port = [(server, listen) for server, listen in every if listen.port == port]
    if address:
        own = [(server, listen) for server, listen in on_port if _same_address(listen.address, address)]
        if own:
            return _once(own)
        wildcard = "::" if ":" in address else ""
        return _once((server, listen) for server, listen in on_port if listen.address == wildcard)
    return _once((server, listen) for server, listen in on_port if listen.address == "") or _once(on_port)


def _once(pairs: t.Iterable[tuple[ServerBlock, Listen]]) -> list[tuple[ServerBlock, Listen]]:
    found: dict[int, tuple[ServerBlock, Listen]] = {}
    for server, listen in pairs:
        known = found.get(id(server))
        if known is None or (listen.default and not known[1].default):
            found[id(server)] = (server, listen)
    return list(found.values())


def _same_address(one: str, other: str) -> bool:
    if one == "localhost":
        one = "127.0.0.1"
    if not one:
        return False
    try:
        return ipaddress.ip_address(one.strip("[]")) == ipaddress.ip_address(other.strip("[]"))
    except ValueError:
        return one == other


def _exact(blocks: list[ServerBlock], name: str) -> tuple[ServerBlock, str] | None:
    for server in blocks:
        for given in server.names:
            plain = given.lower()
            if plain == name and not given.startswith("~") and (name or given == ""):
                return server, given or '""'
            if plain.startswith(".") and plain[1:] == name:
                return server, given
    return None


def _wildcard(blocks: list[ServerBlock], name: str) -> tuple[ServerBlock, str] | None:
    """The longest wildcard at the beginning goes before the longest at the end."""
    leading = [
        (len(tail), server, given)
        for server in blocks
        for given in server.names
        for tail in [given.lower().removeprefix("*") if given.startswith("*.") else given.lower() if given.startswith(".") else ""]
        if tail and name.endswith(tail) and len(name) > len(tail)
    ]
    trailing = [
        (len(given), server, given)
        for server in blocks
        for given in server.names
        if given.endswith(".*") and not given.startswith("~") and name.startswith(given[:-1].lower()) and len(name) > len(given) - 1
    ]
    for found in (leading, trailing):
        if found:
            _length, server, given = max(found, key=lambda item: item[0])
            return server, given
    return None
