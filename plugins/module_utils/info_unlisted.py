# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of static files in a project that no finder looks into: of an app that is not installed, or not in STATICFILES_DIRS."""

from __future__ import annotations

import os
import typing as t

NAMES = frozenset(("static", "assets", "static_files", "staticfiles", "static_src", "public", "dist"))
"""What people call such a folder."""
_NOT_OURS = frozenset(("node_modules", "site-packages", "dist-packages", "__pycache__", "media", "migrations"))
DEPTH = 5
MOST_FOLDERS = 2000
MOST_FILES = 3000
"""Entries that are looked at, and names that are kept: a project may be huge, and this is only for a better sentence."""


def unlisted_folders(project_path: str, sources: t.Iterable[t.Mapping[str, str]], roots: t.Iterable[str]) -> list[dict[str, t.Any]]:
    """List the folders that hold what looks like static files and are no source.

    :param sources: ``path`` of each folder that a finder looks into.
    :param roots: STATIC_ROOT and MEDIA_ROOT.
    :returns: for each folder ``path``, ``names`` (of its files, relative) and ``app``: the dotted name of the package that it lies in, or nothing.
    """
    taken = {os.path.realpath(source["path"]) for source in sources} | {os.path.realpath(root) for root in roots if root}
    found: list[dict[str, t.Any]] = []
    left = MOST_FILES
    top = os.path.realpath(project_path)
    for seen, (folder, folders, _files) in enumerate(os.walk(top)):
        if seen > MOST_FOLDERS or left <= 0:
            break
        deep = os.path.relpath(folder, top).count(os.sep) + 1 >= DEPTH
        folders[:] = [] if deep else sorted(name for name in folders if _is_ours(folder, name) and os.path.join(folder, name) not in taken)
        for name in [name for name in folders if name in NAMES]:
            folders.remove(name)
            names = _files_of(os.path.join(folder, name), left)
            left -= len(names)
            if names:
                found.append({"path": os.path.join(folder, name), "app": _package(folder, top) if name == "static" else "", "names": names})
    return found


def _is_ours(folder: str, name: str) -> bool:
    return name not in _NOT_OURS and not name.startswith(".") and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))


def _files_of(root: str, most: int) -> list[str]:
    names: list[str] = []
    for folder, folders, files in os.walk(root):
        folders.sort()
        names += [os.path.relpath(os.path.join(folder, name), root) for name in sorted(files)]
        if len(names) >= most:
            break
    return names[:most]


def _package(folder: str, top: str) -> str:
    """Return the dotted name under which the project imports a folder; nothing where it is no package."""
    if folder == top or not any(os.path.exists(os.path.join(folder, name)) for name in ("__init__.py", "apps.py")):
        return ""
    return os.path.relpath(folder, top).replace(os.sep, ".")
