# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a configuration."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import from_dump, read_configuration


def test_includes_are_followed_in_nginxs_order() -> None:
    files = {
        "/etc/nginx/nginx.conf": "http { include sites/*; include /etc/nginx/one.conf; }",
        "/etc/nginx/sites/b": "server { listen 80; server_name b; }",
        "/etc/nginx/sites/a": "server { listen 80; server_name a; }",
        "/etc/nginx/sites/.hidden": "server { listen 80; server_name hidden; }",
        "/etc/nginx/one.conf": "server { server_name one; }",
    }
    servers = read_configuration(files, "/etc/nginx/nginx.conf").servers
    assert [(server.names, server.file) for server in servers] == [
        (["a"], "/etc/nginx/sites/a"),
        (["b"], "/etc/nginx/sites/b"),
        (["one"], "/etc/nginx/one.conf"),
    ]
    assert servers[2].listens[0].port == 80


def test_a_circle_of_includes_ends() -> None:
    files = {"/n.conf": "http { include /a; }", "/a": "include /n.conf; include /a; server { listen 80; }"}
    assert len(read_configuration(files, "/n.conf").servers) >= 1


def test_upstreams_have_addresses() -> None:
    upstream = "upstream app { server unix:/run/a.sock fail_timeout=0; server 127.0.0.1:8000; }"
    text = f"http {{ {upstream} server {{ listen 80; location / {{ proxy_pass http://app/; }} }} }}"
    assert read_configuration({"/n.conf": text}, "/n.conf").servers[0].locations[0].upstreams == ["unix:/run/a.sock", "127.0.0.1:8000"]


def test_a_dump_is_split_into_its_files() -> None:
    files, main = from_dump("# configuration file /n.conf:\nhttp { include a; }\n\n# configuration file /a:\nserver { }\n")
    assert (main, sorted(files)) == ("/n.conf", ["/a", "/n.conf"])
    with pytest.raises(ExplainedError, match="no output of nginx -T"):
        from_dump("server { }")


RUBBISH = [
    "http { server { listen 80;",
    "}",
    "{{{",
    'http { server { server_name "a; } }',
    "\0",
    "include",
    "http { foo bar baz; server { frob 1; } }",
]


@pytest.mark.parametrize("text", RUBBISH)
def test_rubbish_is_no_traceback(text: str) -> None:
    try:
        read_configuration({"/n.conf": text}, "/n.conf")
    except ExplainedError as error:
        assert "/n.conf" in str(error)


def test_large_maps_are_passed_over() -> None:
    lines = "".join(f'"key{number}}}" value;\n' for number in range(60_000))
    text = "http { map $uri $x {\n" + lines + "}\nserver { listen 80; server_name after; } }"
    server = read_configuration({"/n.conf": text}, "/n.conf").servers[0]
    assert (server.names, server.line) == (["after"], 60_003)
