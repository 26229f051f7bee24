# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which location nginx chooses for a URI, after ngx_http_core_find_location() in src/http/ngx_http_core_module.c."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Block, Location, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, compiled


class LocationChoice(t.NamedTuple):
    """What was chosen.

    :ivar location: None for the server block itself.
    :ivar match: of a regular expression.
    :ivar losers: the other locations that match, and why each lost.
    :ivar undecided: a pattern before the chosen one that could not be decided.
    """

    location: Location | None
    reason: str
    match: re.Match[str] | None
    losers: list[tuple[Location, str]]
    undecided: list[tuple[str, str, int, str]]
    redirects: bool


class _Search:
    """One search through the locations."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.chosen: Location | None = None
        self.match: re.Match[str] | None = None
        self.reason = "no location matches"
        self.considered: list[Location] = []
        self.undecided: list[tuple[str, str, int, str]] = []
        self.redirects = False

    def find(self, block: Block) -> bool:
        """Search a block; tell whether the search has ended."""
        locations: list[Location] = getattr(block, "locations", [])
        ended, blocked = False, False
        found = self._prefix(locations)
        if found == "exact":
            return True
        if found == "prefix":
            blocked = t.cast("Location", self.chosen).modifier == "^~"
            ended = self.find(t.cast("Location", self.chosen))
        if ended:
            return True
        if blocked:
            self.reason = "its prefix is the longest, and ^~ keeps the patterns away"
            self.considered += [location for location in locations if self._matches(location) and location.modifier in ("~", "~*")]
            return False
        for location in locations:
            if location.modifier in ("~", "~*") and self._try(location):
                return True
        return False

    def _prefix(self, locations: list[Location]) -> str:
        """Choose by prefix: an exact one ends the search, the longest other one is kept."""
        longest: Location | None = None
        for location in locations:
            if location.modifier == "=" and location.pattern == self.uri:
                self._choose(location, "it is exactly this URI", None)
                return "exact"
            if location.modifier in ("", "^~") and self.uri.startswith(location.pattern):
                self.considered.append(location)
                if longest is None or len(location.pattern) > len(longest.pattern):
                    longest = location
            elif location.modifier in ("", "^~", "=") and location.pattern == self.uri + "/" and location.handler.endswith("_pass"):
                self._choose(location, "the URI lacks only the slash at its end, so nginx redirects", None)
                self.redirects = True
                return "exact"
        if longest is None:
            return ""
        self._choose(longest, "its prefix is the longest, and no pattern matches", None)
        return "prefix"

    def _try(self, location: Location) -> bool:
        match = self._matched(location)
        if match is None:
            return False
        self._choose(location, "it is the first pattern that matches, and patterns go before prefixes", match)
        self.find(location)
        return True

    def _matched(self, location: Location) -> re.Match[str] | None:
        try:
            return compiled(location.pattern, location.modifier == "~*").search(self.uri)
        except PatternError as error:
            self.undecided.append((str(location), location.file, location.line, f"this pattern cannot be decided here: {error}"))
            return None

    def _matches(self, location: Location) -> bool:
        try:
            return bool(compiled(location.pattern, location.modifier == "~*").search(self.uri))
        except PatternError:
            return False

    def _choose(self, location: Location, reason: str, match: re.Match[str] | None) -> None:
        self.considered.append(location)
        self.chosen, self.reason, self.match = (
            location,
            reason,
            match if match is not None else self.match if location.modifier in ("", "^~") else None,
        )


def choose_location(server: ServerBlock, uri: str) -> LocationChoice:
    """Choose for a URI, as normalised."""
    search = _Search(uri)
    search.find(server)
    winner = search.chosen
    losers = [
        (location, _why_lost(location, winner))
        for location in dict.fromkeys(search.considered)
        if location is not winner and (winner is None or location not in winner.parents)
    ]
    return LocationChoice(winner, search.reason, search.match, losers, search.undecided, search.redirects)


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
