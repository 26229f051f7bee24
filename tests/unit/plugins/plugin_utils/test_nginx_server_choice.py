# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of the server block (https://nginx.org/en/docs/http/server_names.html)."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_server_choice import choose_server


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
