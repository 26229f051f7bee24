# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``: what a page's Content-Security-Policy does not allow."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import page as stage
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_policy import widened
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    BASE,
    LOCATIONS,
    SITE,
    codes,
    configuration,
    nginx,
    page,
    reference,
    site_of,
)

CDN = "https://static.example/static/shop/site.css"
OWN = "/static/shop/site.css"
STATIC_LOCATION = LOCATIONS.partition("location / ")[0]


def found_for(policy: str, *references: dict[str, t.Any], **facts: t.Any) -> list[dict[str, t.Any]]:
    """What is found for a page with a policy in its header."""
    return stage.findings(site_of(pages=[page([*references], headers={"content-security-policy": policy}, **facts)]))


def test_a_style_sheet_of_a_host_that_the_policy_does_not_name() -> None:
    """Case 073."""
    found = found_for("default-src 'self'; style-src 'unsafe-inline' 'self'", reference(CDN, None))
    assert codes(found) == ["csp"]
    assert "`style-src 'unsafe-inline' 'self'`" in found[0]["message"]
    assert "style-src 'unsafe-inline' 'self' https://static.example" in found[0]["fix"]
    assert found[0]["urls"] == [CDN]


def test_own_files_that_none_forbids() -> None:
    """'none' goes where a source comes; default-src is widened for the one kind only."""
    found = found_for("default-src 'none'", reference(OWN), reference("/static/shop/app.js", kind="script"))
    assert codes(found) == ["csp"]
    assert "write: style-src 'self'; script-src 'self'" in found[0]["fix"]
    assert len(found[0]["urls"]) == 2


def test_a_policy_of_nginx_is_named_with_its_line() -> None:
    """An add_header of its configuration."""
    policy = "style-src 'self'"
    files = configuration(f'location / {{ proxy_pass http://unix:/run/shop.sock; add_header Content-Security-Policy "{policy}"; }} {STATIC_LOCATION}')
    site = site_of(nginx(files), pages=[page([reference(CDN, None)], headers={"content-security-policy": policy})])
    line = "add_header Content-Security-Policy \"style-src 'self' https://static.example\";"
    assert stage.findings(site)[0]["fix"].startswith(f"In {SITE}:3 write: {line}\nthen sudo ")


def test_a_policy_of_the_page_itself() -> None:
    """In a meta element."""
    found = stage.findings(site_of(pages=[page([reference(CDN, None)], meta_csp=["style-src 'self'"])]))
    assert codes(found) == ["csp"]
    assert "meta element" in found[0]["fix"]


@pytest.mark.parametrize(
    ("policy", "item"),
    [
        ("style-src 'self'", reference(OWN)),
        ("style-src 'self' https://static.example", reference(CDN)),
        ("style-src *.example", reference(CDN)),
        ("style-src 'nonce-abc'", reference(CDN, nonce="abc")),
        ("script-src 'none'", reference(OWN)),
        ("default-src 'self'; font-src *", reference("https://static.example/a.woff2", kind="font")),
        ("script-src 'strict-dynamic' 'nonce-a'", reference("/static/shop/b.js", kind="module") | {"from": BASE + "static/shop/a.js"}),
        ("", reference(CDN)),
    ],
)
def test_what_the_policy_allows_is_no_finding(policy: str, item: dict[str, t.Any]) -> None:
    """By host, wildcard, nonce, or because it says nothing of the kind."""
    assert found_for(policy, item) == []


def test_a_policy_that_only_reports_blocks_nothing() -> None:
    """Another header."""
    site = site_of(pages=[page([reference(CDN)], headers={"content-security-policy-report-only": "default-src 'none'"})])
    assert stage.findings(site) == []


def test_self_is_where_the_page_ended() -> None:
    """A redirect led to another host."""
    found = found_for("style-src 'self'", reference("http://www.shop.example/a.css"), redirected_to="http://www.shop.example/")
    assert found == []


@pytest.mark.parametrize(
    ("policy", "lines", "whole"),
    [
        ("default-src 'none'", ["img-src 'self'", "font-src 'self'"], "default-src 'none'; img-src 'self'; font-src 'self'"),
        ("script-src 'self'; object-src 'none';", ["script-src 'self' https://a.example"], "object-src 'none'; script-src 'self' https://a.example"),
        ("", ["img-src 'self'"], "img-src 'self'"),
    ],
)
def test_a_policy_keeps_what_is_not_in_the_way(policy: str, lines: list[str], whole: str) -> None:
    assert widened(policy, lines) == whole
