# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mount that a path lies on, from /proc/<pid>/mountinfo (proc(5))."""

from __future__ import annotations

import os
import re
import typing as t


class Mounts:
    """The mounts of a process's namespace.

    :param text: the content of mountinfo.
    """

    def __init__(self, text: str) -> None:
        self._points: dict[str, dict[str, t.Any]] = {}
        self._folders: dict[str, dict[str, t.Any] | None] = {}
        devices: set[str] = set()
        for line in text.splitlines():
            left, _dash, right = line.partition(" - ")
            fields, source = left.split(" "), right.split(" ")
            if len(fields) < 6 or len(source) < 2:
                continue
            root, point = _unescaped(fields[3]), _unescaped(fields[4])
            bind = fields[2] in devices or root not in ("/", _subvolume(source))
            devices.add(fields[2])
            # A later mount hides an earlier one at the same place.
            self._points[point] = {"point": point, "source": _unescaped(source[1]), "type": source[0], "bind": bind}

    def of(self, realpath: str) -> dict[str, t.Any] | None:
        """Return point, source, type, and whether it is a bind mount, of the mount that a path without links lies on."""
        if realpath in self._points:
            return self._points[realpath]
        folder = os.path.dirname(realpath)
        if folder not in self._folders:
            path = folder
            while path not in self._points and path not in ("/", ""):
                path = os.path.dirname(path)
            self._folders[folder] = self._points.get(path)
        return self._folders[folder]


def read_mounts(pid: int | str = "self") -> Mounts:
    """Read the mounts that a process sees; none where that may not be seen."""
    try:
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            return Mounts(file.read())
    except OSError:
        return Mounts("")


def _subvolume(source: list[str]) -> str:
    """A btrfs subvolume is a file system's root in all but name."""
    match = re.search(r"(?:^|,)subvol=([^,]*)", source[2]) if source[0] == "btrfs" and len(source) > 2 else None
    return _unescaped(match.group(1)) if match else "/"


def _unescaped(field: str) -> str:
    """Undo the octal escapes of blanks and backslashes. Other bytes stand as they are."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), field)
