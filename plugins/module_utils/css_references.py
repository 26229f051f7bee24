# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a style sheet makes a browser fetch."""

from __future__ import annotations

import re
import typing as t

_STRING = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
_URL = rf"""url\(\s*(?P<{{name}}>{_STRING}|(?:\\.|[^)"'\\])*?)\s*\)"""
_TOKENS = re.compile(
    "|".join(
        (
            r"/\*.*?(?:\*/|\Z)",
            # A namespace is a name that looks like a URL; it is never fetched.
            r"@namespace\b[^;]*",
            rf"@import\s*(?:{_URL.format(name='import_url')}|(?P<import_string>{_STRING}))",
            r"@font-face\s*\{(?P<font_face>[^}]*)",
            r"image-set\(\s*(?P<image_set>(?:[^()]|\([^()]*\))*)\)",
            _URL.format(name="url"),
            _STRING,
        ),
    ),
    re.DOTALL | re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\r\n\f]?|(\r\n|[\n\r\f])|(.))", re.DOTALL)
_LEADING_STRING = re.compile(rf"(?:^|,)\s*({_STRING})")


class Reference(t.NamedTuple):
    """What a page or style sheet refers to.

    :param url: as it is written, entities and escapes resolved.
    :param kind: ``stylesheet``, ``script``, ``image``, ``font``, ``media``, ``manifest`` or ``any``.
    """

    url: str
    kind: str


def css_references(text: str) -> list[Reference]:
    """Return what a browser may fetch for a style sheet, in order: ``@import``, fonts, and every other ``url()``."""
    return list(_references(text, "any"))


def _references(text: str, kind: str) -> t.Iterator[Reference]:
    for match in _TOKENS.finditer(text):
        found = match.groupdict()
        if found["import_url"] is not None or found["import_string"] is not None:
            yield Reference(_value(found["import_url"] or found["import_string"] or ""), "stylesheet")
        elif found["font_face"] is not None:
            yield from _references(found["font_face"], "font")
        elif found["image_set"] is not None:
            yield from (Reference(_value(string), "image") for string in _LEADING_STRING.findall(found["image_set"]))
            yield from _references(found["image_set"], "image")
        elif found["url"] is not None:
            yield Reference(_value(found["url"]), kind)


def _value(token: str) -> str:
    """Return what a string or an unquoted url token means (CSS Syntax 3, 4.3)."""
    text = token[1:-1] if token[:1] in ('"', "'") else token
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    digits, newline, char = match.groups()
    if digits is None:
        return "" if newline else char
    code = int(digits, 16)
    return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\N{REPLACEMENT CHARACTER}"
