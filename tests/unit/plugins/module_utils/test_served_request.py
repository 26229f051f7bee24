# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the option connect_to; the other options are tested with the module."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.http_client import Route
from ansible_collections.webops.django.plugins.module_utils.served_request import page_url, parse_route, static_url
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("127.0.0.1", Route("127.0.0.1")),
        ("127.0.0.1:8080", Route("127.0.0.1", 8080)),
        ("web-1.internal:81", Route("web-1.internal", 81)),
        ("::1", Route("::1")),
        ("[::1]", Route("::1")),
        ("[fe80::1%eth0]:80", Route("fe80::1%eth0", 80)),
        ("/run/nginx.sock", Route(socket_path="/run/nginx.sock")),
        ("unix:/run/nginx.sock", Route(socket_path="/run/nginx.sock")),
        ("dns", Route()),
    ],
)
def test_parse_route(text: str, route: Route) -> None:
    assert parse_route(text) == route


@pytest.mark.parametrize("text", ["", "a b", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "http://127.0.0.1", "[::1", "[::1]:x", ":80", "a\n"])
def test_parse_route_refuses(text: str) -> None:
    with pytest.raises(ExplainedError, match="write an address such as"):
        parse_route(text)


@pytest.mark.parametrize(
    ("base", "text", "expected"),
    [
        ("http://shop.example.com", "/static/", "http://shop.example.com/static/"),
        ("http://shop.example.com/app/", "static/", "http://shop.example.com/app/static/"),
        ("http://shop.example.com", "https://cdn.example.org/größe/", "https://cdn.example.org/gr%C3%B6%C3%9Fe/"),
    ],
)
def test_static_url(base: str, text: str, expected: str) -> None:
    assert str(static_url(text, parse_url(base))) == expected


@pytest.mark.parametrize(
    ("base", "expected"), [("http://a.example", "http://a.example/x/?y=1"), ("http://a.example/app/", "http://a.example/app/x/?y=1")]
)
def test_page_url(base: str, expected: str) -> None:
    assert str(page_url("/x/?y=1", parse_url(base))) == expected
