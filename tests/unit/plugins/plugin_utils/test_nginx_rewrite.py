# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rewrite module."""

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
    ("server", "outcome", "told"),
    [
        ("root /srv; rewrite ^/assets/(.*)$ /static/$1; location /static/ { }", "file", "/srv/static/a.css"),
        ("root /srv; location /assets/ { rewrite ^/assets/(.*)$ /static/$1 last; } location /static/ { }", "file", "/srv/static/a.css"),
        ("root /srv; location /assets/ { rewrite ^/assets/(.*)$ /static/$1 break; }", "file", "/srv/static/a.css"),
        ("location /assets/ { rewrite ^/assets/(.*)$ /static/$1 permanent; }", "redirect", 301),
        ("location /assets/ { rewrite ^/assets/(.*)$ https://cdn/$1; }", "redirect", 302),
        ("location /assets/ { return 403; }", "return", 403),
        ("location /assets/ { if ($request_method = GET) { return 405; } }", "return", 405),
        (
            "root /srv; location /assets/ { if ($request_method = POST) { return 405; } rewrite ^/assets/(.*)$ /static/$1 break; }",
            "file",
            "/srv/static/a.css",
        ),
        ("root /srv; location /assets/ { set $x static; rewrite ^/assets/(.*)$ /$x/$1 break; }", "file", "/srv/static/a.css"),
        ("root /srv; location /assets/ { rewrite ^/assets/(.*)$ /assets/x$1; }", "return", 500),
        ("location /assets/ { if (-f /srv/static/a.css) { return 418; } }", "return", 418),
    ],
)
def test_directives_are_run_in_their_order(server: str, outcome: str, told: str | int) -> None:
    route = routed(server, "/assets/a.css")
    assert (route.outcome, route.path if outcome == "file" else route.status) == (outcome, told)


def test_what_cannot_be_decided_is_named_with_its_place() -> None:
    route = routed("location / { if ($geoip_country = FR) { return 403; } }")
    assert route.outcome == "unknown"
    assert route.undecided[0][1:3] == (MAIN, 1)


def test_a_pass_with_an_if_that_holds_keeps_its_pass() -> None:
    """It was a traceback."""
    route = routed("location / { proxy_pass http://127.0.0.1:1; if ($request_method = GET) { set $x 1; } }")
    assert (route.outcome, route.upstreams) == ("proxy", ["127.0.0.1:1"])
