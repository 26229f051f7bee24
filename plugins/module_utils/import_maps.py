# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import maps: which URL a page's module specifier stands for (HTML, 8.1.6.2 "Import maps")."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.webops.django.plugins.module_utils.web_urls import Url, UrlError, join, parse_url


class ImportMap:
    """A page's import maps, merged: the first one with a name counts.

    :param base: the page's URL.
    """

    def __init__(self, base: Url) -> None:
        self._base = base
        self._imports: dict[str, str] = {}
        self._scopes: dict[str, dict[str, str]] = {}
        self._integrity: dict[str, str] = {}

    def add(self, text: str) -> None:
        """Read a script of type importmap; browsers ignore one that is no JSON object."""
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(document, dict):
            return
        self._add(self._imports, document.get("imports"))
        scopes = document.get("scopes")
        for prefix, mapping in scopes.items() if isinstance(scopes, dict) else ():
            url = self._url(prefix)
            if url:
                self._add(self._scopes.setdefault(url, {}), mapping)
        self._add(self._integrity, document.get("integrity"), urls=False)

    def resolve(self, specifier: str, base: Url) -> str:
        """Return the URL of a module; an empty string for a bare name that no map has.

        :param base: the URL of the module that imports it.
        """
        url = _as_url(specifier, base)
        name = url or specifier
        for prefix in sorted(self._scopes, key=len, reverse=True):
            if str(base) == prefix or (prefix.endswith("/") and str(base).startswith(prefix)):
                found = _match(self._scopes[prefix], name)
                if found:
                    return found
        return _match(self._imports, name) or url

    def addresses(self) -> list[str]:
        """Return the URLs that the maps name; one that ends with a slash stands for many."""
        maps = (self._imports, *self._scopes.values())
        return list(dict.fromkeys(url for mapping in maps for url in mapping.values() if url and not url.endswith("/")))

    def integrity(self, url: str) -> str:
        """Return the digests that a map gives for a module's URL."""
        return self._integrity.get(url, "")

    def _add(self, target: dict[str, str], mapping: t.Any, urls: bool = True) -> None:
        for name, address in mapping.items() if isinstance(mapping, dict) else ():
            if isinstance(address, str):
                key = _as_url(name, self._base) or name
                target.setdefault(key, self._url(address) if urls else address)

    def _url(self, address: str) -> str:
        try:
            return str(join(self._base, address))
        except UrlError:
            return ""


def _as_url(specifier: str, base: Url) -> str:
    """Return the URL of a specifier that is one: absolute, or relative with a slash or dots at its beginning."""
    try:
        return str(join(base, specifier) if specifier.startswith(("/", "./", "../")) else parse_url(specifier))
    except UrlError:
        return ""


def _match(mapping: t.Mapping[str, str], name: str) -> str:
    if name in mapping:
        return mapping[name]
    prefixes = [prefix for prefix in mapping if prefix.endswith("/") and name.startswith(prefix)]
    if not prefixes:
        return ""
    longest = max(prefixes, key=len)
    return mapping[longest] + name[len(longest) :] if mapping[longest].endswith("/") else ""
