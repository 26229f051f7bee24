# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that repair settings: what to write, where, and what to run then. Each command stands on a line of its own."""

from __future__ import annotations

import json
import os
import posixpath
import typing as t

Evidence = t.Mapping[str, t.Any]


def settings_file(evidence: Evidence) -> str:
    """Return the file of the settings; their dotted name where it is not known."""
    return str(evidence["settings_file"] or evidence["settings_module"])


def root_line(evidence: Evidence, folder: str) -> str:
    """Return the line that sets STATIC_ROOT to a folder, which must be absolute.

    BASE_DIR is used where it is a Path: a string takes no ``/``.
    """
    base = str(evidence.get("base_dir") or "")
    if base and folder.startswith(base.rstrip("/") + "/"):
        parts = folder[len(base.rstrip("/")) + 1 :].rstrip("/").split("/")
        return "STATIC_ROOT = BASE_DIR / " + " / ".join(json.dumps(part) for part in parts)
    return f"STATIC_ROOT = {json.dumps(folder.rstrip('/') or '/')}"


def new_root(evidence: Evidence) -> str:
    """Return a folder for STATIC_ROOT that is no source: in the project, by the name that Django's tutorials use."""
    project = str(evidence.get("project_path") or os.path.dirname(os.path.dirname(settings_file(evidence))))
    taken = {os.path.realpath(source["path"]) for source in evidence.get("sources", ())}
    taken |= {os.path.realpath(folder) for folder in evidence.get("staticfiles_dirs", ())}
    names = ("staticfiles", "collected_static", "static_root")
    return next((path for path in (posixpath.join(project, name) for name in names) if os.path.realpath(path) not in taken), "/var/www/static")


def write(evidence: Evidence, line: str) -> str:
    """Say where a line belongs. At the end of the file, nothing that comes later overrides it."""
    return f"At the end of {settings_file(evidence)} write: {line}"


def collect(evidence: Evidence, clear: bool = False) -> str:
    """Return the command, or the task, that collects as the service would."""
    command = str(evidence.get("collect_command") or "run collectstatic with the service's settings")
    # Where it is a task of our module's, that compares contents anyway.
    return f"{command} --clear" if clear and command.endswith("--noinput") else command
