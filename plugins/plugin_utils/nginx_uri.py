# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns and URIs as nginx reads them."""

from __future__ import annotations

import functools
import re

_NAMED = re.compile(r"\(\?(?:P?<|')([A-Za-z_]\w*)[>']")


class PatternError(Exception):
    """A PCRE pattern that Python's re has no counterpart for."""


@functools.lru_cache(maxsize=4096)
def compiled(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """Compile a PCRE pattern.

    Where both have a construct, it means the same, but for ``$``, which in PCRE, as nginx uses it, also matches before a last newline, as in
    Python; named groups are written otherwise.

    :raises PatternError: Python does not know it.
    """
    text = _NAMED.sub(r"(?P<\1>", pattern)
    text = re.sub(r"\\h", r"[ \\t]", text)
    text = re.sub(r"\\z", r"\\Z", text)
    try:
        return re.compile(text, re.IGNORECASE if ignore_case else 0)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"{pattern}: {error}") from error


def normalised(path: str, merge_slashes: bool = True) -> str | None:
    """Return the URI that locations are chosen by: decoded, slashes merged, dot segments resolved (ngx_http_parse_complex_uri()).

    :param path: of the request line, without its query.
    :returns: None where nginx answers 400: the path leaves the root, or holds a NUL.
    """
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
