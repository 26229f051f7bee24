# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits that a page with many files meets."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_limits import wider
from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, SITE, FakeHost, codes, site_of, with_location


def test_a_limit_is_named_where_a_page_meets_it() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/static/; limit_req zone=one; }"))
    url = f"http://shop.example.com/static/{NAMES[0]}"
    page = {"site": "shop", "url": "http://shop.example.com/", "status": 200, "references": [], "limited": 1, "limited_urls": [url]}
    assert codes(host) == []
    host.pages = [page]
    (found,) = site_of(host)["findings"]
    assert (found["code"], found["count"], found["examples"]) == ("rate_limited", 1, [url])
    host = FakeHost()
    host.pages = [page]
    assert codes(host) == []


@pytest.mark.parametrize(
    ("site", "fix"),
    [
        (
            SITE.replace("listen 80;", "listen 80; limit_req zone=one;"),
            "In location /static/ at /etc/nginx/sites-enabled/shop:5 add:\n        limit_req ",
        ),
        (with_location("location /static/ { alias /srv/shop/static/; limit_req zone=one; }"), "Take `limit_req zone=one` out of "),
    ],
)
def test_the_files_get_room_where_they_are_served(site: str, fix: str) -> None:
    host = FakeHost(site)
    url = f"http://shop.example.com/static/{NAMES[0]}"
    host.pages = [{"site": "shop", "url": "http://shop.example.com/", "status": 200, "references": [], "limited": 1, "limited_urls": [url]}]
    (found,) = site_of(host)["findings"]
    assert found["fix"].startswith(fix)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (["limit_req", "zone=one", "burst=5"], "limit_req zone=one burst=200 nodelay;"),
        (["limit_conn", "addr", "1"], "limit_conn addr 200;"),
    ],
)
def test_a_limit_is_made_wider(written: list[str], line: str) -> None:
    assert wider(Directive(written[0], written[1:], "f", 1, None)) == line
