# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom nginx's workers run as: a record of user and groups, from ids or from a configuration."""

from __future__ import annotations

import grp
import os
import pwd
import typing as t

from ansible_collections.webops.django.plugins.module_utils.nginx_scan import statements

Record = t.Dict[str, t.Any]


def named_account(uid: int, gid: int, groups: t.Sequence[int]) -> Record:
    """Return the record; a number that has no name on this host stands for itself."""
    try:
        name = pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        name = str(uid)
    return {"name": name, "uid": uid, "gid": gid, "groups": list(groups)}


def configured_account(globals_: str, files: t.Mapping[str, str], built: t.Mapping[str, t.Any]) -> Record:
    """Return whom root's nginx would start its workers as: ``user``, or what it was built with, or nobody.

    https://nginx.org/en/docs/ngx_core_module.html#user
    """
    texts = [globals_, *files.values()]
    said = next((item.arguments for text in texts for item in statements(text, ("user",)) if item.arguments), [])
    name = said[0] if said else str(built.get("user", "nobody"))
    group = said[1] if len(said) > 1 else name if said else str(built.get("group", name))
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        return {"name": name, "uid": None, "gid": None, "groups": []}
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError:
        gid = user.pw_gid
    return {"name": name, "uid": user.pw_uid, "gid": gid, "groups": sorted(os.getgrouplist(name, gid))}
