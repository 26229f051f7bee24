# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a browser told of files that it did not load: a saved console, an HTTP archive (HAR), or a list.

Chromium's console says ``GET https://... net::ERR_BLOCKED_BY_CLIENT`` or ``https://...:1 Failed to load resource: net::ERR_...``, Firefox's
``The resource at "https://..." was blocked because content blocking is enabled.`` and ``Loading failed for the <script> with source "https://..."``.
A HAR of Chromium has the error in the response's ``_error``; one that a program wrote has it where that program puts it.
"""

from __future__ import annotations

import json
import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

MOST_BYTES = 64 << 20
MOST_REPORTS = 1000
MAX_LINE = 10_000
"""Characters of a console's line that are looked at."""
MAX_ERROR = 300
BLOCKED = "blocked by the client: "
_ERROR = re.compile(
    r"net::ERR_[A-Z0-9_]+|NS_ERROR_[A-Z0-9_]+|blocked because content blocking is enabled|blocked:other|blocked by client"
    r"|Loading failed for the <\w+> with source",
    re.IGNORECASE,
)
_URL = re.compile("https?://[^\\s\"'<>()\\[\\]{}\u2018-\u201f\u00ab\u00bb]{1,2000}")
_POSITION = re.compile(r"(?<=[^/:])(?::\d{1,9}){1,2}\Z")
"""Line and column behind the address of a source; not the port of a host without a path."""
_ERROR_KEYS = ("error", "errorText", "failure", "failureText", "_error", "_blocked_reason", "_blockedReason", "blockedReason", "text", "message")

Report = t.Dict[str, str]


def read_console(given: t.Any) -> list[Report]:
    """Return ``url`` (without query and fragment, which may hold secrets) and ``error`` of what a browser did not load, each URL once.

    :param given: a list of such objects, an HTTP archive, or the path of a file on this machine that holds one of these or a console's text.
    :raises ExplainedError: the file cannot be read, or it is nothing of this kind.
    """
    found = _of_text(_read(given)) if isinstance(given, str) else _of_document(given)
    if found is None:
        raise ExplainedError(
            "browser_console is neither a list of {url, error}, nor an HTTP archive (HAR), nor the text of a browser's console, nor the path of one "
            "(django_diagnose_browser_console in the playbook)."
        )
    reports: dict[str, Report] = {}
    for url, error in found:
        bare = _bare(url)
        if bare and len(reports) < MOST_REPORTS:
            reports.setdefault(bare, {"url": bare, "error": " ".join(error.split())[:MAX_ERROR]})
    return list(reports.values())


def _read(path: str) -> str:
    try:
        with open(os.path.expanduser(path), "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ExplainedError(f"The browser's console {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if len(data) > MOST_BYTES:
        raise ExplainedError(f"The browser's console {path} is larger than {MOST_BYTES >> 20} MiB; save it without the responses' contents.")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return data.decode(encoding, "replace")


def _of_text(text: str) -> list[tuple[str, str]] | None:
    """Read JSON, or else the lines of a console."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _of_document(json.loads(text))
        except (ValueError, RecursionError):
            # Firefox begins a console's lines with a time in brackets, if it is told to.
            pass
    return [report for line in text.splitlines() for report in _of_line(line[:MAX_LINE])]


def _of_line(line: str) -> list[tuple[str, str]]:
    error = _ERROR.search(line)
    if not error:
        return []
    # Chromium puts the address of the page's line before that of the file that it asked for.
    before = [match.group() for match in _URL.finditer(line, 0, error.start())]
    behind = [match.group() for match in _URL.finditer(line, error.end())]
    is_behind = error.group().lower().startswith("loading failed")
    urls = behind[:1] if is_behind else before[-1:] or behind[:1]
    return [(url, _said(error.group())) for url in urls]


def _of_document(document: t.Any) -> list[tuple[str, str]] | None:
    """Read a list of reports, or an HTTP archive (its ``log.entries``)."""
    if isinstance(document, dict):
        log = document.get("log")
        entries = log.get("entries") if isinstance(log, dict) else None
        return _of_archive(entries) if isinstance(entries, list) else None
    if not isinstance(document, list) or not all(isinstance(item, dict) and isinstance(item.get("url"), str) for item in document):
        return None
    return [(item["url"], _said(_error_of(item))) for item in document]


def _of_archive(entries: t.Sequence[t.Any]) -> list[tuple[str, str]]:
    """Read what got no answer (status 0) and of what is told why."""
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("request"), dict):
            continue
        told = entry.get("response")
        response: dict[str, t.Any] = told if isinstance(told, dict) else {}
        error = _error_of(response) or _error_of(entry)
        if error and not response.get("status"):
            found.append((str(entry["request"].get("url") or ""), _said(error)))
    return found


def _error_of(item: t.Mapping[str, t.Any]) -> str:
    for key in _ERROR_KEYS:
        value = item.get(key)
        value = value.get("errorText") if isinstance(value, dict) else value
        if isinstance(value, str) and value:
            return value
    return ""


def _said(error: str) -> str:
    """Return an error in words that tell a blocker from a failure."""
    return BLOCKED + error if "content blocking" in error.lower() else error


def _bare(url: str) -> str:
    """Return a URL without query, fragment, password, and the position in the source that consoles put behind it."""
    if not url.startswith(("http://", "https://")):
        return ""
    scheme, _colon, rest = url.partition("://")
    rest = rest.partition("#")[0].partition("?")[0].rstrip(".,;")
    host, slash, path = rest.partition("/")
    path = _POSITION.sub("", path)
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if host else ""
