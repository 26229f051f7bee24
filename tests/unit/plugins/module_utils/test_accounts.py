# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of this very host."""

from __future__ import annotations

import grp
import os
import pwd

import pytest
from ansible_collections.webops.django.plugins.module_utils import accounts
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError


def test_an_account_by_name_and_by_number_is_the_same() -> None:
    """With the groups that a process of it has, its own among them."""
    entry = pwd.getpwuid(os.geteuid())
    account = accounts.user_account(entry.pw_name)
    assert account == accounts.user_account(str(entry.pw_uid)) == accounts.own_account()
    assert (account.uid, account.gid, account.home) == (entry.pw_uid, entry.pw_gid, entry.pw_dir)
    assert account.gid in account.groups


def test_a_number_needs_no_entry() -> None:
    """Files may belong to ids that the host does not know."""
    assert accounts.user_id("4242424") == accounts.group_id("4242424") == 4242424


def test_names_become_numbers() -> None:
    """The group, too."""
    entry = grp.getgrgid(os.getegid())
    assert accounts.group_id(entry.gr_name) == entry.gr_gid
    assert accounts.user_id("root") == 0


@pytest.mark.parametrize("ask", [accounts.user_account, accounts.user_id, accounts.group_id])
def test_an_unknown_name_is_named(ask: object) -> None:
    """With what to do."""
    with pytest.raises(ExplainedError, match="nobody-of-that-name on this host; create it first"):
        ask("nobody-of-that-name")  # type: ignore[operator]
