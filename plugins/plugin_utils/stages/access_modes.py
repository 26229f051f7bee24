# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modes say about who may enter a folder or read a file.

Whether the worker gets in is asked of the kernel. Modes only tell why it does not, and for whom they were meant.
"""

from __future__ import annotations

import shlex
import typing as t

Document = t.Mapping[str, t.Any]

WEB_ACCOUNTS = ("www-data", "nginx", "http", "httpd", "apache", "apache2", "caddy", "wwwrun", "www", "_www", "webserver")
"""Accounts and groups that distributions make for web servers."""
SEARCH, READ = 1, 4
"""The bits of a mode, as in ``o+x`` and ``o+r``."""


class Account(t.NamedTuple):
    """As whom files are opened."""

    name: str
    uid: int
    groups: frozenset[int]


def worker_account(nginx: Document) -> Account | None:
    """Return the account of nginx's workers; None where it is not known."""
    user = nginx.get("user") or {}
    running: Document = next(iter(nginx.get("workers") or ()), {})
    uid = running.get("uid", user.get("uid"))
    if uid is None:
        return None
    groups = {running.get("gid", user.get("gid")), *(running.get("groups") or user.get("groups") or ())}
    name = user.get("name") or str(uid)
    return Account(str(name), uid, frozenset(group for group in groups if group is not None))


def bits(entry: Document) -> int | None:
    """Return a component's mode as a number; None where it is not known."""
    try:
        return int(entry.get("mode") or "", 8)
    except ValueError:
        return None


def way(entry: Document, account: Account, bit: int) -> str:
    """Return through which part of the mode an account gets in: ``owner``, ``group`` or ``other``; empty if it does not.

    The first class that fits decides alone (path_resolution(7)): an owner without a bit is not helped by the group's.
    """
    mode = bits(entry)
    if mode is None:
        return ""
    if account.uid == 0:
        return "owner"
    if entry.get("uid") == account.uid:
        return "owner" if mode >> 6 & bit else ""
    if entry.get("gid") in account.groups:
        return "group" if mode >> 3 & bit else ""
    return "other" if mode & bit else ""


def class_of(entry: Document, account: Account | None) -> str:
    """Return which class of a mode an account falls into, as chmod writes it: ``u``, ``g`` or ``o``; the others' bits do not help it."""
    if account is not None and entry.get("uid") == account.uid:
        return "u"
    return "g" if account is not None and entry.get("gid") in account.groups else "o"


def grants(entries: t.Iterable[Document], account: Account | None, permission: str, options: str = "") -> list[str]:
    """Return the commands that open folders or files to an account, one for all paths that need the same.

    An ACL is told by one of its own: it goes before the mode, whose group bits are its mask (acl(5)).

    :param permission: as chmod and setfacl write it, such as ``x`` or ``rX``.
    """
    paths: dict[str, list[str]] = {}
    for entry in entries:
        how = f"setfacl {options}-m u:{account.name if account else 'www-data'}:{permission}" if entry.get("acl") else ""
        paths.setdefault(how or f"chmod {options}{class_of(entry, account)}+{permission}", []).append(shlex.quote(str(entry["path"])))
    return [f"sudo {how} {' '.join(names)}" for how, names in paths.items()]


def closed_by_mode(entry: Document, account: Account, bit: int) -> bool:
    """Tell whether the mode certainly refuses an account. An ACL may grant what the mode does not, and a link has no say."""
    return bits(entry) is not None and not entry.get("link") and not entry.get("acl") and not way(entry, account, bit)


def meant_for(entry: Document, bit: int, worker: Account) -> str:
    """Return the usual web server account that the mode would admit, where the worker is another one; empty if there is none."""
    mode = bits(entry)
    if mode is None:
        return ""
    owner, group = str(entry.get("owner") or ""), str(entry.get("group") or "")
    if mode >> 6 & bit and owner in WEB_ACCOUNTS and entry.get("uid") != worker.uid:
        return owner
    if mode >> 3 & bit and group in WEB_ACCOUNTS and entry.get("gid") not in worker.groups:
        return group
    return ""


def told(entry: Document) -> str:
    """Return a component as people write it: path, mode, owner and group."""
    if entry.get("mode") is None:
        return str(entry["path"])
    acl = ", with an ACL" if entry.get("acl") else ""
    return f"{entry['path']} (mode {entry['mode']}, {entry['owner']}:{entry['group']}{acl})"


def rights(entry: Document) -> dict[str, t.Any]:
    """Return what the evidence tells of a component."""
    return {name: entry.get(name) for name in ("mode", "owner", "group")}
