# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``django_static_info`` returns, and the file for what grows with the number of files."""

from __future__ import annotations

import json
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import write_file
from ansible_collections.webops.django.plugins.module_utils.info_evidence import Details

FILES_LIMIT = 20
"""Files that the result itself tells."""

LIST_LIMITS = (100, 50, 20, 5)
"""Entries of a list that the result tells, tried in this order until it is small."""

RESULT_LIMIT = 60000
TEXT_LIMIT = 1000

WHOLE = ("allowed_hosts", "staticfiles_dirs", "staticfiles_finders", "sqlite_databases")
"""Settings that are decided upon, and therefore never cut."""

MODE = 0o600
"""The list names paths of the project's source."""


def records(details: Details) -> t.Iterator[dict[str, t.Any]]:
    """Yield one record for each file that a finder knows, and one for each name that only the manifest knows, sorted by path."""
    hashed = details.manifest.names
    known = set()
    for file in sorted(details.files, key=lambda file: (file["path"], file["shadowed"])):
        known.add(file["path"])
        state = "" if file["shadowed"] else details.states.get(file["path"], "")
        yield {**file, "hashed": "" if file["shadowed"] else hashed.get(file["path"], ""), "state": state}
    for name in sorted(set(hashed) - known):
        yield {"path": name, "source": "", "app": "", "shadowed": False, "hashed": hashed[name], "state": "not_found"}


def write_records(path: str, details: Details, static_root: str, check_mode: bool) -> bool:
    """Write the records, a JSON object a line.

    :returns: whether the file differed.
    :raises ExplainedError: it must not or cannot be written there.
    """
    if not os.path.isabs(path) or not os.path.isdir(os.path.dirname(path)):
        raise ExplainedError(f"files_path is {path}; name a file in a folder that exists, by its absolute path.")
    if os.path.isdir(path):
        raise ExplainedError(f"files_path is {path}, which is a folder; name a file.")
    if static_root and (os.path.realpath(path) + "/").startswith(os.path.realpath(static_root).rstrip("/") + "/"):
        raise ExplainedError(f"files_path is {path}, which lies in STATIC_ROOT {static_root}, where everybody could read it; name a file elsewhere.")
    content = "".join(json.dumps(printable(record), ensure_ascii=False) + "\n" for record in records(details))
    return write_file(path, content.encode(), MODE, os.geteuid(), os.getegid(), check_mode)


def result(evidence: dict[str, t.Any], findings: list[dict[str, t.Any]], details: Details) -> dict[str, t.Any]:
    """Return the module's values, of bounded size and printable."""
    first = []
    for record in records(details):
        first.append(record)
        if len(first) == FILES_LIMIT:
            break
    total = len(details.files) + len(set(details.manifest.names) - {file["path"] for file in details.files})
    values = {key: value for key, value in evidence.items() if key not in ("umask", "group_is_private")}
    values.update(files=first, files_truncated=total > len(first), findings=findings)
    for limit in LIST_LIMITS:
        shown = {key: printable(value, 0 if key in WHOLE else limit) for key, value in values.items()}
        if len(json.dumps(shown)) < RESULT_LIMIT:
            break
    return shown


def printable(value: t.Any, limit: int = 0) -> t.Any:
    """Make strings such that JSON and a terminal can show them: bytes that are no UTF-8 become ``\\xNN``.

    :param limit: entries of a list that are kept at the most, and with it long strings are cut; 0: all.
    """
    if isinstance(value, str):
        text = _readable(value)
        return f"{text[:TEXT_LIMIT]}…" if limit and len(text) > TEXT_LIMIT else text
    if isinstance(value, dict):
        return {printable(str(key)): printable(item, limit) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [printable(item, limit) for item in (value[:limit] if limit else value)]
    return value


def _readable(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        except UnicodeEncodeError:
            return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text
