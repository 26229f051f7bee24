# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups of the host, by name or number."""

from __future__ import annotations

import dataclasses
import grp
import os
import pwd

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError


@dataclasses.dataclass(frozen=True)
class Account:
    """A user with the groups that a process of this user has."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def user_account(user: str) -> Account:
    """Return an account by name or number.

    :raises ExplainedError: there is no such user.
    """
    try:
        entry = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
    except KeyError:
        raise ExplainedError(f"There is no user {user} on this host; create it first, or name another.") from None
    groups = tuple(os.getgrouplist(entry.pw_name, entry.pw_gid))
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, groups, entry.pw_dir)


def own_account() -> Account:
    """Return the account that this process runs as."""
    return user_account(str(os.geteuid()))


def user_id(user: str) -> int:
    """Return a user's id by name or number; a number needs no entry on the host."""
    return int(user) if user.isdigit() else user_account(user).uid


def group_id(group: str) -> int:
    """Return a group's id by name or number.

    :raises ExplainedError: there is no such group.
    """
    if group.isdigit():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ExplainedError(f"There is no group {group} on this host; create it first, or name another.") from None
