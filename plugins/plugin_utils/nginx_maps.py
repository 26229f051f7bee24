# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that blocks of the ``http`` block make: ``map`` and ``geo``; those of ``split_clients`` depend on chance.

https://nginx.org/en/docs/http/ngx_http_map_module.html, https://nginx.org/en/docs/http/ngx_http_geo_module.html
"""

from __future__ import annotations

import functools
import ipaddress
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_connection import Client
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, search
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import Made, UnknownVariableError, Variables

MAKERS = ("map", "geo", "split_clients")
_NOWHERE = ipaddress.ip_address("255.255.255.255")
"""What nginx looks up where there is no address, as behind a socket (INADDR_NONE)."""


class Maps:
    """The makers of a configuration.

    :param shortened: paths of files whose contents were cut.
    """

    def __init__(self, directives: t.Iterable[Directive], shortened: t.Collection[str]) -> None:
        self._makers = {
            item.arguments[-1].lstrip("$"): item for item in directives if item.name in MAKERS and item.arguments and item.block is not None
        }
        self._shortened = shortened
        self._tables: dict[str, MapTable] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._makers

    def value(self, name: str, variables: Variables, client: Client) -> Made:
        """Return the value of a variable that is made here.

        :raises UnknownVariableError: it cannot be decided.
        """
        item = self._makers[name]
        try:
            self._check(item)
            if item.name == "map" and len(item.arguments) == 2:
                volatile = any(entry.name == "volatile" and not entry.arguments for entry in item.block or [])
                return Made(self._mapped(name, item, variables), not volatile)
            if item.name == "geo":
                return Made(_located(item, variables.expand(item.arguments[0]) if len(item.arguments) == 2 else client), True)
        except UnknownVariableError as error:
            raise UnknownVariableError(f"{name}, which `{item}` at {item.file}:{item.line} makes: {error},") from error
        raise UnknownVariableError(f"{name}, which `{item}` at {item.file}:{item.line} makes by chance,")

    def _check(self, item: Directive) -> None:
        entries = item.block or []
        if not entries or any(entry.name == "include" for entry in entries) or {item.file, *(entry.file for entry in entries)} & set(self._shortened):
            raise UnknownVariableError("its contents were not read")

    def _mapped(self, name: str, item: Directive, variables: Variables) -> str:
        if name not in self._tables:
            self._tables[name] = MapTable(item.block or [])
        try:
            value = self._tables[name].find(variables.expand(item.arguments[0]), variables)
        except PatternError as error:
            raise UnknownVariableError(f"this pattern cannot be decided here: {error}") from error
        return variables.expand(value)


class MapTable:
    """The entries of a ``map``: exact ones without regard to case, then names with asterisks, then patterns in their order, then the default."""

    def __init__(self, entries: t.Iterable[Directive]) -> None:
        self._default = ""
        self._hostnames = False
        self._exact: dict[str, str] = {}
        self._leading: dict[str, str] = {}
        self._trailing: dict[str, str] = {}
        self._patterns: list[tuple[str, bool, str]] = []
        for item in entries:
            if not item.arguments:
                self._hostnames = self._hostnames or item.name == "hostnames"
            elif item.name == "default":
                self._default = item.arguments[0]
            elif item.name.startswith("~"):
                ignores_case = item.name.startswith("~*")
                self._patterns.append((item.name[2 if ignores_case else 1 :], ignores_case, item.arguments[0]))
            else:
                self._add(item.name.removeprefix("\\").lower(), item.arguments[0])

    def _add(self, key: str, value: str) -> None:
        if self._hostnames and key.startswith("*."):
            self._leading.setdefault(key[1:], value)
        elif self._hostnames and key.startswith(".") and len(key) > 1:
            self._leading.setdefault(key, value)
            self._exact.setdefault(key[1:], value)
        elif self._hostnames and key.endswith(".*"):
            self._trailing.setdefault(key[:-1], value)
        else:
            self._exact.setdefault(key, value)

    def find(self, text: str, variables: Variables) -> str:
        """Return the value, with its variables as they are written.

        :raises PatternError: a pattern before the one that matches cannot be decided.
        """
        text = text.removesuffix(".") if self._hostnames else text
        found = self._by_key(text.lower())
        if found is not None:
            return found
        # An empty value is not given to patterns (ngx_http_map_find()).
        for pattern, ignores_case, value in self._patterns if text else ():
            captures = search(pattern, text, ignores_case)
            if captures is not None:
                variables.note(captures)
                return value
        return self._default

    def _by_key(self, key: str) -> str | None:
        if key in self._exact or not self._hostnames:
            return self._exact.get(key)
        dots = [place for place, character in enumerate(key) if character == "."]
        leading = next((key[place:] for place in dots if place and key[place:] in self._leading), None)
        if leading is not None:
            return self._leading[leading]
        trailing = next((key[: place + 1] for place in reversed(dots) if key[: place + 1] in self._trailing), None)
        return self._trailing[trailing] if trailing is not None else None


def _located(item: Directive, client: Client) -> str:
    """Return the value of the smallest network that an address is in."""
    if client is None:
        raise UnknownVariableError("the address that the client comes from is not known")
    try:
        address = client if not isinstance(client, str) else ipaddress.ip_address(client)
    except ValueError:
        address = _NOWHERE
    best, found = -1, ""
    for network, value in _networks(tuple((entry.name, *entry.arguments) for entry in item.block or [])):
        # The default is the network of all addresses; of equal networks the last one counts.
        if network is None or (network.version == address.version and address in network):
            size = network.prefixlen if network is not None else 0
            best, found = (size, value) if size >= best else (best, found)
    return found


@functools.lru_cache(maxsize=64)
def _networks(entries: tuple[tuple[str, ...], ...]) -> list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network | None, str]]:
    """Read the entries of a ``geo``; None stands for the default.

    :raises UnknownVariableError: one is not known.
    """
    found: list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network | None, str]] = []
    for entry in entries:
        if entry[0] in ("proxy", "proxy_recursive"):
            # They are about addresses that a header names, and a plain request has none.
            continue
        try:
            if len(entry) != 2 or entry[0] == "delete":
                raise ValueError(" ".join(entry))
            found.append((None if entry[0] == "default" else ipaddress.ip_network(entry[0], strict=False), entry[1]))
        except ValueError as error:
            raise UnknownVariableError(f"{error} cannot be decided here") from error
    return found
