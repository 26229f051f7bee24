# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests a Content-Security-Policy allows."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.content_security_policy import Request, blocked, matches, parse, upgrades

PAGE = "https://shop.example/admin/login/"
OWN = "https://shop.example/static/a.css"
CDN = "https://cdn.example/static/a.css"


def directive(policy: str, request: Request, page: str = PAGE) -> str:
    """The directive that blocks, or an empty string."""
    found = blocked(parse(policy), request, page)
    return found.directive if found else ""


@pytest.mark.parametrize(
    ("source", "url", "page", "expected"),
    [
        ("'self'", OWN, PAGE, True),
        ("'SELF'", OWN, PAGE, True),
        ("'self'", CDN, PAGE, False),
        ("'self'", "https://shop.example:8443/a.css", PAGE, False),
        ("'self'", "https://shop.example:443/a.css", PAGE, True),
        ("'self'", "https://shop.example/a.css", "http://shop.example/", True),
        ("'self'", "http://shop.example/a.css", PAGE, False),
        ("'none'", OWN, PAGE, False),
        ("'unsafe-inline'", OWN, PAGE, False),
        ("*", CDN, PAGE, True),
        ("*", "data:text/css,a", PAGE, False),
        ("https:", CDN, PAGE, True),
        ("http:", CDN, PAGE, True),
        ("https:", "http://cdn.example/a.css", PAGE, False),
        ("data:", "data:font/woff2;base64,AA", PAGE, True),
        ("cdn.example", CDN, PAGE, True),
        ("CDN.Example", CDN, PAGE, True),
        ("cdn.example", "http://cdn.example/a.css", PAGE, False),
        ("cdn.example", "http://cdn.example/a.css", "http://shop.example/", True),
        ("http://cdn.example", CDN, PAGE, True),
        ("https://cdn.example", "http://cdn.example/a.css", "http://shop.example/", False),
        ("*.example", CDN, PAGE, True),
        ("*.cdn.example", CDN, PAGE, False),
        ("*.cdn.example", "https://a.b.cdn.example/x", PAGE, True),
        ("cdn.example:443", CDN, PAGE, True),
        ("cdn.example:8443", CDN, PAGE, False),
        ("cdn.example:*", "https://cdn.example:8443/a", PAGE, True),
        ("cdn.example", "https://cdn.example:8443/a", PAGE, False),
        ("cdn.example/static/", CDN, PAGE, True),
        ("cdn.example/static", CDN, PAGE, False),
        ("cdn.example/static/a.css", CDN, PAGE, True),
        ("cdn.example/media/", CDN, PAGE, False),
        ("cdn.example/", CDN, PAGE, True),
        ("https://*", CDN, PAGE, True),
        ("https://[::1]:8000", "https://[::1]:8000/a", PAGE, True),
        ("ht!tp", CDN, PAGE, False),
        ("cdn.example", "https://cdn.example:x/a", PAGE, False),
    ],
)
def test_a_source_matches_as_the_standard_says(source: str, url: str, page: str, expected: bool) -> None:
    """Scheme, host, port and path each decide."""
    assert matches(source, url, page) is expected


@pytest.mark.parametrize(
    ("policy", "kind", "expected"),
    [
        ("default-src 'self'", "stylesheet", "default-src"),
        ("default-src 'self'", "font", "default-src"),
        ("default-src 'self'; style-src *", "stylesheet", ""),
        ("style-src *; style-src-elem 'self'", "stylesheet", "style-src-elem"),
        ("style-src-elem *; style-src 'none'", "stylesheet", ""),
        ("style-src 'none'", "script", ""),
        ("script-src 'self'", "module", "script-src"),
        ("img-src 'self'", "image", "img-src"),
        ("font-src 'none'", "font", "font-src"),
        ("media-src", "media", "media-src"),
        ("manifest-src 'self'", "manifest", "manifest-src"),
        ("default-src 'none'", "any", ""),
        ("STYLE-SRC 'self'; style-src *", "stylesheet", "style-src"),
        ("style-src *, default-src 'self'", "stylesheet", "default-src"),
        ("frame-ancestors 'none'; upgrade-insecure-requests", "stylesheet", ""),
        ("", "stylesheet", ""),
        (";;, ,;", "script", ""),
    ],
)
def test_the_first_directive_that_is_there_decides(policy: str, kind: str, expected: str) -> None:
    """Each policy of several must allow it, and of two directives of a name the first counts."""
    assert directive(policy, Request(kind, CDN)) == expected


@pytest.mark.parametrize(
    ("policy", "request_", "expected"),
    [
        ("script-src 'nonce-abc='", Request("script", CDN, nonce="abc="), ""),
        ("script-src 'nonce-abc='", Request("script", CDN, nonce="other"), "script-src"),
        ("script-src 'nonce-abc='", Request("script", CDN, nonce=""), "script-src"),
        ("script-src 'nonce-abc='", Request("script", CDN), ""),
        ("style-src 'nonce-abc='", Request("stylesheet", CDN, nonce="abc="), ""),
        ("font-src 'nonce-abc='", Request("font", CDN, nonce="abc="), "font-src"),
        ("script-src 'self' 'strict-dynamic'", Request("script", OWN, nonce=""), "script-src"),
        ("script-src 'self' 'strict-dynamic'", Request("module", OWN, nonce="", inserted=True), ""),
        ("script-src 'strict-dynamic' 'nonce-a'", Request("script", CDN, nonce="a"), ""),
        ("script-src 'sha256-AAAA'", Request("script", CDN, integrity="sha256-AAAA"), ""),
        ("script-src 'sha256-AAAA'", Request("script", CDN, integrity="sha256-BBBB"), "script-src"),
        ("script-src 'sha256-AAAA'", Request("script", CDN), "script-src"),
    ],
)
def test_nonces_and_digests_let_in_what_its_origin_does_not(policy: str, request_: Request, expected: str) -> None:
    """But a nonce lets no font in, and an element whose nonce nobody knows is not accused."""
    assert directive(policy, request_) == expected


def test_a_policy_may_have_links_by_http_asked_for_by_https() -> None:
    """Then they are no mixed content."""
    assert upgrades(parse("default-src 'self'; upgrade-insecure-requests"))
    assert not upgrades(parse("block-all-mixed-content"))
