# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The components of a path, from the root down, with the links on the way followed: who owns them and what their modes are."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import typing as t

MAX_LINKS = 40
"""MAXSYMLINKS of Linux."""


class Chain(t.NamedTuple):
    """The way to a path.

    :param components: from the root down. It ends with the first that is not there, or with the link that closes a loop.
    :param realpath: where it leads; None where it ends before.
    :param links: how many links were followed.
    """

    components: list[dict[str, t.Any]]
    realpath: str | None
    links: int


class Chains:
    """Ways to paths; a component that many share is looked at once."""

    def __init__(self) -> None:
        self._components: dict[str, dict[str, t.Any]] = {}
        self._folders: dict[str, Chain] = {}
        self._users: dict[int, str] = {}
        self._groups: dict[int, str] = {}

    def chain(self, path: str) -> Chain:
        """Return the way to an absolute path."""
        start = Chain([self.component("/")], "/", 0)
        folder, name = os.path.split(path)
        if name in ("", ".", ".."):
            return self._walk(start, _parts(path))
        if folder not in self._folders:
            self._folders[folder] = self._walk(start, _parts(folder))
        return self._walk(self._folders[folder], [name])

    def _walk(self, start: Chain, rest: list[str]) -> Chain:
        found, links = list(start.components), start.links
        if start.realpath is None:
            return start
        at = start.realpath
        while rest:
            name = rest.pop()
            if name == "..":
                at = os.path.dirname(at)
                continue
            component = self.component(os.path.join(at, name))
            if not any(component is other for other in found):
                found.append(component)
            if component["mode"] is None or links > MAX_LINKS:
                return Chain(found, None, links)
            if component["link"] is None:
                at = component["path"]
                continue
            links += 1
            at = "/" if component["link"].startswith("/") else at
            rest.extend(_parts(component["link"]))
        return Chain(found, at, links)

    def component(self, path: str) -> dict[str, t.Any]:
        """Return one component; its values are None where it is not there or cannot be seen."""
        if path not in self._components:
            self._components[path] = self._look(path)
        return self._components[path]

    def _look(self, path: str) -> dict[str, t.Any]:
        try:
            status = os.lstat(path)
            link = os.readlink(path) if stat.S_ISLNK(status.st_mode) else None
        except (OSError, ValueError):
            nothing = dict.fromkeys(("mode", "owner", "group", "uid", "gid", "link"))
            return {"path": path, **nothing, "acl": False}
        return {"path": path, **self.rights(status), "link": link, "acl": link is None and has_acl(path)}

    def rights(self, status: os.stat_result) -> dict[str, t.Any]:
        """Return mode, owner and group: names where the host knows them, else numbers as text."""
        return {
            "mode": f"{stat.S_IMODE(status.st_mode):04o}",
            "owner": self._user(status.st_uid),
            "group": self._group(status.st_gid),
            "uid": status.st_uid,
            "gid": status.st_gid,
        }

    def _user(self, uid: int) -> str:
        if uid not in self._users:
            try:
                self._users[uid] = pwd.getpwuid(uid).pw_name
            except KeyError:
                self._users[uid] = str(uid)
        return self._users[uid]

    def _group(self, gid: int) -> str:
        if gid not in self._groups:
            try:
                self._groups[gid] = grp.getgrgid(gid).gr_name
            except KeyError:
                self._groups[gid] = str(gid)
        return self._groups[gid]


def _parts(path: str) -> list[str]:
    """Return the components, the first one last."""
    return [part for part in path.split("/") if part not in ("", ".")][::-1]


def has_acl(path: str) -> bool:
    """Tell whether access depends on more than the mode (acl(5))."""
    return attribute(path, "system.posix_acl_access") is not None


def attribute(path: str, name: str) -> bytes | None:
    """Return an extended attribute; None where there is none, or the file system knows none."""
    try:
        return os.getxattr(path, name)
    except (OSError, ValueError):
        return None
