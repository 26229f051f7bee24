# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a project has a front-end build whose output is not there."""

from __future__ import annotations

import json
import os
import typing as t

BUILD_FOLDERS = frozenset(("dist", "build", "bundle", "bundles", "webpack_bundles", "out"))
"""Names that build tools give to the folder of their output."""

SCRIPTS = ("build", "prod", "production", "compile", "dist", "bundle")
"""Names of scripts in a package.json that build, as they are or before a colon."""

NOT_OURS = frozenset(("node_modules", "site-packages", "venv", "env", "static", "media"))
PACKAGE_LIMIT = 1 << 20
DEPTH = 2


def build_evidence(project_path: str, sources: t.Iterable[dict[str, str]]) -> dict[str, t.Any]:
    """Look for a package.json with a script that builds, and for folders of STATICFILES_DIRS that do not exist.

    :param sources: ``path`` and ``app`` of each folder of sources.
    :returns: ``package`` (its path) and ``script``, both empty if there is none; ``missing_folders``.
    """
    package, script = next(_packages(project_path), ("", ""))
    missing = [source["path"] for source in sources if not source["app"] and not os.path.isdir(source["path"])]
    return {"package": package, "script": script, "missing_folders": missing[:10]}


def is_build_folder(path: str) -> bool:
    """Tell whether a folder is called as build tools call that of their output."""
    return os.path.basename(path.rstrip("/")) in BUILD_FOLDERS


def _packages(project_path: str) -> t.Iterator[tuple[str, str]]:
    top = os.path.realpath(project_path)
    above = os.path.dirname(top)
    # The front end often lies beside the back end in one checkout; without a checkout, what lies beside may be another site.
    for start in [top, *([above] if os.path.exists(os.path.join(above, ".git")) else [])]:
        for folder, folders, names in os.walk(start):
            depth = os.path.relpath(folder, start).count("/") + (folder != start)
            folders[:] = sorted(name for name in folders if depth < DEPTH and name not in NOT_OURS and not name.startswith("."))
            script = _build_script(os.path.join(folder, "package.json")) if "package.json" in names else ""
            if script:
                yield os.path.join(folder, "package.json"), script


def _build_script(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            scripts = json.loads(file.read(PACKAGE_LIMIT))["scripts"]
        return next((str(name) for name in scripts if str(name).partition(":")[0] in SCRIPTS), "")
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
