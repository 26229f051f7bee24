# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of the server block (https://nginx.org/en/docs/http/server_names.html)."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_server_choice import choose_server
from ansible_collections.webops.django.tests.unit.support.nginx_listen_generator import compare_listens


def chosen(text: str, host: str, port: int = 80, address: str | None = None, unix: str = "") -> str:
    """The first name of the block that is chosen; empty for none."""
    configuration = read_configuration({"/n": f"events {{}} http {{ {text} }}"}, "/n")
    server = choose_server(configuration, host, port, address, unix).server
    return server.names[0] if server else ""


def blocks(*names: str) -> str:
    return "".join(f"server {{ listen 80; server_name {name}; }}" for name in names)


@pytest.mark.parametrize(
    ("names", "host", "wanted"),
    [
        (("x.test", "a.test"), "A.test.", "a.test"),
        (("x.test", "*.a.test", "www.*", "~^www"), "www.a.test", "*.a.test"),
        (("x.test", "*.test", "*.a.test"), "b.a.test", "*.a.test"),
        (("x.test", "www.*", "www.a.*"), "www.a.test", "www.a.*"),
        (("x.test", ".a.test"), "a.test", ".a.test"),
        (("x.test", "*.a.test"), "a.test", "x.test"),
        (("a.test", ".a.test"), "www.a.test", "a.test"),
        ((".a.test", "a.test"), "a.test", ".a.test"),
        # The second name is ignored, and a.test counts as taken all the same.
        (("*.test", "*.a.test .a.test", "a.test"), "a.test", "*.test"),
        (("x.test", "~^(b|c)\\.", "~^b"), "b.test", "~^(b|c)\\."),
        (("x.test", '""'), "", ""),
        (("x.test", "_"), "other.test", "x.test"),
    ],
)
def test_names(names: tuple[str, ...], host: str, wanted: str) -> None:
    assert chosen(blocks(*names), host) == wanted


def test_the_address_goes_before_the_name() -> None:
    text = "server { listen 80; server_name a.test; } server { listen 10.0.0.1:80; server_name b.test; }"
    assert chosen(text, "a.test", address="10.0.0.1") == "b.test"
    assert chosen(text, "b.test", address="10.0.0.2") == "a.test"
    assert chosen(text, "a.test", address="::1") == ""


def test_default_server_port_range_and_socket() -> None:
    text = "server { listen 8000-8010; server_name a.test; } server { listen 8005 default_server; server_name b.test; }"
    text += "server { listen unix:/s; server_name c.test; }"
    assert chosen(text, "x", 8005) == "b.test"
    assert chosen(text, "x", 8006) == "a.test"
    assert chosen(text, "x", 80) == ""
    assert chosen(text, "x", unix="/s") == "c.test"


def test_ipv6_for_both() -> None:
    text = "server { listen [::]:80 ipv6only=off; server_name a.test; }"
    assert chosen(text, "a.test", address="10.0.0.1") == "a.test"
    assert chosen(text.replace(" ipv6only=off", ""), "a.test", address="10.0.0.1") == ""


TEXT = """http {
    server { listen 80; server_name first; }
    server { listen 80 default_server; server_name default; }
    server { listen 80; server_name exact.example.com .dot.example.org; }
    server { listen 80; server_name *.example.com; }
    server { listen 80; server_name *.long.example.com; }
    server { listen 80; server_name www.example.*; }
    server { listen 80; server_name "~^(?<user>\\w+)\\.example\\.net$"; }
    server { listen 10.0.0.5:80; server_name bound; }
    server { listen [::]:80; server_name six; }
    server { listen 8080; server_name other; }
    server { listen unix:/run/web.sock; server_name socket; }
}"""


@pytest.fixture(name="configuration", scope="module")
def configuration_fixture() -> Configuration:
    return read_configuration({"/n.conf": TEXT}, "/n.conf")


