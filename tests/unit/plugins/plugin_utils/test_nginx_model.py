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


NESTED = """http {
    gzip on; root /srv; deny 10.0.0.1;
    server {
        listen 80 default_server;
        add_header A 1;
        location /a/ { add_header B 2; allow all; alias /x/; location /a/b/ { proxy_pass http://127.0.0.1:1; } }
        location /c/ { try_files $uri =404; location /c/d/ { } }
        location @named { return 404; }
    }
}"""


def test_inner_directives_replace_outer_ones() -> None:
    server = read_configuration({"/n.conf": NESTED}, "/n.conf").servers[0]
    a, c, named = server.locations
    assert [item.arguments for item in a.effective("add_header")] == [["B", "2"]]
    assert [item.arguments for item in a.locations[0].effective("add_header")] == [["B", "2"]]
    assert [item.arguments for item in c.effective("add_header")] == [["A", "1"]]
    assert [item.arguments for item in c.effective("gzip")] == [["on"]]
    assert [item.name for item in a.effective("deny")] == ["allow"]
    assert [item.name for item in c.effective("deny")] == ["deny"]
    assert c.effective("try_files")
    assert not c.locations[0].effective("try_files")
    assert server.is_default
    assert named.modifier == "@"


def test_handlers_and_mappings_are_known_without_a_url() -> None:
    a, c, named = read_configuration({"/n.conf": NESTED}, "/n.conf").servers[0].locations
    assert (a.handler, a.locations[0].handler, named.handler) == ("static", "proxy_pass", "return")
    assert a.mapping is not None
    assert c.mapping is not None
    assert (a.mapping.directive, a.mapping.folder, c.mapping.directive, c.mapping.folder) == ("alias", "/x/", "root", "/srv")
    assert a.locations[0].mapping is None
    assert a.locations[0].upstreams == ["127.0.0.1:1"]
    assert a.locations[0].parents == [a]
