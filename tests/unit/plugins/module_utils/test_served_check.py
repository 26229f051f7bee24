# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole check is tested with the module, against a real nginx; here are the values that it goes by."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.served_check import DEFAULT_PAGES, MISSING
from ansible_collections.webops.django.plugins.module_utils.served_tree import _HASH


def test_the_default_pages_and_missing_names() -> None:
    assert DEFAULT_PAGES[0] == "/"
    assert [bool(_HASH.search(name.encode())) for name in MISSING] == [False, True]
