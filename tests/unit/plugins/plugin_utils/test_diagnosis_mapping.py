# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What root and alias make of a URI, and what they would make if they were written otherwise."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import alternatives, leaves_folder, mapped_by, plain_path, uri_of
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route

URL = "http://shop.example.com/static/css/a%20b.css?v=1"


def routed(location: str) -> Route:
    text = f"http {{ server {{ listen 80; {location} }} }}"
    return Resolver(read_configuration({"/etc/nginx/nginx.conf": text}, "/etc/nginx/nginx.conf")).route(URL)


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("location /static/ { alias /srv/static/; }", "/srv/static/css/a b.css"),
        ("location /static/ { alias /srv/static; }", "/srv/staticcss/a b.css"),
        ("location /static { alias /srv/static; }", "/srv/static/css/a b.css"),
        ("location /static/ { root /srv; }", "/srv/static/css/a b.css"),
        ("root /srv/; location / { }", "/srv/static/css/a b.css"),
        ("location ~ ^/static/(.*)$ { alias /srv/static/$1; }", "/srv/static/css/a b.css"),
        ("location / { proxy_pass http://127.0.0.1:1; }", ""),
    ],
)
def test_the_path_is_nginxs_own(location: str, path: str) -> None:
    assert plain_path(routed(location), URL) == path


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (
            "location /static/ { alias /srv/static; }",
            {"alias_missing_trailing_slash": "/srv/static/css/a b.css", "alias_root_confusion": "/srv/static/static/css/a b.css"},
        ),
        ("location /static/ { alias /srv/; }", {"alias_root_confusion": "/srv/static/css/a b.css"}),
        ("location /static/ { root /srv/static; }", {"alias_root_confusion": "/srv/static/css/a b.css"}),
        ("root /srv/static; location / { }", {"alias_root_confusion": "/srv/static/css/a b.css"}),
        ("location ~ ^/static/(.*)$ { alias /srv/static/$1; }", {}),
    ],
)
def test_the_usual_mistakes_can_be_undone(location: str, expected: dict[str, str]) -> None:
    assert {other.code: other.path for other in alternatives(routed(location), URL)} == expected


@pytest.mark.parametrize(
    ("location", "path"),
    [
        ("location ~ ^/static/(.*)$ { alias /srv/static/$1; }", "/srv/static/css/a b.css"),
        ("location ~* ^/STATIC/(?<rest>.*)$ { alias /srv/static/${rest}; }", "/srv/static/css/a b.css"),
        ("location ~ \\.css$ { root /srv; }", "/srv/static/css/a b.css"),
        ("location ~ ^/static/(.*)$ { alias $home/$1; }", ""),
        ("location ~ ^/media/(.*)$ { alias /srv/media/$1; }", ""),
        ("location ~ \\.css$ { proxy_pass http://127.0.0.1:1; }", ""),
    ],
)
def test_a_pattern_would_make_its_path_of_what_it_matches(location: str, path: str) -> None:
    text = f"http {{ server {{ listen 80; {location} }} }}"
    (server,) = read_configuration({"/n": text}, "/n").servers
    assert mapped_by(server.locations[0], URL) == path


def test_a_location_that_lost_would_have_made_a_path() -> None:
    route = routed("location /static/ { alias /srv/static/; } location ~ css$ { return 404; }")
    assert [mapped_by(location, URL) for location, _why in route.losers] == ["/srv/static/css/a b.css"]


@pytest.mark.parametrize(
    ("location", "leaves"),
    [
        ("location /static { alias /srv/static/; }", True),
        ("location ^~ /static { alias /srv/static/; }", True),
        ("location /static/ { alias /srv/static/; }", False),
        ("location /static { alias /srv/static; }", False),
        ("location /static { root /srv/; }", False),
    ],
)
def test_a_missing_slash_leaves_the_folder(location: str, leaves: bool) -> None:
    chosen = routed(location).location
    assert chosen is not None
    assert leaves_folder(chosen) is leaves


def test_a_url_is_decoded() -> None:
    assert uri_of("http://h/a%20b/%C3%BC?x#y") == "/a b/ü"
