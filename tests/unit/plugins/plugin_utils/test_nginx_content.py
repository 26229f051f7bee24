# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What answers in the end: files, folders, fallbacks, upstreams."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route

MAIN = "/etc/nginx/nginx.conf"


def routed(server: str, uri: str = "/static/a.css", files: tuple[str, ...] = ("/srv/static/a.css",)) -> Route:
    """Follow a URL; of the host, only these files are there."""
    folders = {path.rpartition("/")[0] for path in files}
    configuration = read_configuration({MAIN: f"http {{ server {{ listen 80; {server} }} }}"}, MAIN)
    resolver = Resolver(configuration, lambda path: "file" if path in files else "directory" if path.rstrip("/") in folders else "")
    return resolver.route(f"http://shop.example.com{uri}")


@pytest.mark.parametrize(
    ("server", "uri", "outcome", "told"),
    [
        ("location /static/ { root /srv; try_files $uri =404; }", "/static/a.css", "file", "/srv/static/a.css"),
        ("location /static/ { root /srv; try_files $uri =404; }", "/static/b.css", "return", 404),
        ("location /static/ { alias /srv/static/; try_files $uri =404; }", "/static/a.css", "file", "/srv/static/a.css"),
        ("location /static/ { root /srv; try_files $uri /static/a.css =404; }", "/static/b.css", "file", "/srv/static/a.css"),
        ("location /static/ { root /srv; try_files $uri /static/a.css; }", "/static/b.css", "file", "/srv/static/a.css"),
        ("root /srv;", "/static", "redirect", 301),
        ("root /srv;", "/static/", "return", 403),
        ("root /srv; index a.css;", "/static/", "file", "/srv/static/a.css"),
        ("root /srv; location / { deny all; }", "/static/a.css", "denied", 403),
    ],
)
def test_a_way_ends_where_nginx_ends_it(server: str, uri: str, outcome: str, told: str | int) -> None:
    route = routed(server, uri)
    assert (route.outcome, route.path if outcome == "file" else route.status) == (outcome, told)


def test_a_named_location_passes_what_was_not_found() -> None:
    text = "location / { root /srv; try_files $uri @app; } location @app { proxy_pass http://unix:/run/shop.sock:/; }"
    route = routed(text, "/x")
    assert (route.outcome, route.upstreams) == ("proxy", ["unix:/run/shop.sock"])
