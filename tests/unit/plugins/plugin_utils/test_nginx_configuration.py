# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading configurations, good and bad."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import from_dump, read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver

SERVER = "server { listen 80; location /s/ { alias /w/s/; } }"


def test_includes_in_their_order() -> None:
    files = {
        "/e/nginx.conf": "events {} http { include conf.d/*.conf; include last; }",
        "/e/conf.d/b.conf": "server { server_name b; }",
        "/e/conf.d/.hidden.conf": "server { server_name hidden; }",
        "/e/conf.d/a.conf": "server { server_name a; }",
        "/e/last": "server { server_name l; }",
    }
    configuration = read_configuration(files, "/e/nginx.conf")
    assert [server.names[0] for server in configuration.servers] == ["a", "b", "l"]
    assert configuration.servers[2].file == "/e/last"


def test_a_file_that_includes_itself_and_its_neighbours_ends() -> None:
    files = {f"/e/c/{number}.conf": "include c/*.conf; server { }" for number in range(12)}
    configuration = read_configuration({**files, "/e/n": "events {} http { include c/*.conf; }"}, "/e/n")
    assert configuration.servers


def test_a_dump() -> None:
    text = "nginx: ok\n# configuration file /e/n:\nevents {}\nhttp { include a; }\n\n# configuration file /e/a:\nserver { }\n"
    files, main = from_dump(text)
    assert main == "/e/n" and files["/e/a"] == "server { }"
    assert len(read_configuration(files, main).servers) == 1
    with pytest.raises(ExplainedError, match="nginx -T"):
        from_dump("nothing")


@pytest.mark.parametrize("text", ["http {", "http { server { location / { }", "}", '"', "http { server { return 200 'x; } }"])
def test_what_is_broken_is_explained(text: str) -> None:
    with pytest.raises(ExplainedError, match="cannot be understood"):
        read_configuration({"/n": text}, "/n")


def test_unknown_directives_do_no_harm() -> None:
    configuration = read_configuration({"/n": "events {} http { new_thing on; " + SERVER.replace("alias", "newer 1; alias") + "}"}, "/n")
    assert Resolver(configuration).route("http://a/s/x").path == "/w/s/x"


def test_megabytes_of_maps_are_passed_over() -> None:
    text = "events {} http { map $uri $new { " + "/a/very/long/uri /another;\n" * 100_000 + "} " + SERVER + "}"
    configuration = read_configuration({"/n": text}, "/n")
    assert configuration.servers[0].line == 100_001


def test_thousands_of_servers() -> None:
    text = (
        "events {} http {"
        + "".join(f"server {{ listen 80; server_name s{number}.test; location /s/ {{ alias /w/{number}/; }} }}" for number in range(5000))
        + "}"
    )
    resolver = Resolver(read_configuration({"/n": text}, "/n"))
    assert [resolver.route(f"http://s{number}.test/s/x").path for number in (0, 4999)] == ["/w/0/x", "/w/4999/x"]


def test_upstreams_have_addresses() -> None:
    upstream = "upstream app { server unix:/run/a.sock fail_timeout=0; server 127.0.0.1:8000; }"
    text = f"http {{ {upstream} server {{ listen 80; location / {{ proxy_pass http://app/; }} }} }}"
    assert read_configuration({"/n.conf": text}, "/n.conf").servers[0].locations[0].upstreams == ["unix:/run/a.sock", "127.0.0.1:8000"]


def test_a_brace_in_quotation_marks_ends_no_map() -> None:
    lines = "".join(f'"key{number}}}" value;\n' for number in range(60_000))
    text = "http { map $uri $x {\n" + lines + "}\nserver { listen 80; server_name after; } }"
    server = read_configuration({"/n.conf": text}, "/n.conf").servers[0]
    assert (server.names, server.line) == (["after"], 60_003)


@pytest.mark.parametrize("text", ["{{{", "\0", "include", "http { foo bar baz; server { frob 1; } }", 'http { server { server_name "a; } }'])
def test_rubbish_is_no_traceback(text: str) -> None:
    try:
        assert read_configuration({"/n.conf": text}, "/n.conf").main == "/n.conf"
    except ExplainedError as error:
        assert "/n.conf" in str(error)
