# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading nginx's configuration into server blocks and locations, each with the directives that are in effect there.

The text is parsed by ngxparse, file by file; includes are followed here, for the files come from another host.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.nginx_text import path_matches

try:
    import crossplane  # ngxparse, under the name of the project that it goes on with
except ImportError:
    crossplane = None

MOST_INCLUDES = 20
"""Includes in includes; nginx itself has no limit but the stack."""
PASSES = ("proxy_pass", "uwsgi_pass", "fastcgi_pass", "scgi_pass", "grpc_pass", "memcached_pass")
OTHER_HANDLERS = ("stub_status", "empty_gif", "flv", "mp4", "perl", "content_by_lua_block", "content_by_lua_file", "js_content")
NOT_INHERITED = frozenset((*PASSES, *OTHER_HANDLERS, "try_files", "return", "rewrite", "set", "if", "break", "internal", "alias_of"))
"""Directives that hold only where they stand (each module's merge function; the rewrite directives are run, not inherited)."""
TOGETHER = {"allow": ("allow", "deny"), "deny": ("allow", "deny"), "root": ("root", "alias"), "alias": ("root", "alias")}
"""Directives of one setting: an inner one of either replaces the outer ones of both."""
_BULK = re.compile(r"(?:^|[;{}\s])(?:map|geo|split_clients)\s+[^{};]*\{")
_LARGE = 200_000
"""Characters of a file from which on the contents of its maps are passed over: they may be megabytes, and are not needed to choose a location."""


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
    """A ``listen``: an address ("" for all of IPv4, "::" for all of IPv6) and port, or the path of a unix socket."""

    address: str
    port: int | None
    unix: str
    ssl: bool
    default: bool
    file: str
    line: int


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

    def own(self, name: str) -> list[Directive]:
        """Return the directives of a name that stand in this very block."""
        return [item for item in self.directives if item.name == name]

    def effective(self, name: str) -> list[Directive]:
        """Return the directives of a name that are in effect here: those of the innermost block that has any."""
        block: Block | None = self
        names = TOGETHER.get(name, (name,))
        while block is not None:
            found = [item for item in block.directives if item.name in names]
            if found or name in NOT_INHERITED:
                return found
            block = block.parent
        return []

    def holder(self, name: str) -> Block | None:
        """Return the block whose directives of a name are in effect here."""
        block: Block | None = self
        names = TOGETHER.get(name, (name,))
        while block is not None and not any(item.name in names for item in block.directives):
            block = block.parent
        return block

    @property
    def handler(self) -> str:
        """The directive that answers here: ``return``, one of the passes, or ``static``."""
        for name in ("return", *PASSES, *OTHER_HANDLERS):
            if any(item.name == name for item in self.directives):
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

    def absolute(self, path: str) -> str:
        """Return a path as nginx completes it: relative to its prefix, unless it begins with a variable."""
        return path if path.startswith(("/", "$")) else os.path.join(self.prefix, path)


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


class Configuration:
    """A whole configuration.

    :ivar servers: the server blocks in the order in which nginx reads them.
    :ivar problems: what could not be read, a sentence for each.
    """

    def __init__(self, files: t.Mapping[str, str], main: str, prefix: str) -> None:
        self.main = main
        self.prefix = prefix or os.path.dirname(main)
        self.problems: list[str] = []
        self._files = files
        self._parsed: dict[str, list[dict[str, t.Any]]] = {}
        top = self._read(main, ())
        if not self._parsed.get(main) and self.problems:
            raise ExplainedError(self.problems[0])
        self.servers: list[ServerBlock] = []
        self.upstreams: dict[str, list[str]] = {}
        self.maps: dict[str, Directive] = {}
        for http in (item for item in top if item.name == "http" and item.block is not None):
            self._read_http(http.block or [])

    def addresses(self, argument: str) -> list[str]:
        """Return where a pass leads: ``unix:/path`` or ``host:port``, through an upstream block of that name."""
        text = re.sub(r"^(?:https?|grpcs?|s?uwsgi)://", "", argument)
        if text.startswith("unix:"):
            return ["unix:" + text[5:].partition(":")[0]]
        host = text.partition("/")[0]
        return self.upstreams.get(host) or [host]

    def _read_http(self, directives: list[Directive]) -> None:
        http = Http(directives, self.prefix)
        for item in directives:
            if item.name == "upstream" and item.block is not None and item.arguments:
                self.upstreams[item.arguments[0]] = [server.arguments[0] for server in item.block if server.name == "server" and server.arguments]
            elif item.name == "map" and len(item.arguments) == 2:
                self.maps[item.arguments[1].lstrip("$")] = item
        for item in directives:
            if item.name == "server" and item.block is not None:
                names = [name for inner in item.block if inner.name == "server_name" for name in inner.arguments] or [""]
                listens = [listen for inner in item.block if inner.name == "listen" for listen in [read_listen(inner)] if listen is not None]
                server = ServerBlock(
                    names, listens or [Listen("", 80, "", False, False, item.file, item.line)], item.file, item.line, item.block, http, self.prefix
                )
                server.locations = self._locations(server)
                self.servers.append(server)

    def _locations(self, parent: Block) -> list[Location]:
        found = []
        for item in parent.directives:
            if item.name != "location" or item.block is None or not item.arguments:
                continue
            modifier, pattern = _modifier(item.arguments)
            upstreams = [
                address
                for name in PASSES
                for inner in item.block
                if inner.name == name and inner.arguments
                for address in self.addresses(inner.arguments[0])
            ]
            location = Location(modifier, pattern, item.file, item.line, item.block, parent, self.prefix, upstreams)
            location.locations = self._locations(location)
            found.append(location)
        return found

    def _read(self, path: str, seen: tuple[str, ...]) -> list[Directive]:
        if path not in self._parsed:
            self._parsed[path] = self._parse(path)
        return self._expand(self._parsed[path], path, (*seen, path))

    def _parse(self, path: str) -> list[dict[str, t.Any]]:
        text = self._files.get(path)
        if text is None:
            self.problems.append(f"{path} was not read from the host.")
            return []
        try:
            payload = crossplane.parse_string(without_maps(text), filename=path, strict=False, check_ctx=False, check_args=False, single=True)
        except (RecursionError, ValueError, IndexError, StopIteration, RuntimeError) as error:
            self.problems.append(f"{path} cannot be understood: {error}.")
            return []
        for error in payload["errors"][:1]:
            self.problems.append(f"{path} cannot be understood: {error['error']}.")
        return t.cast("list[dict[str, t.Any]]", payload["config"][0]["parsed"])

    def _expand(self, items: t.Sequence[t.Mapping[str, t.Any]], path: str, seen: tuple[str, ...]) -> list[Directive]:
        found: list[Directive] = []
        for item in items:
            if item["directive"] == "include" and len(item["args"]) == 1 and "block" not in item:
                for file in self._reached(item["args"][0]):
                    if file not in seen and len(seen) < MOST_INCLUDES:
                        found += self._read(file, seen)
                continue
            if item["directive"] == "#":
                continue
            block = self._expand(item["block"], path, seen) if "block" in item else None
            found.append(Directive(item["directive"], list(item["args"]), path, item["line"], block))
        return found

    def _reached(self, pattern: str) -> list[str]:
        pattern = os.path.normpath(os.path.join(os.path.dirname(self.main), pattern))
        if pattern in self._files:
            return [pattern]
        return sorted(path for path in self._files if path_matches(path, pattern)) if re.search(r"[*?\[]", pattern) else []


