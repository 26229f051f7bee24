# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One application under several names."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_other_names import other_blocks
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts
from ansible_collections.webops.django.tests.unit.support.fake_host import SITE, FakeHost, answer

PASSING = "location / { proxy_pass http://127.0.0.1:8000; }"
FORGOTTEN = f"server {{ listen 80; server_name shop.example.org; {PASSING} }}"
ALLOWED = ["shop.example.com", "shop.example.org"]


def others(text: str, **static: t.Any) -> list[tuple[str, ...]]:
    host = FakeHost(text)
    host.application["static"].update({"allowed_hosts": ALLOWED, **static})
    hosts = Hosts(host.evidence())
    configuration = hosts.configuration(hosts.evidence["nginx"][0])
    assert configuration is not None
    return [tuple(block.names) for block in other_blocks(host.application, configuration, configuration.servers, hosts.evidence)]


def test_a_second_name_without_the_location_is_a_site_of_its_own_and_broken() -> None:
    host = FakeHost(SITE + FORGOTTEN, allowed_hosts=ALLOWED)
    evidence = host.evidence()
    second = [dict(answer(item["url"].replace(".com", ".org"), 404, "app"), site="shop 2") for item in evidence["look"]["answers"]]
    evidence["look"]["answers"] += second
    sites = conclude(evidence)["sites"]
    assert [(site["name"], site["url"], site["verdict"]) for site in sites] == [
        ("shop", "http://shop.example.com/", "served"),
        ("shop 2", "http://shop.example.org/", "not_served"),
    ]
    assert [found["code"] for found in sites[1]["findings"]] == ["no_static_location"]


@pytest.mark.parametrize(
    "more",
    [
        SITE.replace("shop.example.com", "shop.example.org"),
        "server { listen 80; server_name shop.example.org; return 301 http://shop.example.com$request_uri; }",
        f"server {{ listen 80; server_name shop.example.org; if ($host = shop.example.org) {{ return 301 https://$host; }} {PASSING} }}",
        FORGOTTEN.replace("shop.example.org", "shop.example.com"),
        FORGOTTEN.replace("shop.example.org", "stranger.example.net"),
        FORGOTTEN.replace("shop.example.org", "localhost web.internal 10.0.0.5 _"),
        FORGOTTEN.replace("listen 80", "listen 8080"),
    ],
    ids=["same way", "redirect", "certbot", "ignored twin", "refused by Django", "no public name", "unusual port"],
)
def test_blocks_that_nobody_would_miss_anything_by_are_no_sites(more: str) -> None:
    assert others(SITE + more) == []


def test_https_without_the_location_differs_from_http() -> None:
    assert others(SITE + FORGOTTEN.replace("listen 80", "listen 443 ssl").replace("shop.example.org", "shop.example.com")) == [("shop.example.com",)]


def test_what_serves_alike_is_followed_once() -> None:
    again = FORGOTTEN.replace("shop.example.org", "a.example.org") + FORGOTTEN.replace("shop.example.org", "b.example.org")
    assert others(SITE + again, allowed_hosts=["*"]) == [("a.example.org",)]


def test_a_given_url_or_static_files_of_another_host_leave_one_site() -> None:
    assert others(SITE + FORGOTTEN, static_url="https://cdn.example.com/") == []
    host = FakeHost(SITE + FORGOTTEN, allowed_hosts=ALLOWED)
    evidence = dict(host.evidence(), options={"base_url": "http://shop.example.com/", "base_url_host": "shop.example.com"})
    assert len(Hosts(evidence).sites()) == 1
