# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request through the phases."""

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


def test_a_location_that_is_internal_is_not_found() -> None:
    route = routed("location /static/ { internal; root /srv; }")
    assert (route.outcome, route.status) == ("return", 404)


def test_a_slash_that_a_passing_location_lacks_is_added() -> None:
    route = routed("location /app/ { proxy_pass http://127.0.0.1:1; }", "/app")
    assert (route.outcome, route.status) == ("redirect", 301)


def test_a_circle_ends_as_nginx_ends_it() -> None:
    route = routed("location / { try_files /no @a; } location @a { try_files /no @a; }")
    assert (route.outcome, route.status) == ("return", 500)


def test_a_path_that_leaves_the_root_is_refused() -> None:
    assert routed("root /srv;", "/../etc/passwd").status == 400
