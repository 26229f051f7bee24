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
    :ivar ssl: whether TLS is spoken there.
    """

    server: ServerBlock | None
    reason: str
    captures: dict[str, str]
    undecided: list[tuple[str, str, int, str]]
    default: ServerBlock | None = None
    ssl: bool = False


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
        self._taken: set[str] = set()
        self.listens = [listen for _server, listen in candidates]
        self.ssl = any(listen.ssl for listen in self.listens)
        self.own_name = next((pair for pair in candidates if "$hostname" in pair[0].names), None)
        for server, _listen in candidates:
            for given in server.names:
                self._add(server, given)

    def _add(self, server: ServerBlock, given: str) -> None:
        name, found = given.lower(), (server, given or '""')
        if given.startswith("~"):
            self.patterns.append((server, given))
        elif name.startswith(".") and len(name) > 1:
            # nginx ignores the whole name where its bare form is taken. The bare form counts as taken even where the other one is ignored.
            if name[1:] not in self._taken and name not in self.leading:
                self.leading[name] = self.bare[name[1:]] = found
            self._taken.add(name[1:])
        elif name.startswith("*."):
            self.leading.setdefault(name[1:], found)
        elif name.endswith(".*"):
            self.trailing.setdefault(name[:-1], found)
        elif name not in self._taken:
            self._taken.add(name)
            self.exact[name] = found

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
    :param address: that the connection goes to; None where only a wildcard listens on it, or where it is not known.
    :param unix: path of the unix socket that the connection goes to, instead of address and port.
    """
    name = _plain(host)
    address = address or _literal(configuration, name)
    key = (port, address, unix)
    if key not in configuration.chosen_by:
        configuration.chosen_by[key] = [
            _Names(pairs, f"unix:{unix}" if unix else f"{pairs[0][1].address or '*'}:{port}") for pairs in _sockets(configuration, *key)
        ]
    sockets: list[_Names] = configuration.chosen_by[key]
    if not sockets:
        return ServerChoice(None, f"no server block listens on {f'unix:{unix}' if unix else f'{address or chr(42)}:{port}'}", {}, [])
    choices = [_by_name(names, name) for names in sockets]
    if len({(id(choice.server), *_merges(choice.default)) for choice in choices}) > 1 and not choices[0].undecided:
        why = "which address the connection goes to is not known, and it decides among server blocks"
        first = [names.listens[0] for names in sockets]
        places = [(f"listen {item.address}:{port}", item.file, item.line, why) for item in first]
        return ServerChoice(None, why, {}, places)
    return choices[0]


def _merges(default: ServerBlock | None) -> list[str]:
    """Return the setting by which the request line is read before the name is known."""
    return [item.arguments[0] for item in default.effective("merge_slashes") if item.arguments] if default is not None else []


def _by_name(names: _Names, name: str) -> ServerChoice:
    found = names.find(name)
    if names.own_name is not None and name not in names.exact:
        server, _listen = names.own_name
        why = "the name of the host is not known here"
        return ServerChoice(None, why, {}, [("server_name $hostname", server.file, server.line, why)], names.default, names.ssl)
    if found:
        return ServerChoice(found[0], f"its server_name {found[1]} matches {name}", {}, [], names.default, names.ssl)
    undecided: list[tuple[str, str, int, str]] = []
    for server, pattern in names.patterns:
        try:
            captures = search(pattern[1:], name, True)
        except PatternError as error:
            undecided.append((f"server_name {pattern}", server.file, server.line, f"this pattern cannot be decided here: {error}"))
            continue
        if captures is not None:
            return ServerChoice(server, f"its server_name {pattern} matches {name}", captures, undecided, names.default, names.ssl)
    what = "it is the default_server" if names.has_default else "it is the first server block"
    reason = f"no server_name matches {name or 'an empty name'}, and {what} of {names.where}"
    return ServerChoice(names.default, reason, {}, undecided, names.default, names.ssl)


def _plain(host: str) -> str:
    name = host.lower().removesuffix(".")
    return f"[{name}]" if ":" in name and not name.startswith("[") else name


def _literal(configuration: Configuration, name: str) -> str | None:
    """Return the address that a URL names itself, if a server block listens on just that one."""
    text = name.strip("[]")
    if not text or not (text[0].isdigit() or ":" in text):
        return None
    return text if any(_same_address(listen.address, text) for server in configuration.servers for listen in server.listens) else None


def _sockets(configuration: Configuration, port: int | None, address: str | None, unix: str) -> list[list[tuple[ServerBlock, Listen]]]:
    """Return the blocks of the socket that takes a connection; of several sockets, where it may be any of them."""
    every = [(server, listen) for server in configuration.servers for listen in server.listens]
    if unix:
        return _groups(pair for pair in every if pair[1].unix == unix)
    on_port = [(server, listen) for server, listen in every if listen.port == port]
    # IPv4 connections come to a socket of IPv6 where it is bound for both and there is none of their own.
    wildcard = [pair for pair in on_port if pair[1].address == ""] or [pair for pair in on_port if pair[1].both_families]
    if address is None:
        return _groups(wildcard or on_port)
    own = [pair for pair in on_port if _same_address(pair[1].address, address)]
    if own or ":" not in address:
        return _groups(own or wildcard)
    return _groups(pair for pair in on_port if pair[1].address == "::")


def _groups(pairs: t.Iterable[tuple[ServerBlock, Listen]]) -> list[list[tuple[ServerBlock, Listen]]]:
    found: dict[str, list[tuple[ServerBlock, Listen]]] = {}
    for server, listen in pairs:
        found.setdefault(_written_alike(listen.address), []).append((server, listen))
    return [_once(group) for group in found.values()]


def _written_alike(address: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if address == "localhost" else address))
    except ValueError:
        return address


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
