# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules a JavaScript module makes a browser fetch, read in one pass whose time grows with the text's length only."""

from __future__ import annotations

import bisect
import re
import typing as t

_WORD = r"[\w$\u0080-\U0010ffff]"
_START = re.compile(rf"//|/\*|[\"'`/{{}}]|(?<!{_WORD})(?<!#)(?:import|export)(?!{_WORD})")
"""Where something begins that could hide an import, or be one."""
# None of these has anything after its repetition that could make it go back.
_IN_QUOTES = {'"': re.compile(r'[^"\\\r\n]*(?:\\(?:\r\n|[\s\S])[^"\\\r\n]*)*'), "'": re.compile(r"[^'\\\r\n]*(?:\\(?:\r\n|[\s\S])[^'\\\r\n]*)*")}
_IN_TEMPLATE = re.compile(r"[^`\\$]*(?:(?:\\[\s\S]|\$(?!\{))[^`\\$]*)*")
_REGEX = re.compile(r"(?:[^\\/\[\r\n]|\\[^\r\n]|\[(?:[^\\\]\r\n]|\\[^\r\n])*\])+/[a-zA-Z]*")
_LINE = re.compile(r"[^\r\n\u2028\u2029]*")
_BLANK = re.compile(r"\s*")
_CLAUSE = re.compile(rf"[{{}},*]|{_WORD}+")
_LAST_WORD = re.compile(rf"{_WORD}+\Z")
_TYPE = re.compile(r"\s*(?:with|assert)\s*\{\s*[\"']?type[\"']?\s*:\s*[\"'](\w+)[\"']")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(\r\n|[\n\r\u2028\u2029])|([\s\S]))")
_NAMED_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_BEFORE_REGEX = frozenset("return typeof case in of delete void instanceof new do else throw yield await".split())
"""Words behind which a slash begins a regular expression."""
_DECLARATIONS = frozenset("default const let var class function async".split())
"""Words behind ``export`` that begin a declaration, which names no module."""
_WORD_WINDOW = 24
_LONGEST_REGEX = 2048
"""Characters; one that is never closed must not be searched to the end of a long line again and again."""
_PATIENCE = 4096
"""Finds between two looks at the clock."""


class Import(t.NamedTuple):
    """A module that is imported.

    :param specifier: as it is written, escapes resolved.
    :param type: of its import attributes, such as ``json`` or ``css``; empty for JavaScript.
    """

    specifier: str
    type: str = ""


def js_imports(text: str, look_at_clock: t.Callable[[], object] = bool) -> list[Import]:
    """Return what a module imports: ``import``, ``export … from`` and ``import()`` of a literal, in order.

    What stands in comments, strings, templates and regular expressions is none. Whether a slash divides or begins a regular expression is
    told by what stands before it; behind ``)`` and ``}`` it is taken for a division, and a mistake there ends with the line.

    :param look_at_clock: called now and then; what it raises ends the reading.
    """
    reader = _Reader(text)
    for number, _found in enumerate(reader.read()):
        if number % _PATIENCE == 0:
            look_at_clock()
    return reader.imports


