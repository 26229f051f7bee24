# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver's answers, apart from the comparison with nginx."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route

SITE = """server { listen 80; server_name a.test; location /static/ { alias /w/static/; try_files $uri @app; }
location @app { proxy_pass http://127.0.0.1:8000; } }"""


def route(text: str, url: str, kind: str | None = None) -> Route:
    return Resolver(read_configuration({"/n": f"events {{}} http {{ {text} }}"}, "/n"), lambda _path: kind).route(url)


def test_what_would_decide_is_wanted() -> None:
    found = route(SITE, "http://a.test/static/x.css")
    assert (found.outcome, found.wants) == ("unknown", ["/w/static/x.css"])


def test_the_place_that_tries_files_stays() -> None:
    found = route(SITE, "http://a.test/static/x.css", "")
    assert (found.outcome, found.upstreams) == ("proxy", ["127.0.0.1:8000"])
    assert found.location is not None and found.location.pattern == "/static/"
    assert [path for _argument, path, _kind in found.tries] == ["/w/static/x.css", None]
    assert found.mapping is not None and found.mapping.folder == "/w/static/"


def test_a_condition_that_cannot_be_decided_is_named() -> None:
    found = route("server { if ($remote_addr = 1) { return 403; } }", "http://a.test/x")
    assert (found.outcome, found.undecided[0][0]) == ("unknown", "if $remote_addr = 1")


def test_an_error_page_stands_beside_the_route() -> None:
    found = route("server { root /w; error_page 404 /404.html; }", "http://a.test/x", "")
    assert (found.outcome, found.path) == ("file", "/w/x")
    assert found.error_page is not None and found.error_page.path == "/w/404.html"


def test_nobody_listens() -> None:
    assert route(SITE, "http://a.test:81/").outcome == "none"


@pytest.mark.parametrize(
    "url", ["http://[::1/", "http://[zz]/", "", "/x", "http://a:abc/x", "http:///x", "http://a.test/a b", "http://a.test/\udcff", "ftp://x"]
)
def test_odd_urls_are_no_accident(url: str) -> None:
    assert route(SITE, url, "").outcome


def test_a_uri_that_grows_without_bounds_is_undecided() -> None:
    found = route("server { location / { rewrite ^(.*)$ $1$1$1$1$1$1$1$1$1$1 last; } }", "http://a.test/abcdefgh", "")
    assert found.outcome == "unknown" and "bounds" in found.undecided[0][3]


def test_a_route_tells_its_places() -> None:
    found = route("server { root /srv; location /static/ { gzip_static on; } location / { return 404; } }", "http://a.test/static/a.css", "file")
    assert found.location is not None and found.mapping is not None
    assert (found.location.pattern, found.mapping.directive, found.mapping.argument, found.handler) == ("/static/", "root", "/srv", "static")
    assert [item.arguments for item in found.effective("gzip_static")] == [["on"]]
    assert [location.pattern for location, _why in found.losers] == ["/"]
    assert found.steps


def test_a_named_location_passes_to_a_socket() -> None:
    found = route(
        "server { location / { root /w; try_files $uri @app; } location @app { proxy_pass http://unix:/run/a.sock:/; } }", "http://a.test/x", ""
    )
    assert (found.outcome, found.upstreams) == ("proxy", ["unix:/run/a.sock"])
