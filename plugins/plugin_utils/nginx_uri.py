# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns and URIs as nginx reads them."""

from __future__ import annotations

import functools
import re
import typing as t
import warnings

from ansible_collections.webops.django.plugins.plugin_utils.nginx_patience import ImpatientError, search_patiently

NAMED = re.compile(r"\(\?(?:P?<|')([A-Za-z_]\w*)[>']")
"""A named group, as PCRE writes it."""
_TOKEN = re.compile(
    r"\\Q(?P<quoted>.*?)(?:\\E|\Z)|\\(?P<escaped>x\{[0-9A-Fa-f]{1,2}\}|.)"
    r"|(?P<name>\(\?(?:P?<|')[A-Za-z_]\w*[>'])|\[:(?P<class>\^?\w+):\]|(?P<other>.)",
    re.DOTALL,
)
_CLASSES = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "A-Za-z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\t-\r ",
    "blank": r"\t ",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": r"\w",
    "cntrl": r"\x00-\x1f\x7f",
    "print": r"\x20-\x7e",
    "graph": r"\x21-\x7e",
    "ascii": r"\x00-\x7f",
}
_ESCAPES = {"h": r"[ \t\xa0]", "H": r"[^ \t\xa0]", "z": r"\Z", "Z": r"(?=\n?\Z)", "e": r"\x1b", "N": r"[^\n]", "R": r"(?:\r\n|[\n-\r\x85])", "E": ""}
_NOT_THE_SAME = frozenset("GKXCpPgkLlUuoc")


class PatternError(Exception):
    """A PCRE pattern that Python's re has no counterpart for."""


@functools.lru_cache(maxsize=4096)
def compiled(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """Compile a PCRE pattern, for texts as :func:`octets` gives them: nginx matches bytes.

    :raises PatternError: Python does not know it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(_translated(octets(pattern)), re.ASCII | (re.IGNORECASE if ignore_case else 0))
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"{pattern}: {error}") from error


def _translated(pattern: str) -> str:
    parts: list[str] = []
    in_class = False
    for match in _TOKEN.finditer(pattern):
        kind, text = match.lastgroup, match.group(0)
        if kind == "quoted":
            text = re.escape(match["quoted"])
        elif kind == "escaped":
            text = _escape(match["escaped"], in_class)
        elif kind == "class" and in_class:
            if match["class"] not in _CLASSES:
                raise PatternError(f"{pattern}: {text}")
            text = _CLASSES[match["class"]]
        elif in_class:
            # A bracket right at the class's beginning is one of its members.
            in_class = text != "]" or "".join(parts[-2:]) in ("[", "[^") or parts[-1] == "["
        elif kind == "name":
            text = f"(?P<{t.cast('re.Match[str]', NAMED.match(text)).group(1)}>"
        elif text == "[":
            in_class = True
        parts.append(text)
    return "".join(parts)


def _escape(text: str, in_class: bool) -> str:
    if text.startswith("x{"):
        return f"\\x{text[2:-1]:0>2}"
    if text in _NOT_THE_SAME or (in_class and text in "hHzZNR"):
        raise PatternError(f"\\{text}")
    return _ESCAPES.get(text, "\\" + text)


def octets(text: str) -> str:
    """Return a text with one character for each of its bytes."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def characters(text: str) -> str:
    """Undo :func:`octets`."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "surrogateescape")


def search(pattern: str, text: str, ignore_case: bool = False) -> dict[str, str] | None:
    """Search a text as nginx does; return the captures by number and by name.

    :raises PatternError: the pattern cannot be decided here.
    """
    try:
        match = search_patiently(compiled(pattern, ignore_case), octets(text))
    except ImpatientError as error:
        raise PatternError(str(error)) from error
    if match is None:
        return None
    found = {str(number): characters(value or "") for number, value in enumerate(match.groups(), 1)}
    found.update({key: characters(value or "") for key, value in match.groupdict().items()})
    return found


def normalised(path: str, merge_slashes: bool = True) -> str | None:
    """Return the URI that locations are chosen by: decoded, slashes merged, dot segments resolved (ngx_http_parse_complex_uri()).

    :param path: of the request line, without its query.
    :returns: None where nginx answers 400: the path leaves the root, or holds a NUL.
    """
    if merge_slashes and "%" not in path and "//" not in path and "/." not in path and path.startswith("/") and "\0" not in path:
        return path
    decoded = _decoded(path)
    if decoded is None or "\0" in decoded or not decoded.startswith("/"):
        return None
    segments: list[str] = []
    parts = decoded[1:].split("/")
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        if part == ".":
            if last:
                segments.append("")
        elif part == "..":
            if not segments:
                return None
            segments.pop()
            if last:
                segments.append("")
        elif (part == "" and not last and merge_slashes) or (part == "" and last and merge_slashes and segments and segments[-1] == ""):
            continue
        else:
            segments.append(part)
    return "/" + "/".join(segments)


def _decoded(path: str) -> str | None:
    """Decode %XX. A percent sign without two digits is a 400."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        return None
    raw = path.encode("utf-8", "surrogateescape")
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match.group(1), 16)]), raw).decode("utf-8", "surrogateescape")
