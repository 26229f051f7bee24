# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locations that can be pasted."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_repair import add_location, name_of, new_location, place
from ansible_collections.webops.django.tests.unit.support.fake_host import SITE, FakeHost, with_location


def site_of(text: str) -> t.Any:
    (site,) = Hosts(FakeHost(text).evidence()).sites()
    return site


def test_a_location_is_told_as_it_is_written() -> None:
    server = site_of(with_location("location ~* \\.css$ { } location @app { } location = /a { }")).server
    assert [name_of(item) for item in server.locations] == ["location ~* \\.css$", "location @app", "location = /a", "location /"]
    assert place(server.locations[0]) == "/etc/nginx/sites-enabled/shop:5"
    assert name_of(None) == "the server block itself"


def test_a_new_location_has_what_it_needs_beside_its_alias() -> None:
    assert new_location(site_of(SITE), ["auth_basic off;"]) == (
        "    location ^~ /static/ {\n        alias /srv/shop/static/;\n        auth_basic off;\n    }"
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (
            "location ^~ /static/ { proxy_pass http://127.0.0.1:8000; }",
            "Write in the place of location ^~ /static/ at /etc/nginx/sites-enabled/shop:5:\n",
        ),
        ("location /static { proxy_pass http://127.0.0.1:8000; }", "Add to the server block at /etc/nginx/sites-enabled/shop:2:\n"),
        ("location = /static/ { return 204; }", "Add to the server block at /etc/nginx/sites-enabled/shop:2:\n"),
    ],
)
def test_a_location_of_the_same_prefix_gives_way(text: str, where: str) -> None:
    assert add_location(site_of(with_location(text))).startswith(where)
