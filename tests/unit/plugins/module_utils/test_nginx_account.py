# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_account: whom workers run as."""

from __future__ import annotations

import grp
import os
import pwd
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.nginx_account import configured_account, named_account


@pytest.mark.parametrize(
    ("globals_", "files", "built", "name", "group"),
    [
        ("", {"a": "user www-data;"}, {}, "www-data", "www-data"),
        ("", {"a": "events {}", "b": "user\n www-data daemon ;"}, {}, "www-data", "daemon"),
        ("user daemon;", {"a": "user www-data;"}, {}, "daemon", "daemon"),
        ("", {"a": "# user www-data;"}, {"user": "daemon", "group": "www-data"}, "daemon", "www-data"),
        ("", {}, {"user": "www-data"}, "www-data", "www-data"),
        ("", {}, {}, "nobody", "nogroup"),
    ],
)
def test_configured(globals_: str, files: dict[str, str], built: dict[str, t.Any], name: str, group: str) -> None:
    said = configured_account(globals_, files, built)
    user, gid = pwd.getpwnam(name), grp.getgrnam(group).gr_gid
    assert said == {"name": name, "uid": user.pw_uid, "gid": gid, "groups": sorted(os.getgrouplist(name, gid))}


def test_a_user_that_is_missing_has_no_number() -> None:
    assert configured_account("", {"a": "user nosuchuser;"}, {}) == {"name": "nosuchuser", "uid": None, "gid": None, "groups": []}


def test_numbers_without_a_name_stand_for_themselves() -> None:
    assert named_account(0, 0, (1,)) == {"name": "root", "uid": 0, "gid": 0, "groups": [1]}
    assert named_account(4242424, 1, ())["name"] == "4242424"
    assert named_account(2**40, 1, ())["name"] == str(2**40)
