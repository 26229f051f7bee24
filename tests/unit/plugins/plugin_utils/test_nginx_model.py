# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in effect where."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration

TEXT = """events {} http { gzip on; root /h; server { root /s; allow 10.0.0.1; deny all;
location /a/ { alias /a; gzip off; location /a/b/ { deny all; } }
location / { proxy_pass http://x; if ($uri) { return 204; } } } }"""


def test_inheritance() -> None:
    server = read_configuration({"/n": TEXT}, "/n").servers[0]
    outer, other = server.locations
    inner = outer.locations[0]
    assert [item.arguments for item in inner.effective("gzip")] == [["off"]]
    assert [item.name for item in inner.effective("root")] == ["alias"]
    assert [item.name for item in outer.effective("deny")] == ["allow", "deny"]
    assert [item.name for item in inner.effective("allow")] == ["deny"]
    assert inner.effective("proxy_pass") == [] and inner.parents == [outer]
    assert outer.mapping is not None and (outer.mapping.directive, outer.mapping.folder) == ("alias", "/a")
    assert (other.handler, other.mapping, other.upstreams) == ("proxy_pass", None, ["x"])
