# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes: what they tell."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route

MAIN = "/etc/nginx/nginx.conf"


def routed(server: str, uri: str = "/static/a.css", files: tuple[str, ...] = ("/srv/static/a.css",)) -> Route:
    """Follow a URL; of the host, only these files are there."""
    folders = {path.rpartition("/")[0] for path in files}
    configuration = read_configuration({MAIN: f"http {{ server {{ listen 80; {server} }} }}"}, MAIN)
    resolver = Resolver(configuration, lambda path: "file" if path in files else "directory" if path.rstrip("/") in folders else "")
    return resolver.route(f"http://shop.example.com{uri}")


def test_a_route_tells_its_places() -> None:
    route = routed("root /srv; location /static/ { gzip_static on; } location / { return 404; }")
    assert route.server is not None
    assert route.location is not None
    assert route.mapping is not None
    assert (route.location.pattern, route.mapping.directive, route.mapping.argument, route.handler) == ("/static/", "root", "/srv", "static")
    assert [item.arguments for item in route.effective("gzip_static")] == [["on"]]
    assert [location.pattern for location, _why in route.losers] == ["/"]
    assert route.steps


def test_without_a_look_at_the_host_it_says_what_it_wants() -> None:
    configuration = read_configuration({MAIN: "http { server { listen 80; root /srv; location / { try_files $uri =404; } } }"}, MAIN)
    route = Resolver(configuration).route("http://a/x.css")
    assert (route.outcome, route.wants) == ("unknown", ["/srv/x.css"])


def test_odd_urls_are_no_traceback() -> None:
    configuration = read_configuration({MAIN: "http { server { listen 80; } }"}, MAIN)
    for url in ("http://[::1/", "http://[zz]/", "http://a:99999/", "", "/x", "http://a/%"):
        assert Resolver(configuration).route(url).outcome
