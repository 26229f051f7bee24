# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``: mixed content, and what comes from another origin."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import page as stage
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    LOCATIONS,
    SITE,
    application,
    codes,
    configuration,
    nginx,
    page,
    reference,
    site_of,
    static,
)

SECURE = "https://shop.example/"
INSECURE = "http://shop.example/static/shop/site.css"


def secure(references: list[dict[str, t.Any]], said: dict[str, t.Any] | None = None, **facts: t.Any) -> t.Any:
    """A site whose page came by https."""
    return site_of(app=application(static(**(said or {}))), pages=[page(references, SECURE, **facts)])


def test_an_insecure_link_of_a_secure_page_is_named() -> None:
    """Case 071: STATIC_URL begins with http://."""
    site = secure(
        [reference(INSECURE, None), reference("http://shop.example/static/shop/logo.svg", None, "image")],
        {"static_url": "http://shop.example/static/"},
    )
    found = stage.findings(site)
    assert codes(found) == ["mixed_content"]
    assert 'STATIC_URL = "/static/"' in found[0]["fix"]
    assert len(found[0]["urls"]) == 2


def test_static_files_of_another_host_are_asked_for_by_https() -> None:
    """Its prefix cannot be a path."""
    found = stage.findings(secure([reference("http://cdn.example/a.css", None)], {"static_url": "http://cdn.example/"}))
    assert 'STATIC_URL = "https://cdn.example/"' in found[0]["fix"]


def test_a_link_built_from_the_request_is_mended_in_the_proxy() -> None:
    """The settings' own prefix is in order."""
    found = stage.findings(secure([reference(INSECURE, None)]))
    assert codes(found) == ["mixed_content"]
    assert "SECURE_PROXY_SSL_HEADER" in found[0]["fix"]


@pytest.mark.parametrize(
    ("url", "facts"),
    [
        ("https://shop.example/static/shop/site.css", {}),
        ("http://localhost:8000/static/shop/site.css", {}),
        ("http://127.0.0.1/x.css", {}),
        (INSECURE, {"headers": {"content-security-policy": "upgrade-insecure-requests"}}),
        (INSECURE, {"meta_csp": ["upgrade-insecure-requests"]}),
        (INSECURE, {"redirected_to": "http://shop.example/"}),
    ],
)
def test_what_browsers_load_is_no_mixed_content(url: str, facts: dict[str, t.Any]) -> None:
    """This machine's own addresses, and what a policy has asked for by https."""
    assert stage.findings(secure([reference(url, None)], **facts)) == []


def test_a_page_by_http_may_link_what_it_likes() -> None:
    """There is nothing to mix."""
    assert stage.findings(site_of(pages=[page([reference(INSECURE)])])) == []


def cors(allowed: bool | None, header: str = "") -> dict[str, t.Any]:
    """What the client notes of a request from another origin."""
    return {"mode": "anonymous", "origin": "http://shop.example", "allowed": allowed, "header": header}


FONT = "http://static.shop.example/static/shop/a.woff2"


@pytest.mark.parametrize(
    ("header", "word"), [("", "no such header"), ("https://www.shop.example", "Access-Control-Allow-Origin: https://www.shop.example")]
)
@pytest.mark.parametrize("kind", ["font", "module"])
def test_a_font_of_another_origin_that_does_not_allow_it_is_named(header: str, word: str, kind: str) -> None:
    """Case 072: it arrives, and the page may not use it."""
    names = "listen 80; server_name shop.example static.shop.example;"
    site = site_of(nginx(configuration(server=names)), pages=[page([reference(FONT, 200, kind, cors=cors(False, header))])])
    found = stage.findings(site)
    assert codes(found) == ["cors_fonts"]
    assert word in found[0]["message"]
    assert f'In the location at {SITE}:3 write: add_header Access-Control-Allow-Origin "http://shop.example" always;' in found[0]["fix"]
    assert found[0]["urls"] == [FONT]


@pytest.mark.parametrize(
    ("url", "status", "facts"),
    [
        (FONT, 200, cors(True, "*")),
        (FONT, 200, cors(None)),
        (FONT, 200, None),
        (FONT, 404, cors(False)),
        ("/static/shop/a.woff2", 200, cors(False)),
    ],
)
def test_a_font_that_may_be_used_or_never_arrived_is_no_finding(url: str, status: int, facts: dict[str, t.Any] | None) -> None:
    """Of what was not asked for nobody knows; a 404 has another cause; an own font needs no header."""
    assert stage.findings(site_of(nginx(configuration(LOCATIONS)), pages=[page([reference(url, status, "font", cors=facts)])])) == []
