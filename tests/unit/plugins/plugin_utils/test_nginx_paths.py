# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""root and alias."""

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
    ("server", "path"),
    [
        ("root /srv;", "/srv/static/a.css"),
        ("root /srv/;", "/srv/static/a.css"),
        ("location /static/ { alias /srv/files/; }", "/srv/files/a.css"),
        ("location /static/ { alias /srv/files; }", "/srv/filesa.css"),
        ("location /static { alias /srv/files; }", "/srv/files/a.css"),
        ("location ~ ^/static/(.*)$ { alias /srv/files/$1; }", "/srv/files/a.css"),
        ("location ~ ^/static/(?<name>.*)$ { alias /srv/files/$name; }", "/srv/files/a.css"),
        ("set $where /srv/x; location / { root $where; }", "/srv/x/static/a.css"),
        ("location /static/ { alias /srv/files/; location ~ css$ { } }", "/srv/files/a.css"),
        ("root html;", "/etc/nginx/html/static/a.css"),
    ],
)
def test_the_path_that_nginx_opens(server: str, path: str) -> None:
    assert routed(server, files=(path,)).path == path
