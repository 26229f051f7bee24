# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each of the two sites answers under its own name, by its own service."""

from __future__ import annotations

import typing as t

import pytest

SITES = ("first", "second")


@pytest.mark.parametrize("site", SITES)
def test_a_site_is_served(client: t.Any, site: str) -> None:
    assert client.get(f"{site}.example.com", "/admin/login/").status == 200


@pytest.mark.parametrize("site", SITES)
def test_a_site_has_its_own_service(host: t.Any, site: str) -> None:
    assert host.service(f"django-{site}.service").is_running
