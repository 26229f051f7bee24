# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that nginx sends clients elsewhere for."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, SITE, FakeHost, answer, codes, failing, site_of, with_location


def redirected(site: str, to: str, server: str = "nginx") -> FakeHost:
    host = FakeHost(site)
    for name in NAMES:
        url = f"http://shop.example.com/static/{name}"
        host.answers[url] = answer(url, 301, server, location=f"{to}/static/{name}")
    return host


@pytest.mark.parametrize(
    ("site", "to", "rule"),
    [
        (with_location("location /static/ { return 301 https://cdn.example.net$request_uri; }"), "https://cdn.example.net", "return 301 https://cdn"),
        (
            SITE.replace("listen 80;", 'listen 80; if ($http_x_forwarded_proto != "https") { return 301 https://$host$request_uri; }'),
            "https://shop.example.com",
            "return 301 https://$host",
        ),
        (
            with_location("location /static/ { rewrite ^ https://cdn.example.net$request_uri permanent; }"),
            "https://cdn.example.net",
            "rewrite ^ https://cdn",
        ),
    ],
)
def test_what_lies_elsewhere_could_not_be_told(site: str, to: str, rule: str) -> None:
    said = site_of(redirected(site, to))
    assert (said["findings"], said["verdict"]) == ([], "unknown")
    (sentence,) = said["unknown"]
    assert sentence.startswith(f"`{rule}")
    assert f"redirects http://shop.example.com/static/{NAMES[0]} to {to}/static/{NAMES[0]}" in sentence


@pytest.mark.parametrize(
    ("files", "named", "verdict"),
    [([], ["access_rule_denied"], "not_served"), ([f"/srv/files/static/{name}" for name in NAMES], [], "unknown")],
)
def test_a_redirect_on_this_host_is_a_rule_unless_it_ends_at_a_file(files: list[str], named: list[str], verdict: str) -> None:
    text = "location /static/ { return 301 /files$request_uri; } location /files/ { root /srv; }"
    host = redirected(with_location(text), "http://shop.example.com/files")
    host.files |= set(files)
    said = site_of(host)
    assert ([item["code"] for item in said["findings"]], said["verdict"]) == (named, verdict)
    if named:
        assert said["findings"][0]["evidence"]["directive"] == "return 301 /files$request_uri"


def test_a_redirect_of_the_application_is_its_own() -> None:
    assert codes(redirected(with_location(""), "http://login.example.com/login", "app")) == ["app_intercepts_static"]


def test_another_fault_is_not_excused() -> None:
    site = with_location("location /static/ { alias /srv/shpo/; }")
    assert codes(failing(FakeHost(site))) == ["path_typo"]
