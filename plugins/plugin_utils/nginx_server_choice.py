# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server block nginx chooses for a connection and a Host header (https://nginx.org/en/docs/http/request_processing.html)."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Listen, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, search


class ServerChoice(t.NamedTuple):
    """The block, why it is that one, the captures of its name, and patterns that could not be decided.

    :ivar default: the block that is taken for names that match nowhere; what the request line is read by.
    """

    server: ServerBlock | None
    reason: str
    captures: dict[str, str]
    undecided: list[tuple[str, str, int, str]]
    default: ServerBlock | None = None


class _Names:
    """The names of the blocks that share a socket, as ngx_http_server_names() puts them into its tables: the first of equal ones counts.

    :ivar leading: by what follows ``*``, with its dot, as in ``.example.com``.
    :ivar trailing: by what goes before ``*``, with its dot, as in ``www.``.
    """

    def __init__(self, candidates: list[tuple[ServerBlock, Listen]], where: str) -> None:
        self.where = where
        self.default = next((server for server, listen in candidates if listen.default), candidates[0][0])
        self.has_default = any(listen.default for _server, listen in candidates)
        self.exact: dict[str, tuple[ServerBlock, str]] = {}
        self.bare: dict[str, tuple[ServerBlock, str]] = {}
        self.leading: dict[str, tuple[ServerBlock, str]] = {}
        self.trailing: dict[str, tuple[ServerBlock, str]] = {}
        self.patterns: list[tuple[ServerBlock, str]] = []
        for server, _listen in candidates:
            for given in server.names:
                self._add(server, given)

    def _add(self, server: ServerBlock, given: str) -> None:
        name, found = given.lower(), (server, given or '""')
        if given.startswith("~"):
            self.patterns.append((server, given))
        elif name.startswith(".") and len(name) > 1:
            # nginx ignores the whole name where its bare form is taken.
            if name[1:] not in self.exact and name not in self.leading:
                self.leading[name] = self.bare[name[1:]] = found
        elif name.startswith("*."):
            self.leading.setdefault(name[1:], found)
        elif name.endswith(".*"):
            self.trailing.setdefault(name[:-1], found)
        elif name not in self.bare:
            self.exact.setdefault(name, found)

    def find(self, name: str) -> tuple[ServerBlock, str] | None:
        """Return the block of a name without patterns, and how the name is written there."""
        found = self.exact.get(name) or self.bare.get(name)
        if found or not name:
            return found
        dots = [place for place, character in enumerate(name) if character == "."]
        for place in dots:
            if place and name[place:] in self.leading:
                return self.leading[name[place:]]
        for place in reversed(dots):
            if place + 1 < len(name) and name[: place + 1] in self.trailing:
                return self.trailing[name[: place + 1]]
        return None


def choose_server(configuration: Configuration, host: str, port: int | None, address: str | None, unix: str = "") -> ServerChoice:
    """Choose as nginx does: by the address and port first, then by the name.

    :param host: name of the Host header, without its port.
    :param address: that the connection goes to; None for one that only a wildcard listens on.
    :param unix: path of the unix socket that the connection goes to, instead of address and port.
    """
    key = (port, address, unix)
    if key not in configuration.chosen_by:
        candidates = _listening(configuration, port, address, unix)
        where = f"unix:{unix}" if unix else f"{(candidates[0][1].address if candidates else address) or '*'}:{port}"
        configuration.chosen_by[key] = _Names(candidates, where) if candidates else None
    names: _Names | None = configuration.chosen_by[key]
    if names is None:
        return ServerChoice(None, f"no server block listens on {f'unix:{unix}' if unix else f'{address or chr(42)}:{port}'}", {}, [])
    name = _plain(host)
    found = names.find(name)
    if found:
        return ServerChoice(found[0], f"its server_name {found[1]} matches {name}", {}, [], names.default)
    undecided: list[tuple[str, str, int, str]] = []
    for server, pattern in names.patterns:
        try:
            captures = search(pattern[1:], name, True)
        except PatternError as error:
            undecided.append((f"server_name {pattern}", server.file, server.line, f"this pattern cannot be decided here: {error}"))
            continue
        if captures is not None:
            return ServerChoice(server, f"its server_name {pattern} matches {name}", captures, undecided, names.default)
    what = "it is the default_server" if names.has_default else "it is the first server block"
    reason = f"no server_name matches {name or 'an empty name'}, and {what} of {names.where}"
    return ServerChoice(names.default, reason, {}, undecided, names.default)


def _plain(host: str) -> str:
    name = host.lower().removesuffix(".")
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


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
        if ":" in address:
            return _once((server, listen) for server, listen in on_port if listen.address == "::")
        # IPv4 connections come to a socket of IPv6 where it is bound for both and there is none of their own.
        return _once(pair for pair in on_port if pair[1].address == "") or _once(pair for pair in on_port if pair[1].both_families)
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
