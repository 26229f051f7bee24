# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom rules let in."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_access import admitted, client_address, lets_in, refusing, shut_out


def block(rules: str) -> t.Any:
    return read_configuration({"/n": f"http {{ server {{ listen 80; {rules} }} }}"}, "/n").servers[0]


@pytest.mark.parametrize(
    ("rules", "address", "refused"),
    [
        ("allow 10.0.0.0/8; deny all;", "10.1.2.3", False),
        ("allow 10.0.0.0/8; deny all;", "127.0.0.1", True),
        ("deny 10.0.0.0/8;", "127.0.0.1", False),
        ("deny 10.0.0.0/8;", "10.0.0.1", True),
        ("deny all; allow 10.0.0.0/8;", "10.0.0.1", True),
        ("allow 2001:db8::/32; deny all;", "2001:db8::1", False),
        ("allow 2001:db8::/32; deny all;", "::1", True),
        ("allow unix:; deny all;", "unix:", False),
        ("allow 10.0.0.0/8; deny all;", "unix:", True),
        ("", "127.0.0.1", False),
        ("allow nonsense; deny all;", "127.0.0.1", False),
    ],
)
def test_the_first_rule_that_matches_decides(rules: str, address: str, refused: bool) -> None:
    assert (refusing(block(rules), address) is not None) is refused


@pytest.mark.parametrize(
    ("rules", "inside"),
    [
        ("satisfy any; allow 127.0.0.1; deny all; auth_basic x; auth_basic_user_file /f;", True),
        ("satisfy any; allow 10.0.0.0/8; deny all; auth_basic x; auth_basic_user_file /f;", False),
        ("satisfy any; allow 10.0.0.0/8; auth_basic x; auth_basic_user_file /f;", False),
        ("allow 127.0.0.1; deny all; auth_basic x; auth_basic_user_file /f;", False),
        ("satisfy any; deny 10.0.0.0/8;", True),
        ("auth_basic off;", True),
    ],
)
def test_a_password_or_an_address_is_enough_where_one_is(rules: str, inside: bool) -> None:
    assert lets_in(block(rules), "127.0.0.1") is inside


def test_clients_that_get_the_pages_only_are_found_by_the_networks_that_are_named() -> None:
    files, pages = block("allow 10.0.0.0/8; deny all;"), block("allow 10.0.0.0/8; allow 192.168.5.0/24; deny all;")
    assert shut_out(files, pages, "127.0.0.1") == ["192.168.5.0"]
    assert shut_out(pages, files, "127.0.0.1") == []
    assert set(shut_out(files, block(""), "127.0.0.1")) == {"127.0.0.1", "198.51.100.77", "2001:db8::77"}
    assert admitted(pages) == ["10.0.0.0/8", "192.168.5.0/24"]


@pytest.mark.parametrize(
    ("connect", "address"),
    [({"unix": "/run/x"}, "unix:"), ({"address": "::1", "port": 80}, "::1"), (None, "127.0.0.1")],
)
def test_the_client_is_this_host(connect: t.Any, address: str) -> None:
    assert client_address(connect) == address
