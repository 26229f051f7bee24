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
        (SITE.replace("listen 80;", 'listen 80; auth_basic "restricted"; auth_basic_user_file /f;'), 401, "auth_basic off;"),
        (with_location("location /static/ { alias /srv/shop/static/; allow 10.0.0.0/8; deny all; }"), 403, "Take `deny all` out of"),
        (
            with_location("location /static/ { alias /srv/shop/static/; valid_referers none; if ($invalid_referer) { return 403; } }"),
            403,
            "Take `return 403` out of ",
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
    assert codes(failing(FakeHost(with_location(text).replace("listen 80;", 'listen 80; auth_basic "x"; auth_basic_user_file /f;')), 401)) == []


def test_what_the_application_refuses_is_no_rule_of_nginx() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/static/; allow 127.0.0.1; deny 10.0.0.0/8; }"))
    for name in NAMES:
        url = f"http://shop.example.com/static/{name}"
        host.answers[url] = answer(url, 403, "app")
    assert "access_rule_denied" not in codes(host)


def test_a_site_for_certain_addresses_is_no_fault() -> None:
    host = failing(FakeHost(SITE.replace("listen 80;", "listen 80; allow 10.0.0.0/8; deny all;")), 403)
    site = site_of(host)
    assert (site["findings"], site["verdict"], len(site["unknown"])) == ([], "unknown", 1)
    assert "lets only 10.0.0.0/8 in" in site["unknown"][0]


def test_files_for_fewer_addresses_than_the_pages_are_a_fault() -> None:
    rules = "listen 80; allow 10.0.0.0/8; allow 192.168.0.0/16; deny all;"
    text = with_location("location /static/ { alias /srv/shop/static/; allow 10.0.0.0/8; deny all; }").replace("listen 80;", rules)
    (found,) = site_of(failing(FakeHost(text), 403))["findings"]
    assert found["code"] == "access_rule_denied"
    assert "while the pages are open to 192.168.0.0" in found["message"]


def test_a_rule_for_another_address_is_not_the_one_that_refuses() -> None:
    """The file is closed by its mode, which looks the same to a client."""
    text = "location /static/ { alias /srv/shop/static/; allow 127.0.0.1; deny all; }"
    assert "access_rule_denied" not in codes(failing(FakeHost(with_location(text)), 403))


def test_the_first_rule_that_matches_is_named() -> None:
    text = "location /static/ { alias /srv/shop/static/; deny 10.0.0.0/8; deny 127.0.0.1; allow all; }"
    (found,) = site_of(failing(FakeHost(with_location(text)), 403))["findings"]
    assert found["evidence"]["directive"] == "deny 127.0.0.1"
    assert "Take `deny 127.0.0.1` out of /etc/nginx/sites-enabled/shop:5\nthen " in found["fix"]


def test_where_one_of_two_rules_is_enough_the_one_that_refused_is_named() -> None:
    rules = "satisfy any; allow 10.0.0.0/8; deny all; auth_basic x; auth_basic_user_file /f;"
    (found,) = site_of(failing(FakeHost(with_location(f"location /static/ {{ alias /srv/shop/static/; {rules} }}")), 401))["findings"]
    assert found["evidence"]["directive"] == "auth_basic x"
    assert "auth_basic off;\nTake `deny all` out of" in found["fix"]


def test_a_password_for_the_whole_site_is_told_as_one_and_opened_for_the_files_only() -> None:
    rules = "listen 80; satisfy any; allow 10.0.0.0/8; deny all; auth_basic x; auth_basic_user_file /f;"
    (found,) = site_of(failing(FakeHost(SITE.replace("listen 80;", rules)), 401))["findings"]
    assert "asks for a password; so do the pages." in found["message"]
    assert found["fix"].startswith(
        "In location /static/ at /etc/nginx/sites-enabled/shop:5 add:\n        auth_basic off;\n        allow all;\nthen sudo "
    )


def test_a_rule_of_the_block_for_everything_gets_a_location_for_the_files() -> None:
    site = (
        SITE[: SITE.index("    location /static/")]
        + "    location / { root /srv/shop; auth_basic x; auth_basic_user_file /f; } location /app/ { proxy_pass http://127.0.0.1:8000; } }"
    )
    (found,) = site_of(failing(FakeHost(site), 401))["findings"]
    assert (
        "Add to the server block at /etc/nginx/sites-enabled/shop:2:\n    location ^~ /static/ {\n        alias /srv/shop/static/;\n" in found["fix"]
    )
    assert "auth_basic off" not in found["fix"]


@pytest.mark.parametrize("rule", ["deny all;", "return 404;", "return 204;"])
def test_a_pattern_that_refuses_is_a_rule_and_no_shadow(rule: str) -> None:
    text = f"location /static/ {{ alias /srv/shop/static/; }} location ~* \\.(css|js|png)$ {{ {rule} }}"
    (found,) = site_of(failing(FakeHost(with_location(text)), 404))["findings"]
    assert found["code"] == "access_rule_denied"
    assert "write: location ^~ /static/ {\n" in found["fix"]


def test_a_return_in_an_if_is_found() -> None:
    text = "location /static/ { alias /srv/shop/static/; if ($request_method = GET) { return 403; } }"
    (found,) = site_of(failing(FakeHost(with_location(text)), 403))["findings"]
    assert (found["code"], found["evidence"]["directive"]) == ("access_rule_denied", "return 403")


@pytest.mark.parametrize(
    ("page", "location", "named"),
    [
        (200, "if ($http_x_ok = no) { return 403; }", ["access_rule_denied"]),
        (403, "if ($http_x_ok = no) { return 403; }", []),
        (200, "if ($http_x_ok = no) { return 405; }", []),
    ],
)
def test_a_condition_that_cannot_be_decided_is_told_by_the_answer(page: int, location: str, named: list[str]) -> None:
    """Only where the same client gets the pages."""
    host = failing(FakeHost(with_location(f"location /static/ {{ alias /srv/shop/static/; {location} }}")), 403)
    host.pages = [{"site": "shop", "url": "http://shop.example.com/", "status": page, "references": []}]
    assert codes(host) == named


@pytest.mark.parametrize(("status", "named"), [(500, ["access_rule_denied"]), (404, [])])
def test_whom_nginx_asks_and_who_answers_otherwise_is_a_rule(status: int, named: list[str]) -> None:
    """An application that redirects to its login instead of answering 401."""
    text = "location /static/ { alias /srv/shop/static/; auth_request /auth/; } location = /auth/ { proxy_pass http://127.0.0.1:8000; }"
    assert codes(failing(FakeHost(with_location(text)), status)) == named
