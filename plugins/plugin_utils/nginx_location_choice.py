# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which location nginx chooses for a URI, after ngx_http_core_find_location() in src/http/ngx_http_core_module.c."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Location, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, search


class LocationChoice(t.NamedTuple):
    """What was chosen.

    :ivar location: None for the server block itself.
    :ivar captures: of the last pattern that matched on the way; None if there was none.
    :ivar losers: the other locations that match, and why each lost.
    :ivar undecided: a pattern before the chosen one that could not be decided.
    :ivar redirects: the URI lacks only the slash at the end of a location that passes requests on.
    """

    location: Location | None
    reason: str
    captures: dict[str, str] | None
    losers: list[tuple[Location, str]]
    undecided: list[tuple[str, str, int, str]]
    redirects: bool


class _Search:
    """One search through the locations."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.chosen: Location | None = None
        self.captures: dict[str, str] | None = None
        self.reason = "no location matches"
        self.considered: list[Location] = []
        self.undecided: list[tuple[str, str, int, str]] = []
        self.redirects = False

    def find(self, block: Location | ServerBlock) -> bool:
        """Search a block; tell whether the search has ended."""
        if not block.locations:
            return False
        found = self._prefix(block)
        if found is None:
            return True
        patterns = block.table.patterns
        if found:
            chosen = t.cast("Location", self.chosen)
            if self.find(chosen):
                return True
            if chosen.modifier == "^~":
                if self.chosen is chosen:
                    self.reason = "its prefix is the longest, and ^~ keeps the patterns away"
                self.considered += [location for location in patterns if self._matched(location) is not None]
                return False
        return any(self._try(location) for location in patterns)

    def _prefix(self, block: Location | ServerBlock) -> bool | None:
        """Choose by prefix; None if that ends the search."""
        exact, prefixes, lengths, _patterns = block.table
        uri = self.uri
        matching = [prefixes[uri[:length]] for length in lengths if length <= len(uri) and uri[:length] in prefixes]
        self.considered += matching
        if uri in exact:
            self._choose(exact[uri], "it is exactly this URI")
            return None
        if uri not in prefixes:
            ending = uri + "/"
            with_slash = [item for item in (exact.get(ending), prefixes.get(ending)) if item is not None]
            if any(item.content is not None and item.content.name.endswith("_pass") for item in with_slash):
                self._choose(with_slash[0], "the URI lacks only the slash at its end, so nginx redirects")
                self.redirects = True
                return None
        if not matching:
            return False
        self._choose(matching[0], "its prefix is the longest, and no pattern matches")
        return True

    def _try(self, location: Location) -> bool:
        captures = self._matched(location)
        if captures is None:
            return False
        named = {key: value for key, value in (self.captures or {}).items() if not key.isdigit()}
        self.captures = {**named, **captures}
        self._choose(location, "it is the first pattern that matches, and patterns go before prefixes")
        self.find(location)
        # What a location within says of a slash at the end does not count behind a pattern.
        self.redirects = False
        return True

    def _matched(self, location: Location) -> dict[str, str] | None:
        try:
            return search(location.pattern, self.uri, location.modifier == "~*")
        except PatternError as error:
            self.undecided.append((str(location), location.file, location.line, f"this pattern cannot be decided here: {error}"))
            return None

    def _choose(self, location: Location, reason: str) -> None:
        self.considered.append(location)
        self.chosen, self.reason = location, reason


def choose_location(server: ServerBlock, uri: str) -> LocationChoice:
    """Choose for a URI, as normalised."""
    search_ = _Search(uri)
    search_.find(server)
    winner = search_.chosen
    losers = [
        (location, _why_lost(location, winner))
        for location in dict.fromkeys(search_.considered)
        if location is not winner and (winner is None or location not in winner.parents)
    ]
    return LocationChoice(winner, search_.reason, search_.captures, losers, search_.undecided, search_.redirects)


def _why_lost(location: Location, winner: Location | None) -> str:
    if winner is None:
        return "it is not reached"
    if winner.modifier == "=":
        return f"{winner} is exactly this URI"
    if winner.modifier in ("~", "~*"):
        return f"{winner} is a pattern that matches, and a pattern goes before a prefix without ^~"
    if location.modifier in ("~", "~*"):
        return f"{winner} is written with ^~, which keeps the patterns away"
    return f"{winner} is longer"
