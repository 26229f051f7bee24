# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``: caches, and what a browser itself blocks."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import page as stage
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_caches import from_cache
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    NAMES,
    OPENS,
    ROOT,
    STATIC,
    answer,
    application,
    codes,
    known,
    page,
    reference,
    sample,
    site_of,
    static,
)

OLD, NEW = "shop/site.0123456789ab.css", "shop/site.ba9876543210.css"
NAME = "shop/site.css"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"age": "3600"}, "age: 3600"),
        ({"age": "0"}, ""),
        ({"age": "soon"}, ""),
        ({"x-cache": "HIT from edge"}, "x-cache: HIT from edge"),
        ({"x-cache": "Hit from cloudfront"}, "x-cache: Hit from cloudfront"),
        ({"x-cache": "Miss from cloudfront"}, ""),
        ({"cf-cache-status": "HIT"}, "cf-cache-status: HIT"),
        ({"cf-cache-status": "DYNAMIC"}, ""),
        ({"x-cache-status": "STALE"}, "x-cache-status: STALE"),
        ({"cache-status": '"edge"; hit; ttl=30'}, 'cache-status: "edge"; hit; ttl=30'),
        ({"x-varnish": "123 456"}, "x-varnish: 123 456"),
        ({"x-varnish": "123"}, ""),
        ({"x-fastcgi-cache": "HIT"}, "x-fastcgi-cache: HIT"),
        ({"cdn-cache": "MISS"}, ""),
        (
            {"cache-control": "max-age=600", "expires": "Thu, 01 Jan 2026 00:05:00 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"},
            "expires: Thu, 01 Jan 2026 00:05:00 GMT",
        ),
        ({"cache-control": "max-age=600", "expires": "Thu, 01 Jan 2026 00:10:00 GMT", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}, ""),
        ({"cache-control": "max-age=0", "expires": "x", "date": ""}, ""),
        ({}, ""),
    ],
)
def test_a_cache_is_known_by_its_headers(headers: dict[str, str], expected: str) -> None:
    """Those of CDNs, proxies, and what Django's own cache leaves of a page's lifetime."""
    assert from_cache(headers) == expected


def old_page(headers: dict[str, str], asked: str = f"/static/{OLD}", status: int = 404, **app: t.Any) -> t.Any:
    """A page that asks for what was there before."""
    shop = application(static(), [sample(NAME, NEW)], **app)
    return site_of(app=shop, pages=[page([reference(asked, status)], headers=headers)])


def test_a_page_out_of_a_cache_that_names_files_of_before() -> None:
    """The application itself is new."""
    found = stage.findings(old_page({"x-cache": "HIT"}))
    assert codes(found) == ["stale_url_cache"]
    assert found[0]["evidence"]["header"] == "x-cache: HIT"
    assert NEW in found[0]["message"]


def test_a_page_out_of_a_cache_with_an_older_static_url() -> None:
    """It is no mismatch: pages of today ask rightly."""
    found = stage.findings(old_page({"age": "90"}, "/assets/" + NAME))
    assert codes(found) == ["stale_url_cache"]
    assert found[0]["evidence"]["static_url"] == "/static/"


@pytest.mark.parametrize(
    ("headers", "asked", "status"), [({}, f"/static/{OLD}", 404), ({"age": "9"}, f"/static/{OLD}", 200), ({"age": "9"}, f"/static/{NEW}", 404)]
)
def test_each_part_of_the_proof_is_needed(headers: dict[str, str], asked: str, status: int) -> None:
    """A cache, an old name, and that it is gone."""
    assert "stale_url_cache" not in codes(stage.findings(old_page(headers, asked, status)))


EDGE = {"headers": {"cf-cache-status": "HIT", "age": "4000"}}
ORIGIN = answer(f"http://web1.internal/static/{NAME}", id="origin", kind="probe")


def test_the_edge_keeps_a_404_that_the_origin_no_longer_gives() -> None:
    """Somebody has asked the origin."""
    found = stage.findings(site_of(answers=[answer(NAME, 404, **EDGE), ORIGIN]))
    assert codes(found) == ["cdn_cached_404"]
    assert found[0]["evidence"]["header"] == "cf-cache-status: HIT"
    assert found[0]["urls"] == [STATIC + NAME]


def test_the_origins_configuration_and_the_worker_prove_it_as_well() -> None:
    """Nobody has asked it, and it would send the file."""
    path = f"{ROOT}/{NAME}"
    assert codes(stage.findings(site_of(answers=[answer(NAME, 404, **EDGE)], paths={path: known(path, [], OPENS)}))) == ["cdn_cached_404"]


@pytest.mark.parametrize(
    "answers",
    [
        [answer(NAME, 404), ORIGIN],
        [answer(NAME, 404, headers={"cf-cache-status": "MISS"}), ORIGIN],
        [answer(NAME, 404, **EDGE), {**ORIGIN, "status": 404, "matches": False}],
        [answer(NAME, 404, **EDGE)],
        [answer(NAME, 200, **EDGE), ORIGIN],
    ],
)
def test_a_404_that_the_origin_gives_is_not_the_edges(answers: list[dict[str, t.Any]]) -> None:
    """Nor one of which nobody knows."""
    assert stage.findings(site_of(answers=answers)) == []


def test_what_a_browser_did_not_ask_for_is_no_servers_fault() -> None:
    """Case 102: the console says so, and the server sends the file."""
    name = "shop/ads/banner.js"
    site = site_of(app=application(names=[name]), browser=[{"url": f"{STATIC}{name}?v=2", "error": "net::ERR_BLOCKED_BY_CLIENT"}])
    found = stage.findings(site)
    assert codes(found) == ["client_side_blocker"]
    assert found[0]["evidence"]["matches"] == "ads"


def test_a_report_without_a_reason_needs_a_name_that_lists_match() -> None:
    """And a file that the server sends."""
    names = ["shop/analytics.js", "shop/upload.js"]
    reports = [{"url": STATIC + name, "error": "Failed to load resource"} for name in [*names, "shop/ads/gone.js"]]
    answers = [answer("shop/ads/gone.js", 404)]
    site = site_of(app=application(names=[*names, "shop/ads/gone.js"]), answers=answers, browser=reports)
    found = stage.findings(site)
    assert codes(found) == ["client_side_blocker"]
    assert found[0]["urls"] == [f"{STATIC}shop/analytics.js"]


def test_a_name_that_lists_match_is_no_fault_by_itself() -> None:
    """Nobody has reported anything."""
    assert stage.findings(site_of(app=application(names=["shop/ads/banner.js", *NAMES]))) == []
