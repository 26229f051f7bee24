# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that refuse, and limits."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, SITE, FakeHost, answer, codes, failing, site_of, with_location


@pytest.mark.parametrize(
    ("site", "status", "line"),
    [
        (SITE.replace("listen 80;", 'listen 80; auth_basic "restricted";'), 401, "auth_basic off;"),
        (with_location("location /static/ { alias /srv/shop/static/; allow 10.0.0.0/8; deny all; }"), 403, "allow all;"),
        (
            with_location("location /static/ { alias /srv/shop/static/; valid_referers none; if ($invalid_referer) { return 403; } }"),
            403,
            "valid_referers",
        ),
    ],
)
def test_the_rule_is_named_with_its_place(site: str, status: int, line: str) -> None:
    host = failing(FakeHost(site), status)
    (found,) = site_of(host)["findings"]
    assert (found["code"], found["evidence"]["status"]) == ("access_rule_denied", status)
    assert line in found["fix"]
    assert found["evidence"]["at"].startswith("/etc/nginx/sites-enabled/shop:")


def test_a_rule_that_is_switched_off_is_none() -> None:
    text = "location /static/ { alias /srv/shop/static/; auth_basic off; }"
    assert codes(failing(FakeHost(with_location(text).replace("listen 80;", 'listen 80; auth_basic "x";')), 401)) == []


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


def test_what_the_application_refuses_is_no_rule_of_nginx() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/static/; allow 127.0.0.1; deny 10.0.0.0/8; }"))
    for name in NAMES:
        url = f"http://shop.example.com/static/{name}"
        host.answers[url] = answer(url, 403, "app")
    assert "access_rule_denied" not in codes(host)


def test_a_site_for_certain_addresses_is_no_fault() -> None:
    host = failing(FakeHost(SITE.replace("listen 80;", "listen 80; allow 10.0.0.0/8; deny all;")), 403)
    site = site_of(host)
    assert site["findings"] == []
    assert "lets only 10.0.0.0/8 in" in site["unknown"][0]


def test_where_one_of_two_rules_is_enough_the_one_that_refused_is_named() -> None:
    rules = "satisfy any; allow 10.0.0.0/8; deny all; auth_basic x;"
    (found,) = site_of(failing(FakeHost(with_location(f"location /static/ {{ alias /srv/shop/static/; {rules} }}")), 401))["findings"]
    assert found["evidence"]["directive"] == "auth_basic x"
    assert "auth_basic off; allow all;" in found["fix"]
