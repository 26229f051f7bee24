# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that templates and style sheets ask for and no finder knows, each with what is known about it."""

from __future__ import annotations

import os
import posixpath
import re
import stat
import typing as t
from urllib.parse import unquote, urlsplit

from ansible_collections.webops.django.plugins.module_utils.css_references import css_references

STYLE_SHEET_LIMIT = 4 << 20
STYLE_SHEETS_LIMIT = 64 << 20
"""Bytes of one style sheet, and of all of them, that are read."""

REFERENCES_LIMIT = 50
"""Unknown names that are told at the most."""

USERS_LIMIT = 5

FAMILIES = (
    frozenset((".js", ".mjs", ".cjs")),
    frozenset((".png", ".jpg", ".jpeg", ".svg", ".webp", ".gif", ".ico", ".avif")),
    frozenset((".woff", ".woff2", ".ttf", ".otf", ".eot")),
)
"""Extensions that one file may change into another of when it is renamed."""


class Known:
    """The names that the finders know, in the ways in which a wrong name is compared with them."""

    def __init__(self, names: t.Iterable[str], root: str) -> None:
        self._root = root
        self._names = set(names)
        self._by_case = {name.lower(): name for name in self._names}

    def has(self, name: str) -> bool:
        """Tell whether a finder knows the name, or an earlier collectstatic has left a file of this name."""
        return name in self._names or bool(self._root and not name.startswith(("/", "../")) and os.path.isfile(os.path.join(self._root, name)))

    def facts(self, name: str) -> dict[str, str]:
        """Tell what there is instead of a name.

        :returns: ``other_case``, ``without_slash``, ``inside`` (a file of the folder that stands there) and ``other_extension``: names that are
            known, or empty.
        """
        bare = name.lstrip("/")
        return {
            "other_case": self._by_case.get(bare.lower(), "") if bare not in self._names else "",
            "without_slash": bare if name.startswith("/") and bare in self._names else "",
            "inside": self._first(bare.rstrip("/") + "/"),
            "other_extension": self._of_family(bare),
        }

    def _of_family(self, name: str) -> str:
        stem, extension = posixpath.splitext(name)
        candidates = [stem + other for family in FAMILIES if extension in family for other in sorted(family - {extension})]
        return next((candidate for candidate in candidates if candidate in self._names), "")

    def _first(self, start: str) -> str:
        return min((name for name in self._names if name.startswith(start)), default="")


def unknown_references(evidence: dict[str, t.Any], root: str) -> dict[str, t.Any]:
    """Join what templates and style sheets ask for.

    :param evidence: the project's answer, with ``files`` and ``references``.
    :param root: STATIC_ROOT.
    :returns: ``unknown``: a list of ``name``, ``kind`` (``template`` or ``style_sheet``), ``used_by``, ``storage_error`` and what Known.facts()
        tells; and counts.
    """
    taken = [file for file in evidence["files"] if not file["shadowed"]]
    known = Known((file["path"] for file in taken), root)
    of_templates = evidence["references"]
    unknown = [dict(item, kind="template") for item in of_templates["unknown"] if item["storage_error"] or not known.has(item["name"])]
    of_sheets, sheets = _of_style_sheets(taken, known, evidence["static_url"])
    found = [*of_sheets, *unknown]
    return {
        "templates_count": of_templates["templates"],
        "style_sheets_count": sheets,
        "unreadable_templates_count": of_templates["notes_count"],
        "unreadable_templates": of_templates["notes"],
        "unknown_count": len(found),
        "unknown": [dict(item, **known.facts(item["name"])) for item in found[:REFERENCES_LIMIT]],
    }


def _of_style_sheets(files: list[dict[str, t.Any]], known: Known, static_url: str) -> tuple[list[dict[str, t.Any]], int]:
    users: dict[str, list[str]] = {}
    count = read = 0
    for file in files:
        if not file["path"].endswith(".css") or not file["source"] or read > STYLE_SHEETS_LIMIT:
            continue
        text = _text(file["source"])
        read += len(text)
        count += 1
        for name in _asked_by(file["path"], text, static_url):
            if not known.has(name):
                users.setdefault(name, []).append(file["path"])
    return [{"name": name, "kind": "style_sheet", "used_by": places[:USERS_LIMIT], "storage_error": ""} for name, places in users.items()], count


def _text(path: str) -> str:
    try:
        # A pipe in the place of a style sheet must not keep us waiting.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(STYLE_SHEET_LIMIT).decode("utf-8", "replace") if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else ""
    except OSError:
        return ""


def _asked_by(sheet: str, text: str, static_url: str) -> t.Iterator[str]:
    """Yield the relative paths that a style sheet makes collectstatic look for: HashedFilesMixin.url_converter() in Django."""
    if "url(" not in text and "@import" not in text.lower():
        return
    for reference in dict.fromkeys(css_references(text)):
        url = reference.url.strip()
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", url) or url.startswith(("//", "#")):
            continue
        try:
            path = unquote(urlsplit(url).path)
        except ValueError:
            continue
        if path.startswith("/"):
            if not static_url.startswith("/") or not path.startswith(static_url):
                continue
            path = path[len(static_url) :]
        elif path:
            path = posixpath.join(posixpath.dirname(sheet), path)
        if path and not path.endswith("/") and _is_written(text, reference.url):
            yield posixpath.normpath(path)


def _is_written(text: str, url: str) -> bool:
    # A string in image-set() is a name for a browser, and none for Django.
    return bool(re.search(r"(?:url\(\s*[\"']?|@import\s*[\"'])\s*" + re.escape(url), text, re.IGNORECASE))
