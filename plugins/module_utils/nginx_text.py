# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading nginx's configuration: as far as ``include``, ``server``, ``listen`` and ``pid`` need it.

Syntax after ``ngx_conf_read_token()`` in nginx's src/core/ngx_conf_file.c. Whether a configuration is right is nginx's to say: a text
that ends too early is read as far as it goes.
"""

from __future__ import annotations

import os
import re
import typing as t
from fnmatch import fnmatchcase

TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<comment>\#[^\n]*)|(?P<mark>[;{}])
    |(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    |(?P<word>(?:\\.|\$\{|[^\s;{])+)""",
    re.DOTALL | re.VERBOSE,
)
ESCAPE = re.compile(r"""\\(["'\\trn])""")
ESCAPED = {"t": "\t", "r": "\r", "n": "\n"}
DEEPEST = 200
"""Blocks within blocks. No configuration has so many; a text that does is none."""


class Word(t.NamedTuple):
    """A name or an argument, unquoted, and where it stands in the text."""

    text: str
    start: int
    end: int


class Directive(t.NamedTuple):
    """A directive, its arguments, and what stands in its block (None where it has no block)."""

    name: str
    words: list[Word]
    line: int
    block: list[Directive] | None

    @property
    def arguments(self) -> list[str]:
        """The arguments' texts."""
        return [word.text for word in self.words]


def parse(text: str) -> list[Directive]:
    """Return the directives of a configuration file."""
    return _block(text, 0)[0]


def _block(text: str, position: int, depth: int = 0) -> tuple[list[Directive], int]:
    directives: list[Directive] = []
    words: list[Word] = []
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:  # an unclosed quotation mark: nginx refuses the file
            return directives, len(text)
        position = match.end()
        if match.lastgroup in ("quoted", "word"):
            words.append(_word(match))
        elif match.lastgroup == "mark":
            if match.group() == "}":
                return directives, position
            if not words:
                if match.group() == "{":  # a block without a name: nginx refuses the file; what it holds counts as standing around it
                    inner, position = _inner(text, position, depth)
                    directives += inner
                continue
            block: list[Directive] | None = None
            line = text.count("\n", 0, words[0].start) + 1
            if match.group() == "{":
                if words[0].text.endswith("_by_lua_block"):
                    block, position = [], _end_of_lua(text, position)
                else:
                    block, position = _inner(text, position, depth)
            directives.append(Directive(words[0].text, words[1:], line, block))
            words = []
    return directives, position


def _inner(text: str, position: int, depth: int) -> tuple[list[Directive], int]:
    return _block(text, position, depth + 1) if depth < DEEPEST else ([], len(text))


def _word(match: re.Match[str]) -> Word:
    raw = match.group()
    if match.lastgroup == "quoted":
        raw = raw[1:-1]
    return Word(ESCAPE.sub(lambda escape: ESCAPED.get(escape.group(1), escape.group(1)), raw), match.start(), match.end())


def _end_of_lua(text: str, position: int) -> int:
    depth = 1
    for brace in re.compile(r"[{}]").finditer(text, position):
        depth += 1 if brace.group() == "{" else -1
        if depth == 0:
            return brace.end()
    return len(text)


def quote(value: str) -> str:
    """Return a value as one quoted word of nginx's configuration."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def walk(directives: t.Iterable[Directive]) -> t.Iterator[Directive]:
    """Yield directives and all that their blocks hold."""
    for directive in directives:
        yield directive
        yield from walk(directive.block or ())


def includes(directives: t.Iterable[Directive]) -> t.Iterator[Word]:
    """Yield the argument of each ``include``, wherever it stands."""
    return (item.words[0] for item in walk(directives) if item.name == "include" and len(item.words) == 1)


def path_matches(path: str, pattern: str) -> bool:
    """Tell whether an include's pattern reaches a path, by the rules of glob(3): ``*`` stops at a slash and skips leading dots."""
    names, parts = path.split("/"), pattern.split("/")
    return len(names) == len(parts) and all(
        fnmatchcase(name, part) and (part.startswith(".") or not name.startswith(".")) for name, part in zip(names, parts)
    )


class Configuration:
    """The files of a configuration, as nginx reads them, includes in their places.

    :param files: text by absolute path.
    :param main: path of the main file; relative includes start from its folder.
    """

    def __init__(self, files: t.Mapping[str, str], main: str) -> None:
        self.files = files
        self.main = main
        self._parsed = {path: parse(text) for path, text in files.items()}

    def absolute(self, include: str) -> str:
        """Return an include's pattern as an absolute path."""
        return os.path.normpath(os.path.join(os.path.dirname(self.main), include))

    def directives(self, *blocks: str) -> t.Iterator[tuple[str, Directive]]:
        """Yield file and directive for all that stands in these nested blocks, such as ``"http"``; without blocks, at the top."""
        return self._inside([(self.main, item) for item in self._parsed.get(self.main, [])], blocks, (self.main,))

    def inside(self, path: str, directive: Directive) -> t.Iterator[Directive]:
        """Yield what stands in one directive's block; ``path`` is the file that holds the directive."""
        return (item for _path, item in self._inside([(path, item) for item in directive.block or ()], (), (path,)))

    def _inside(self, items: t.Iterable[tuple[str, Directive]], blocks: t.Sequence[str], seen: tuple[str, ...]) -> t.Iterator[tuple[str, Directive]]:
        for path, item in items:
            if item.name == "include" and len(item.words) == 1:
                for found in self.reached_by(item.words[0].text):
                    if found not in seen:  # nginx itself refuses a circle
                        yield from self._inside([(found, inner) for inner in self._parsed[found]], blocks, (*seen, found))
            elif not blocks:
                yield path, item
            elif item.name == blocks[0]:
                yield from self._inside([(path, inner) for inner in item.block or ()], blocks[1:], seen)

    def reached_by(self, include: str) -> list[str]:
        """Return the known files that an include reaches, in nginx's order."""
        pattern = self.absolute(include)
        return sorted(path for path in self.files if path == pattern or path_matches(path, pattern))

    def includes_in(self, *blocks: str) -> list[str]:
        """Return the absolute patterns of the includes that stand in these nested blocks."""
        found: list[str] = []
        self._collect(self._parsed.get(self.main, []), blocks, (self.main,), found)
        return found

    def _collect(self, items: t.Iterable[Directive], blocks: t.Sequence[str], seen: tuple[str, ...], found: list[str]) -> None:
        for item in items:
            if item.name == "include" and len(item.words) == 1:
                if not blocks:
                    found.append(self.absolute(item.words[0].text))
                for path in self.reached_by(item.words[0].text):
                    if path not in seen:
                        self._collect(self._parsed[path], blocks, (*seen, path), found)
            elif blocks and item.name == blocks[0]:
                self._collect(item.block or (), blocks[1:], seen, found)


def read_dump(dump: str) -> dict[str, str]:
    """Return the files of ``nginx -T``: text by path, in nginx's order."""
    parts = re.split(r"^# configuration file (.+):\n", dump, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))
