# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host names as people write them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.filter.hostnames import hostname, hostnames


@pytest.mark.parametrize(
    ("written", "names", "name"),
    [
        (["shop.example", "www.shop.example"], ["shop.example", "www.shop.example"], "shop.example"),
        ("shop.example", ["shop.example"], "shop.example"),
        (" shop.example ,www.shop.example, ", ["shop.example", "www.shop.example"], "shop.example"),
        (["a.example,b.example", "a.example"], ["a.example", "b.example"], "a.example"),
        ([".shop.example"], [".shop.example"], "shop.example"),
        ("*.shop.example", ["*.shop.example"], "shop.example"),
        ([], [], ""),
        (None, [], ""),
        ("", [], ""),
        (["two words"], ["two words"], "two words"),
        (["[::1]"], ["[::1]"], "[::1]"),
    ],
)
def test_names(written: t.Any, names: list[str], name: str) -> None:
    """A name that is none stays as it is, so that the roles' checks can show it."""
    assert (hostnames(written), hostname(written)) == (names, name)
