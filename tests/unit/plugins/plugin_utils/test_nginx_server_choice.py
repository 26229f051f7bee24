# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server block answers."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_server_choice import choose_server

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
