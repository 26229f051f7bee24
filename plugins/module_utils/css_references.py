# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a style sheet makes a browser fetch, read in one pass whose time grows with the text's length only."""

from __future__ import annotations

import re
import typing as t

_TOKEN = re.compile(
    r"/\*|[\"']|(?<![\w-])url\(|image-set\(|@(?:import|namespace|font-face|document|-moz-document)\b|\\.|[{}();]", re.IGNORECASE | re.DOTALL
)
# None of these has anything after its repetition, so none ever goes back.
_IN_QUOTES = {'"': re.compile(r'[^"\\\n]*(?:\\.[^"\\\n]*)*', re.DOTALL), "'": re.compile(r"[^'\\\n]*(?:\\.[^'\\\n]*)*", re.DOTALL)}
_UNQUOTED = re.compile(r"[^()\"'\\\s]*(?:\\(?:[0-9a-fA-F]{1,6}\s?|.)[^()\"'\\\s]*)*", re.DOTALL)
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|(\r\n|[\n\r\f])|(.))", re.DOTALL)
_NAMING = ("@namespace", "@document", "@-moz-document")
"""Rules in which a URL is a name, or the address of a page."""
_PATIENCE = 4096
"""Tokens that are read between two looks at the clock."""


class Reference(t.NamedTuple):
    """What a page or style sheet refers to.

    :param url: as it is written, entities and escapes resolved.
    :param kind: ``stylesheet``, ``script``, ``module``, ``image``, ``font``, ``media``, ``manifest`` or ``any``.
    :param integrity: digests, one of which the body must have (W3C Subresource Integrity); empty: it may have any.
    :param cors: ``anonymous`` or ``use-credentials``, where the server of another origin must allow it (Fetch, CORS); else empty.
    :param nonce: by which a Content-Security-Policy may allow it (HTML, 2.5.6).
    :param raw: as it is written, where ``url`` is what an import map made of it; else empty.
    """

    url: str
    kind: str
    integrity: str = ""
    cors: str = ""
    nonce: str = ""
    raw: str = ""


def css_references(text: str, look_at_clock: t.Callable[[], object] = bool) -> list[Reference]:
    """Return what a browser may fetch for a style sheet, in order: ``@import``, fonts, and every other ``url()``.

    :param look_at_clock: called now and then; what it raises ends the reading.
    """
    reader = _Reader(text)
    for number, _token in enumerate(reader.read()):
        if number % _PATIENCE == 0:
            look_at_clock()
    return reader.references


class _Reader:
    """Reads tokens as CSS Syntax 3 does, as far as needed to tell a URL from what only looks like one."""

    def __init__(self, text: str) -> None:
        self.references: list[Reference] = []
        self._text = text
        self._at = 0
        self._rule = ""
        self._braces = self._parentheses = 0
        self._font_face: int | None = None
        self._image_sets: list[int] = []

    def read(self) -> t.Iterator[str]:
        """Read token by token."""
        while True:
            match = _TOKEN.search(self._text, self._at)
            if not match:
                return
            self._at = match.end()
            token = match.group().lower()
            yield token
            if token == "/*":
                self._at = self._after("*/")
            elif token in _IN_QUOTES:
                self._string(token)
            elif token == "url(":
                self._url()
            elif token.startswith("@"):
                self._rule = token
            else:
                self._structure(token)

    def _after(self, end: str) -> int:
        found = self._text.find(end, self._at)
        return len(self._text) if found < 0 else found + len(end)

    def _structure(self, token: str) -> None:
        if token in ("(", "image-set("):
            self._parentheses += 1
            if token != "(":
                self._image_sets.append(self._parentheses)
        elif token == ")":
            if self._image_sets and self._image_sets[-1] >= self._parentheses:
                self._image_sets.pop()
            self._parentheses = max(self._parentheses - 1, 0)
        elif token == "{":
            self._braces += 1
            if self._rule == "@font-face" and self._font_face is None:
                self._font_face = self._braces
        elif token == "}":
            if self._font_face is not None and self._font_face >= self._braces:
                self._font_face = None
            self._braces = max(self._braces - 1, 0)
        if token in "{};":
            self._rule, self._parentheses, self._image_sets = "", 0, []

    def _quoted(self, quote: str) -> str:
        match = _IN_QUOTES[quote].match(self._text, self._at)
        value = match.group() if match else ""
        # A string ends at its quote, or unclosed at the line's end (4.3.5).
        self._at += len(value) + 1
        return value

    def _string(self, quote: str) -> None:
        value = self._quoted(quote)
        if self._rule == "@import":
            self._add(value, "stylesheet")
        elif self._image_sets and self._image_sets[-1] == self._parentheses:
            self._add(value, "image")

    def _url(self) -> None:
        self._skip_space()
        quote = self._text[self._at : self._at + 1]
        if quote in _IN_QUOTES:
            self._at += 1
            value = self._quoted(quote)
        else:
            match = _UNQUOTED.match(self._text, self._at)
            value = match.group() if match else ""
            self._at += len(value)
        self._skip_space()
        if self._text[self._at : self._at + 1] != ")":
            # A bad url token reaches to the next parenthesis (4.3.14).
            self._at = self._after(")")
            return
        self._at += 1
        if self._rule in _NAMING:
            return
        self._add(value, self._kind())

    def _kind(self) -> str:
        if self._rule == "@import":
            return "stylesheet"
        if self._font_face is not None:
            return "font"
        return "image" if self._image_sets else "any"

    def _add(self, value: str, kind: str) -> None:
        if kind == "stylesheet":
            # What follows the address, such as supports(), holds no address.
            self._rule = ""
        # Fonts always come by CORS (CSS Fonts 4, 4.8.1).
        self.references.append(Reference(_ESCAPE.sub(_unescaped, value), kind, cors="anonymous" if kind == "font" else ""))

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at


def _unescaped(match: re.Match[str]) -> str:
    digits, newline, char = match.groups()
    if digits is None:
        return "" if newline else char
    code = int(digits, 16)
    return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\N{REPLACEMENT CHARACTER}"
