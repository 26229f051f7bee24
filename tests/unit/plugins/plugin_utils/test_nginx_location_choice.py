# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which location answers."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_location_choice import choose_location

TEXT = """http { server { listen 80;
    location = /exact { }
    location / { }
    location /static/ { location /static/nested/ { } location ~ \\.png$ { } }
    location ^~ /media/ { location ~ \\.gif$ { } }
    location ~ \\.css$ { }
    location ~* \\.(js|css)$ { }
} }"""


@pytest.mark.parametrize(
    ("uri", "modifier", "pattern"),
    [
        ("/exact", "=", "/exact"),
        ("/exact/", "", "/"),
        ("/", "", "/"),
        ("/static/x", "", "/static/"),
        ("/static/nested/x", "", "/static/nested/"),
        ("/static/x.png", "~", "\\.png$"),
        ("/static/x.css", "~", "\\.css$"),
        ("/x.CSS", "~*", "\\.(js|css)$"),
        ("/media/x.css", "^~", "/media/"),
        ("/media/x.gif", "~", "\\.gif$"),
    ],
)
def test_the_order_is_nginxs(uri: str, modifier: str, pattern: str) -> None:
    server = read_configuration({"/n.conf": TEXT}, "/n.conf").servers[0]
    location = choose_location(server, uri).location
    assert location is not None
    assert (location.modifier, location.pattern) == (modifier, pattern)


def test_the_losers_are_told_with_their_reasons() -> None:
    server = read_configuration({"/n.conf": TEXT}, "/n.conf").servers[0]
    losers = {location.pattern: why for location, why in choose_location(server, "/static/x.css").losers}
    assert set(losers) >= {"/static/"}
    assert "pattern" in losers["/static/"]
