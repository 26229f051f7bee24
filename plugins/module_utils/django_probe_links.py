# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that lead nowhere, and links that lead back to a folder that holds them.

Runs inside the project's own interpreter, as the service's user, over the folders of sources; and in the module, over the collected tree.
"""

from __future__ import annotations

import errno
import fnmatch
import os
import typing as t

LINKS_LIMIT = 100
"""Broken links that are told at the most."""


def broken_links(folders: t.Iterable[str], ignore_patterns: t.Sequence[str] = ()) -> list[dict[str, str]]:
    """List the broken links below folders, links to folders followed as Django's finders follow them.

    :param ignore_patterns: names that collectstatic passes over, such as ``.*``.
    :returns: ``path``, ``target`` as it stands in the link, ``kind``: ``dangling`` or ``loop``.
    """
    found: list[dict[str, str]] = []
    for folder in dict.fromkeys(folders):
        open_folders: list[tuple[str, tuple[str, ...]]] = [(folder, (os.path.realpath(folder),))]
        while open_folders and len(found) < LINKS_LIMIT:
            path, above = open_folders.pop()
            for name, is_link in _entries(path):
                if any(fnmatch.fnmatchcase(name, pattern) for pattern in ignore_patterns):
                    continue
                _look_at(os.path.join(path, name), is_link, above, found, open_folders)
    return found[:LINKS_LIMIT]


def _entries(folder: str) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry.name, entry.is_symlink()) for entry in entries)
    except OSError:
        return []


def _look_at(path: str, is_link: bool, above: tuple[str, ...], found: list[dict[str, str]], open_folders: list[tuple[str, tuple[str, ...]]]) -> None:
    if not is_link:
        if os.path.isdir(path):
            open_folders.append((path, (*above, os.path.realpath(path))))
        return
    kind = ""
    try:
        os.stat(path)
    except OSError as error:
        kind = {errno.ELOOP: "loop", errno.ENOENT: "dangling", errno.ENOTDIR: "dangling"}.get(error.errno or 0, "")
        if not kind:
            return
    real = os.path.realpath(path)
    if not kind and os.path.isdir(path):
        if real not in above:
            open_folders.append((path, (*above, real)))
            return
        kind = "loop"
    if kind:
        found.append({"path": path, "target": os.readlink(path), "kind": kind})
