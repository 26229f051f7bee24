# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved evidence: read, and written beside the report, on the controller."""

from __future__ import annotations

import json
import os
import re
import tempfile
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

PARTS = {"host": dict, "notes": list, "nginx": list, "applications": list, "look": dict}


def read_evidence(given: t.Any) -> dict[str, t.Any]:
    """Return an evidence document that is given as such, or as the path of a JSON file.

    :raises ExplainedError: there is no such file, or it is no evidence.
    """
    document = _load(given) if isinstance(given, str) else given
    if not isinstance(document, dict) or document.get("schema_version") != 1:
        raise ExplainedError("evidence is no evidence document of schema_version 1, as django_static_diagnosis writes it beside its report.")
    for part, kind in PARTS.items():
        if not isinstance(document.get(part), kind):
            raise ExplainedError(f"The evidence document lacks {part!r}, or it is no {'list' if kind is list else 'object'}; was it cut or edited?")
    return dict(document)


def _load(path: str) -> t.Any:
    try:
        with open(os.path.expanduser(path), encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise ExplainedError(f"The evidence {path} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ExplainedError(f"{path} is no JSON: {error}.") from error


def write_report(folder: str, result: t.Mapping[str, t.Any], evidence: t.Mapping[str, t.Any]) -> tuple[str, str]:
    """Write a host's result and the evidence for it, which holds no secrets any more; return both paths.

    :raises ExplainedError: the folder cannot be written to.
    """
    name = re.sub(r"[/\0]", "_", str(result["host"])) or "host"
    name = "_" if name in (".", "..") else name
    report, document = os.path.join(folder, f"{name}.json"), os.path.join(folder, f"{name}.evidence.json")
    make_folder(folder)
    try:
        _write(report, result, 0o644)
        # It tells much of a host: it is for its owner only.
        _write(document, evidence, 0o600)
    except OSError as error:
        raise ExplainedError(f"The report cannot be written to {folder} (django_verify_report_dir): {error.strerror}.") from error
    return report, document


def make_folder(folder: str) -> None:
    """Make the folder of reports, before any host is asked: nobody shall wait for a result that cannot be kept.

    :raises ExplainedError: it cannot be made, or not be written to.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ExplainedError(f"The report cannot be written to {folder} (django_verify_report_dir): {error.strerror}.") from error


def _write(path: str, document: t.Mapping[str, t.Any], mode: int) -> None:
    """Write a file in one step, so that nobody reads half of it."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".webops-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(document, file, indent=2)
            file.write("\n")
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
