# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration of nginx consists of: server blocks and locations, each with the directives that are in effect there."""

from __future__ import annotations

import dataclasses
import functools
import os
import typing as t

PASSES = ("proxy_pass", "uwsgi_pass", "fastcgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")
OTHER_HANDLERS = ("stub_status", "empty_gif", "flv", "mp4", "perl", "content_by_lua_block", "content_by_lua_file", "js_content")
REWRITES = ("set", "rewrite", "return", "break", "if")
NOT_INHERITED = frozenset((*PASSES, *OTHER_HANDLERS, "try_files", "return", "rewrite", "set", "if", "break", "internal", "alias_of"))
"""Directives that hold only where they stand (each module's merge function; the rewrite directives are run, not inherited)."""
TOGETHER = {"allow": ("allow", "deny"), "deny": ("allow", "deny"), "root": ("root", "alias"), "alias": ("root", "alias")}
"""Directives of one setting: an inner one of either replaces the outer ones of both."""


class Directive(t.NamedTuple):
    """A directive and where it stands; ``block`` is None where it has no block."""

    name: str
    arguments: list[str]
    file: str
    line: int
    block: list[Directive] | None

    def __str__(self) -> str:
        return " ".join([self.name, *self.arguments])


class Listen(t.NamedTuple):
    """A ``listen``: an address ("" for all of IPv4, "::" for all of IPv6) and port, or the path of a unix socket.

    :ivar both_families: it says ipv6only=off, so IPv4 comes here too.
    """

    address: str
    port: int | None
    unix: str
    ssl: bool
    default: bool
    file: str
    line: int
    both_families: bool = False


class Mapping(t.NamedTuple):
    """The ``root`` or ``alias`` in effect.

    :ivar argument: as it is written.
    :ivar folder: absolute; with variables in it as long as no URL is known.
    """

    directive: str
    argument: str
    folder: str
    file: str
    line: int


class Block:
    """What directives may stand in and be inherited from."""

    directives: list[Directive]
    parent: Block | None
    prefix: str

    @functools.cached_property
    def _by_name(self) -> dict[str, list[Directive]]:
        found: dict[str, list[Directive]] = {}
        for item in self.directives:
            found.setdefault(item.name, []).append(item)
            if item.name in TOGETHER:
                found.setdefault(" ".join(TOGETHER[item.name]), []).append(item)
        return found

    @functools.cached_property
    def _in_effect(self) -> dict[str, list[Directive]]:
        return {}

    @functools.cached_property
    def rewrites(self) -> list[Directive]:
        """The directives of the rewrite module in their order."""
        return [item for item in self.directives if item.name in REWRITES]

    def own(self, name: str) -> list[Directive]:
        """Return the directives of a name that stand in this very block."""
        return self._by_name.get(name, [])

    def own_together(self, name: str) -> list[Directive]:
        """Return the directives of a name, and of those that are one setting with it, that stand in this very block."""
        return self._by_name.get(" ".join(TOGETHER[name]) if name in TOGETHER else name, [])

    def effective(self, name: str) -> list[Directive]:
        """Return the directives of a name that are in effect here: those of the innermost block that has any."""
        known = self._in_effect.get(name)
        if known is None:
            known = self.own_together(name)
            if not known and self.parent is not None and name not in NOT_INHERITED:
                known = self.parent.effective(name)
            self._in_effect[name] = known
        return known

    def holder(self, name: str) -> Block | None:
        """Return the block whose directives of a name are in effect here."""
        block: Block | None = self
        while block is not None and not block.own_together(name):
            block = block.parent
        return block

    @property
    def handler(self) -> str:
        """The directive that answers here: ``return``, one of the passes, or ``static``."""
        for name in ("return", *PASSES, *OTHER_HANDLERS):
            if name in self._by_name:
                return name
        return "static"

    @property
    def mapping(self) -> Mapping | None:
        """The ``root`` or ``alias`` in effect; None where requests are handed on, unless one stands in this very block."""
        found = self.effective("root")
        if not found or not found[-1].arguments or (self.handler != "static" and not (self.own("root") or self.own("alias"))):
            return None
        item = found[-1]
        return Mapping(item.name, item.arguments[0], self.absolute(item.arguments[0]), item.file, item.line)

    @property
    def content(self) -> Directive | None:
        """The directive that hands requests on or answers them, the last where there are several; None where files are served."""
        found = [item for name in (*PASSES, *OTHER_HANDLERS) for item in self.own(name)]
        return max(found, key=lambda item: item.line) if found else None

    def absolute(self, path: str) -> str:
        """Return a path as nginx completes it: relative to its prefix, unless it begins with a variable."""
        return path if path.startswith(("/", "$")) else os.path.join(self.prefix, path)


class Table(t.NamedTuple):
    """The locations of one block by the way in which they are chosen.

    :ivar lengths: of the prefixes, the longest first.
    """

    exact: dict[str, Location]
    prefixes: dict[str, Location]
    lengths: list[int]
    patterns: list[Location]


def table_of(locations: list[Location]) -> Table:
    """Sort locations."""
    exact = {item.pattern: item for item in locations if item.modifier == "="}
    prefixes = {item.pattern: item for item in locations if item.modifier in ("", "^~")}
    lengths = sorted({len(pattern) for pattern in prefixes}, reverse=True)
    return Table(exact, prefixes, lengths, [item for item in locations if item.modifier in ("~", "~*")])


@dataclasses.dataclass(eq=False)
class Location(Block):
    """A location block.

    :ivar modifier: ``""``, ``=``, ``^~``, ``~``, ``~*`` or ``@``.
    :ivar pattern: prefix, regular expression, or name with its ``@``.
    """

    modifier: str
    pattern: str
    file: str
    line: int
    directives: list[Directive]
    parent: Block
    prefix: str
    upstreams: list[str]
    locations: list[Location] = dataclasses.field(default_factory=list)

    @functools.cached_property
    def table(self) -> Table:
        """Its locations, ready to be chosen from."""
        return table_of(self.locations)

    @property
    def is_internal(self) -> bool:
        """Whether it, or a location around it, says ``internal``."""
        return any(item.own("internal") for item in (self, *self.parents))

    @property
    def parents(self) -> list[Location]:
        """The locations around this one, the innermost first."""
        found, block = [], self.parent
        while isinstance(block, Location):
            found.append(block)
            block = block.parent
        return found

    def __str__(self) -> str:
        return f"location {self.modifier} {self.pattern}" if self.modifier not in ("", "@") else f"location {self.pattern}"


@dataclasses.dataclass(eq=False)
class ServerBlock(Block):
    """A server block."""

    names: list[str]
    listens: list[Listen]
    file: str
    line: int
    directives: list[Directive]
    parent: Block
    prefix: str
    locations: list[Location] = dataclasses.field(default_factory=list)

    @functools.cached_property
    def table(self) -> Table:
        """Its locations, ready to be chosen from."""
        return table_of(self.locations)

    @functools.cached_property
    def named(self) -> dict[str, Location]:
        """Its named locations, by name."""
        return {item.pattern: item for item in self.locations if item.modifier == "@"}

    @property
    def is_default(self) -> bool:
        """Whether it says default_server."""
        return any(listen.default for listen in self.listens)


class Http(Block):
    """The http block."""

    def __init__(self, directives: list[Directive], prefix: str) -> None:
        self.directives = directives
        self.parent = None
        self.prefix = prefix
