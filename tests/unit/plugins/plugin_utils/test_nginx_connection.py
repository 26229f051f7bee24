# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a connection goes to, and who is behind it."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_connection import connection_to


@pytest.mark.parametrize(
    ("address", "client", "wanted"),
    [
        (None, None, "None"),
        ("192.0.2.1", None, "None"),
        ("shop.example", None, "None"),
        ("127.0.0.5", None, "127.0.0.1"),
        ("localhost", None, "127.0.0.1"),
        ("::1", None, "::1"),
        ("[::1]", None, "::1"),
        ("unix:/run/n.sock", None, "unix:"),
        ("127.0.0.1", "10.0.0.1", "10.0.0.1"),
        (None, "[2001:db8::1]", "2001:db8::1"),
        (None, "fe80::1%eth0", "fe80::1"),
        (None, "::ffff:10.0.0.1", "10.0.0.1"),
        (None, "unix:", "unix:"),
    ],
)
def test_client(address: str | None, client: str | None, wanted: str) -> None:
    assert str(connection_to(address, 80, client).client) == wanted


def test_a_socket_has_no_address() -> None:
    found = connection_to("unix:/run/n.sock", 80, None)
    assert (found.address, found.unix, found.port) == (None, "/run/n.sock", 80)


def test_a_name_is_no_client() -> None:
    with pytest.raises(ValueError, match="shop"):
        connection_to(None, 80, "shop.example")