class _Reader:
    def __init__(self, text: str) -> None:
        self.imports: list[Import] = []
        self._text = text
        self._at = 0
        self._comment_starts: list[int] = []
        self._comment_ends: list[int] = []
        self._braces = 0
        self._templates: list[int] = []

    def read(self) -> t.Iterator[str]:
        """Read from one find to the next."""
        if self._text.startswith("#!"):
            self._line_comment()
        while True:
            match = _START.search(self._text, self._at)
            if not match:
                return
            self._at = match.end()
            found = match.group()
            yield found
            if found in ("//", "/*"):
                self._comment(found, match.start())
            elif found in _IN_QUOTES:
                self._string(found)
            elif found == "`":
                self._template()
            elif found == "/":
                self._slash(match.start())
            elif found == "{":
                self._braces += 1
            elif found == "}":
                self._close_brace()
            elif not self._is_property(match.start()):
                self._import() if found == "import" else self._export()

    def _comment(self, found: str, start: int) -> None:
        # `//` may be an empty regular expression nowhere (it is a comment by the grammar), so this needs no look backwards.
        if found == "//":
            self._line_comment()
        else:
            end = self._text.find("*/", self._at)
            self._at = len(self._text) if end < 0 else end + 2
        self._comment_starts.append(start)
        self._comment_ends.append(self._at)

    def _line_comment(self) -> None:
        match = _LINE.match(self._text, self._at)
        self._at = match.end() if match else self._at

    def _string(self, quote: str) -> str:
        match = _IN_QUOTES[quote].match(self._text, self._at)
        value = match.group() if match else ""
        # An unclosed one ends with its line.
        self._at += len(value) + (self._text[self._at + len(value) : self._at + len(value) + 1] == quote)
        return _ESCAPE.sub(_unescaped, value)

    def _template(self) -> None:
        match = _IN_TEMPLATE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        if self._text.startswith("${", self._at):
            self._at += 2
            self._templates.append(self._braces)
            self._braces += 1
        else:
            self._at += 1

    def _close_brace(self) -> None:
        self._braces = max(self._braces - 1, 0)
        if self._templates and self._templates[-1] == self._braces:
            self._templates.pop()
            self._template()

    def _slash(self, start: int) -> None:
        if self._begins_regex(start):
            match = _REGEX.match(self._text, self._at, self._at + _LONGEST_REGEX)
            self._at = match.end() if match else self._at

    def _begins_regex(self, start: int) -> bool:
        end = self._end_before(start)
        before = self._text[max(end - _WORD_WINDOW, 0) : end]
        word = _LAST_WORD.search(before)
        if word:
            return word.group() in _BEFORE_REGEX and not before[: word.start()].endswith(".")
        return not before.endswith((")", "]", "}", '"', "'", "`", "++", "--"))

    def _end_before(self, position: int) -> int:
        """Return the end of what stands before a position, blanks and comments aside."""
        while True:
            # In steps, for a copy of all that stands before would cost a time that grows with the square of the length.
            while position and self._text[position - 1].isspace():
                position -= 1
            index = bisect.bisect_left(self._comment_ends, position)
            if index == len(self._comment_ends) or self._comment_ends[index] != position:
                return position
            position = self._comment_starts[index]

    def _is_property(self, start: int) -> bool:
        end = self._end_before(start)
        return self._text[max(end - 1, 0) : end] == "." and self._text[max(end - 3, 0) : end] != "..."

    def _skip(self) -> str:
        """Pass over blanks and comments; return the next character."""
        while True:
            match = _BLANK.match(self._text, self._at)
            start = self._at = match.end() if match else self._at
            begin = self._text[start : start + 2]
            if begin not in ("//", "/*"):
                return begin[:1]
            self._at += 2
            self._comment(begin, start)

    def _import(self) -> None:
        follows = self._skip()
        if follows == "(":
            self._at += 1
            self._dynamic_import()
        elif follows in _IN_QUOTES:
            self._add()
        elif follows != ".":
            self._clause()

    def _export(self) -> None:
        if self._skip() in ("{", "*"):
            self._clause()

    def _dynamic_import(self) -> None:
        quote = self._skip()
        if quote not in ('"', "'", "`"):
            return
        self._at += 1
        if quote == "`":
            match = _IN_TEMPLATE.match(self._text, self._at)
            end = match.end() if match else self._at
            if self._text[end : end + 1] != "`":
                # It has a part that is computed; it is read as a template from here on.
                self._template()
                return
            value, self._at = _ESCAPE.sub(_unescaped, self._text[self._at : end]), end + 1
        else:
            value = self._string(quote)
        if self._skip() in (")", ","):
            self.imports.append(Import(value))

    def _clause(self) -> None:
        """Read names up to ``from`` and its module, or up to what cannot stand in an import."""
        last, braces = "", 0
        while True:
            follows = self._skip()
            if follows in _IN_QUOTES and last == "from" and not braces:
                self._add()
                return
            if follows in _IN_QUOTES and braces:
                # A name may be a string: `export { x as "a b" } from`.
                self._at += 1
                last = self._string(follows)
                continue
            match = _CLAUSE.match(self._text, self._at)
            if not match or (match.group() in _DECLARATIONS and not braces and not last):
                return
            last = match.group()
            braces += (last == "{") - (last == "}")
            if braces < 0:
                return
            self._at = match.end()

    def _add(self) -> None:
        quote = self._text[self._at]
        self._at += 1
        specifier = self._string(quote)
        match = _TYPE.match(self._text, self._at)
        self.imports.append(Import(specifier, match.group(1).lower() if match else ""))


def _unescaped(match: re.Match[str]) -> str:
    in_braces, four, two, newline, char = match.groups()
    digits = in_braces or four or two
    if digits:
        code = int(digits, 16)
        return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\N{REPLACEMENT CHARACTER}"
    return "" if newline else _NAMED_ESCAPES.get(char, char)
