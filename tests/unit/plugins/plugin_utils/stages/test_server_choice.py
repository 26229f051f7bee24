# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other server blocks that answer the site's names."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import SITE, FakeHost, codes, site_of


def test_another_block_answers() -> None:
    host = FakeHost(SITE + "server { listen 80 default_server; server_name _; root /var/www/html; }", allowed_hosts=["www.example.com"])
    host.nginx["files"]["/etc/nginx/sites-enabled/shop"] = host.nginx["files"]["/etc/nginx/sites-enabled/shop"].replace(
        "shop.example.com", "example.com"
    )
    host.host = "http://example.com"
    assert codes(host) == ["default_server_wins"]


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        (["*"], "shop.example.com"),
        (["shop.example.com", "localhost", "127.0.0.1", "10.0.0.5", "web.internal"], "shop.example.com"),
        ([".example.com"], "*.example.com example.com"),
    ],
)
def test_names_that_nobody_types_are_no_rivals(allowed: list[str], name: str) -> None:
    host = FakeHost(SITE.replace("shop.example.com", name) + "server { listen 80 default_server; root /var/www/html; }", allowed_hosts=allowed)
    host.host = "http://example.com" if name.startswith("*") else "http://shop.example.com"
    assert codes(host) == []


def test_a_block_that_sends_clients_on_is_no_rival() -> None:
    redirect = "server { listen 80; server_name www.example.com; return 301 http://shop.example.com$request_uri; }"
    host = FakeHost(SITE + redirect, allowed_hosts=["shop.example.com", "www.example.com"])
    assert codes(host) == []


def test_a_name_that_django_refuses_is_no_way_to_the_site() -> None:
    """A misspelt server_name: under it Django answers 400, and under the right one another block does."""
    host = FakeHost(SITE.replace("shop.example.com", "shpo.example.com") + "server { listen 80 default_server; root /var/www/html; }")
    host.host = "http://shpo.example.com"
    site = site_of(host)
    assert ([found["code"] for found in site["findings"]], site["verdict"]) == (["default_server_wins"], "not_served")
    assert "server_name shop.example.com;" in site["findings"][0]["fix"]
    assert "shpo" not in site["findings"][0]["fix"]