@pytest.mark.parametrize(
    ("host", "port", "address", "name"),
    [
        ("exact.example.com", 80, None, "exact.example.com"),
        ("EXACT.example.com.", 80, None, "exact.example.com"),
        ("dot.example.org", 80, None, "exact.example.com"),
        ("a.dot.example.org", 80, None, "exact.example.com"),
        ("a.example.com", 80, None, "*.example.com"),
        ("a.long.example.com", 80, None, "*.long.example.com"),
        ("www.example.fr", 80, None, "www.example.*"),
        ("www.example.com", 80, None, "*.example.com"),
        ("anna.example.net", 80, None, "~^(?<user>\\w+)\\.example\\.net$"),
        ("nobody", 80, None, "default"),
        ("", 80, None, "default"),
        ("exact.example.com", 80, "10.0.0.5", "bound"),
        ("nobody", 80, "::1", "six"),
        ("nobody", 8080, None, "other"),
    ],
)
def test_the_socket_comes_first_and_then_the_name(configuration: Configuration, host: str, port: int, address: str | None, name: str) -> None:
    server = choose_server(configuration, host, port, address).server
    assert server is not None
    assert server.names[0] == name


def test_captures_and_sockets(configuration: Configuration) -> None:
    assert choose_server(configuration, "anna.example.net", 80, None).captures["user"] == "anna"
    server = choose_server(configuration, "x", None, None, "/run/web.sock").server
    assert server is not None
    assert server.names == ["socket"]


def test_nobody_listens(configuration: Configuration) -> None:
    choice = choose_server(configuration, "x", 443, None)
    assert choice.server is None
    assert "443" in choice.reason


SPECIFIC = """server { listen 127.0.0.1:80; server_name a.test; }
server { listen 10.0.0.1:80; server_name b.test; }"""


def undecided(text: str, host: str, port: int = 80) -> list[str]:
    """The directives that cannot be decided where no address is given."""
    configuration = read_configuration({"/n": f"events {{}} http {{ {text} }}"}, "/n")
    return [directive for directive, _file, _line, _why in choose_server(configuration, host, port, None).undecided]


def test_without_an_address_nothing_is_guessed() -> None:
    assert undecided(SPECIFIC, "a.test") == ["listen 127.0.0.1:80", "listen 10.0.0.1:80"]
    assert chosen(SPECIFIC, "a.test") == ""


def test_addresses_that_agree_need_not_be_known() -> None:
    text = "server { listen 127.0.0.1:80; listen 10.0.0.1:80; server_name a.test; } server { listen 10.0.0.1:80; server_name b.test; }"
    assert chosen(text, "a.test") == "a.test"
    assert undecided(text, "b.test") == ["listen 127.0.0.1:80", "listen 10.0.0.1:80"]


def test_a_url_may_name_the_address_itself() -> None:
    assert chosen(SPECIFIC, "10.0.0.1") == "b.test"
    assert chosen(SPECIFIC.replace("10.0.0.1", "[2001:db8::1]"), "2001:DB8:0::1") == "b.test"
    assert chosen("server { listen 80; server_name a.test; }", "10.0.0.1") == "a.test"


def test_a_socket_of_ipv6_for_both_families_serves_unknown_addresses() -> None:
    text = "server { listen [::]:80 ipv6only=off; server_name a.test; } server { listen [::1]:80; server_name b.test; }"
    assert chosen(text, "b.test") == "a.test"


def test_the_name_of_the_host_is_not_known() -> None:
    text = "server { listen 80; server_name a.test; } server { listen 80; server_name $hostname; }"
    assert undecided(text, "b.test") == ["server_name $hostname"]
    assert chosen(text, "a.test") == "a.test"


def test_generated_server_blocks_equal_nginx(tmp_path: Path) -> None:
    asked, open_, different = compare_listens(7, tmp_path, 800)
    assert not different, different[0]
    assert asked >= 800 and open_
