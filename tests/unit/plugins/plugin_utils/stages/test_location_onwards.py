# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that one server block passes to another of the same nginx."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_onwards import followed, own_block
from ansible_collections.webops.django.tests.unit.support.evidence_documents import BASE, configuration, nginx, site_of

URL = BASE + "static/shop/site.css"
APP = "location / { proxy_pass http://unix:/run/shop.sock; }"
FILES = "server { listen 127.0.0.1:8081; location /static/ { alias /srv/files/; } location /assets/ { alias /srv/assets/; } }"


def routed(location: str, files: str = FILES) -> t.Any:
    site = site_of(nginx(configuration(f"{location} {APP}", http=f"include mime.types; {files}")))
    route = t.cast("t.Any", site.resolver).route(URL, address="127.0.0.1", port=80, server=site.server)
    return site, route, followed(site, route, URL)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("location /static/ { proxy_pass http://127.0.0.1:8081; }", "/srv/files/shop/site.css"),
        ("location /static/ { proxy_pass http://localhost:8081; proxy_set_header Host $host; }", "/srv/files/shop/site.css"),
        ("location /static/ { proxy_pass http://127.0.0.1:8081/assets/; }", "/srv/assets/shop/site.css"),
        ("location ~ ^/static/ { proxy_pass http://127.0.0.1:8081; }", "/srv/files/shop/site.css"),
    ],
)
def test_the_block_that_serves_is_found(location: str, path: str) -> None:
    _site, before, after = routed(location)
    assert (before.outcome, after.outcome, after.path) == ("proxy", "file", path)
    assert after.steps[: len(before.steps)] == before.steps


def test_by_a_socket() -> None:
    files = "server { listen unix:/run/files.sock; root /srv; }"
    assert routed("location /static/ { proxy_pass http://unix:/run/files.sock; }", files)[2].path == "/srv/static/shop/site.css"


@pytest.mark.parametrize(
    "location",
    [
        "location /static/ { proxy_pass http://unix:/run/shop.sock; }",
        "location /static/ { proxy_pass http://127.0.0.1:9999; }",
        "location /static/ { alias /srv/files/; }",
    ],
)
def test_the_application_and_others_are_no_block_of_this_nginx(location: str) -> None:
    site, before, after = routed(location)
    assert own_block(site, before) is None
    assert after is before


def test_what_cannot_be_told_is_left() -> None:
    _site, before, after = routed("location /static/ { set $to http://127.0.0.1:8081/$x; proxy_pass http://127.0.0.1:8081$request_uri; }")
    assert after is before


def test_blocks_that_pass_requests_to_one_another_end() -> None:
    files = "server { listen 127.0.0.1:8081; location / { proxy_pass http://127.0.0.1:8082; } } "
    files += "server { listen 127.0.0.1:8082; location / { proxy_pass http://127.0.0.1:8081; } }"
    assert routed("location /static/ { proxy_pass http://127.0.0.1:8081; }", files)[2].outcome == "proxy"
