# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page`` as a whole: one cause for each URL."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.plugin_utils.stages import page as stage
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    NAMES,
    answer,
    application,
    codes,
    nginx,
    page,
    reference,
    sample,
    site_of,
    static,
)

OLD, NEW = "shop/site.0123456789ab.css", "shop/site.ba9876543210.css"


def test_a_healthy_site_has_none() -> None:
    assert stage.findings(site_of(pages=[page([reference(f"/static/{name}") for name in NAMES])])) == []


def test_what_a_cache_explains_is_no_prefix() -> None:
    """A page of before asks under the prefix of before."""
    shop = application(static(static_url="/static/"), [sample("shop/site.css")])
    asked = [reference("/old/shop/site.css", 404)]
    fresh = stage.findings(site_of(nginx(), shop, pages=[page(asked)]))
    cached = stage.findings(site_of(nginx(), shop, pages=[page(asked, headers={"x-cache": "HIT"})]))
    assert (codes(fresh), codes(cached)) == (["static_url_mismatch"], ["stale_url_cache"])


def test_several_causes_are_told_in_their_order() -> None:
    shop = application(static(manifest_name="staticfiles.json"), [sample("shop/site.css", NEW)])
    found = stage.findings(
        site_of(
            nginx(),
            shop,
            [answer(NEW)],
            pages=[
                page([reference(f"/static/{OLD}", 404)], headers={"age": "60"}),
                page(
                    [reference("http://cdn.example/x.css", None)],
                    url="https://shop.example/",
                    headers={"content-security-policy": "style-src 'self'"},
                ),
            ],
        )
    )
    assert codes(found) == ["stale_url_cache", "mixed_content", "csp"]
