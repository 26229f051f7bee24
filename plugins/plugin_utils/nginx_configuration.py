# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading nginx's configuration into server blocks and locations.

The text is parsed by ngxparse, file by file; includes are followed here, for the files come from another host.
"""

from __future__ import annotations

import functools
import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.nginx_text import path_matches
from ansible_collections.webops.django.plugins.plugin_utils.nginx_listen import read_listens
from ansible_collections.webops.django.plugins.plugin_utils.nginx_maps import Maps
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import (
    OTHER_HANDLERS,
    PASSES,
    Block,
    Directive,
    Http,
    Listen,
    Location,
    Mapping,
    ServerBlock,
)
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import NAMED

try:
    import crossplane  # ngxparse, under the name of the project that it goes on with
except ImportError:
    crossplane = None

__all__ = [
    "OTHER_HANDLERS",
    "PASSES",
    "Block",
    "Configuration",
    "Directive",
    "Http",
    "Listen",
    "Location",
    "Mapping",
    "ServerBlock",
    "from_dump",
    "read_configuration",
    "require_parser",
]
MOST_INCLUDES = 20
"""Includes in includes; nginx itself has no limit but the stack."""
_BULK = re.compile(r"(?:^|[;{}\s])(?:map|geo|split_clients)\s+[^{};]*\{")
_ENDS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|#[^\n]*|\}", re.DOTALL)
_LARGE, _SMALL = 200_000, 2000
"""Characters of a file from which on the contents of its maps are passed over, and of a map up to which they are not: they may be megabytes."""


class Configuration:
    """A whole configuration.

    :ivar servers: the server blocks in the order in which nginx reads them.
    :ivar problems: what could not be read, a sentence for each.
    :ivar said_by_rules: what ``allow`` and ``deny`` say, for each list of them and client that was asked for.
    :ivar chosen_by: the choice of the server block, prepared for each address that was asked for.
    """

    def __init__(self, files: t.Mapping[str, str], main: str, prefix: str, shortened: t.Collection[str] = ()) -> None:
        self.main = main
        self.prefix = prefix or os.path.dirname(main)
        self.problems: list[str] = []
        self._files = files
        self._parsed: dict[str, list[dict[str, t.Any]]] = {}
        self._looping: set[str] = set()
        top = self._read(main, ())
        if not self._parsed.get(main) and self.problems:
            raise ExplainedError(self.problems[0])
        self.servers: list[ServerBlock] = []
        self.upstreams: dict[str, list[str]] = {}
        self.maps = Maps((), ())
        self.shortened = shortened
        self.chosen_by: dict[t.Any, t.Any] = {}
        self.said_by_rules: dict[t.Any, t.Any] = {}
        for http in (item for item in top if item.name == "http" and item.block is not None):
            self._read_http(http.block or [])

    def addresses(self, argument: str) -> list[str]:
        """Return where a pass leads: ``unix:/path`` or ``host:port``, through an upstream block of that name."""
        text = re.sub(r"^(?:https?|grpcs?|s?uwsgi)://", "", argument)
        if text.startswith("unix:"):
            return ["unix:" + text[5:].partition(":")[0]]
        host = text.partition("/")[0]
        return self.upstreams.get(host) or [host]

    @functools.cached_property
    def declared(self) -> frozenset[str]:
        """The variables that ``set`` or a named capture makes, wherever; they are empty until then."""
        found: set[str] = set()
        waiting: list[Directive] = [item for server in self.servers for item in server.directives]
        while waiting:
            item = waiting.pop()
            waiting += item.block or []
            if item.name == "set" and item.arguments:
                found.add(item.arguments[0].lstrip("$"))
            elif item.name in ("location", "rewrite", "if", "server_name"):
                found.update(name for argument in item.arguments for name in NAMED.findall(argument))
        return frozenset(found)

    def _read_http(self, directives: list[Directive]) -> None:
        http = Http(directives, self.prefix)
        for item in directives:
            if item.name == "upstream" and item.block is not None and item.arguments:
                self.upstreams[item.arguments[0]] = [server.arguments[0] for server in item.block if server.name == "server" and server.arguments]
        self.maps = Maps(directives, self.shortened)
        for item in directives:
            if item.name == "server" and item.block is not None:
                names = [name for inner in item.block if inner.name == "server_name" for name in inner.arguments] or [""]
                listens = [listen for inner in item.block if inner.name == "listen" for listen in read_listens(inner)]
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
        for problem in payload["errors"][:1]:
            self.problems.append(f"{path} cannot be understood: {problem['error']}.")
        return t.cast("list[dict[str, t.Any]]", payload["config"][0]["parsed"])

    def _expand(self, items: t.Sequence[t.Mapping[str, t.Any]], path: str, seen: tuple[str, ...]) -> list[Directive]:
        found: list[Directive] = []
        for item in items:
            if item["directive"] == "include" and len(item["args"]) == 1 and "block" not in item:
                reached = self._reached(item["args"][0])
                for file in reached:
                    found += self._included(file, seen)
                if reached or re.search(r"[*?\[]", item["args"][0]):
                    continue
            if item["directive"] == "#":
                continue
            block = self._expand(item["block"], path, seen) if "block" in item else None
            found.append(Directive(item["directive"], list(item["args"]), path, item["line"], block))
        return found

    def _included(self, file: str, seen: tuple[str, ...]) -> list[Directive]:
        """Return the directives of a file that another includes; none of one that includes itself, which nginx refuses."""
        if file in seen:
            self._looping.update(seen[seen.index(file) :])
            self.problems.append(f"{file} includes itself.")
        if file in self._looping or len(seen) >= MOST_INCLUDES:
            return []
        return self._read(file, seen)

    def _reached(self, pattern: str) -> list[str]:
        pattern = os.path.normpath(os.path.join(os.path.dirname(self.main), pattern))
        if pattern in self._files:
            return [pattern]
        return sorted(path for path in self._files if path_matches(path, pattern)) if re.search(r"[*?\[]", pattern) else []


def without_maps(text: str) -> str:
    """Return a text without the contents of its maps, if it is large; lines keep their numbers."""
    if len(text) < _LARGE:
        return text
    parts: list[str] = []
    position = 0
    while (match := _BULK.search(text, position)) is not None:
        # A brace in quotation marks, or in a comment, ends no block.
        end = next((found.start() for found in _ENDS.finditer(text, match.end()) if found.group() == "}"), -1)
        if end < 0:
            break
        kept = end - match.end() <= _SMALL
        parts += [text[position : match.end()], text[match.end() : end] if kept else "\n" * text.count("\n", match.end(), end)]
        position = end
    return "".join([*parts, text[position:]])


def _modifier(arguments: list[str]) -> tuple[str, str]:
    if len(arguments) >= 2:
        return arguments[0], arguments[1]
    match = re.match(r"(=|\^~|~\*|~)(.+)", arguments[0], re.DOTALL)
    if match:
        return match.group(1), match.group(2)
    return ("@" if arguments[0].startswith("@") else ""), arguments[0]


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


def read_configuration(
    files: t.Mapping[str, str], main: str, prefix: str = "", globals_: str = "", shortened: t.Collection[str] = ()
) -> Configuration:
    """Read a configuration.

    :param files: text by absolute path.
    :param prefix: for relative paths of ``root`` and the like; by default the main file's folder.
    :param globals_: the text of ``-g``, which only holds directives of the main context.
    :param shortened: paths of files whose contents were cut: what their maps say is not known.
    :raises ExplainedError: the main file cannot be understood at all.
    """
    del globals_
    return Configuration(files, main, prefix, shortened)