def without_maps(text: str) -> str:
    """Return a text without the contents of its maps, if it is large; lines keep their numbers."""
    if len(text) < _LARGE:
        return text
    parts, position = [], 0
    for match in iter(lambda: _BULK.search(text, position), None):
        end = text.find("}", match.end())
        if end < 0:
            break
        parts += [text[position : match.end()], "\n" * text.count("\n", match.end(), end)]
        position = end
    return "".join([*parts, text[position:]])


def _modifier(arguments: list[str]) -> tuple[str, str]:
    if len(arguments) >= 2:
        return arguments[0], arguments[1]
    match = re.match(r"(=|\^~|~\*|~)(.+)", arguments[0], re.DOTALL)
    if match:
        return match.group(1), match.group(2)
    return ("@" if arguments[0].startswith("@") else ""), arguments[0]


def read_listen(directive: Directive) -> Listen | None:
    """Read a ``listen``; None if it is none that can be understood."""
    if not directive.arguments:
        return None
    text, options = directive.arguments[0], set(directive.arguments[1:])
    rest = ("ssl" in options, bool({"default_server", "default"} & options), directive.file, directive.line)
    if text.startswith("unix:"):
        return Listen("", None, text[5:], *rest)
    if text.isdigit():
        return Listen("", int(text), "", *rest)
    match = re.match(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[^:\[\]]*))(?::(?P<port>\d+))?\Z", text)
    if match is None:
        return None
    address = match["six"] if match["six"] is not None else "" if match["four"] in ("*", "0.0.0.0") else match["four"]
    return Listen(address, int(match["port"] or 80), "", *rest)


def require_parser() -> None:
    """Make sure that configurations can be read.

    :raises ExplainedError: the parser is not installed.
    """
    if crossplane is None:
        raise ExplainedError(
            "The Python package ngxparse, which reads nginx's configuration, is missing on the controller, beside ansible-core: "
            "run `pip install ngxparse` with the pip of that Python."
        )


def from_dump(text: str) -> tuple[dict[str, str], str]:
    """Split what ``nginx -T`` prints into its files; return them and the main one's path.

    :raises ExplainedError: it is no such dump.
    """
    marks = list(re.finditer(r"^# configuration file (.+):$\n?", text, re.MULTILINE))
    if not marks:
        raise ExplainedError("This is no output of nginx -T: it has no line `# configuration file …:`.")
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    files: dict[str, str] = {}
    for mark, end in zip(marks, ends, strict=True):
        files.setdefault(mark.group(1), text[mark.end() : end].removesuffix("\n"))
    return files, marks[0].group(1)


def read_configuration(files: t.Mapping[str, str], main: str, prefix: str = "", globals_: str = "") -> Configuration:
    """Read a configuration.

    :param files: text by absolute path.
    :param prefix: for relative paths of ``root`` and the like; by default the main file's folder.
    :param globals_: the text of ``-g``, which only holds directives of the main context.
    :raises ExplainedError: the main file cannot be understood at all.
    """
    del globals_
    return Configuration(files, main, prefix)
