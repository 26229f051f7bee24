# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``listen`` directive (https://nginx.org/en/docs/http/ngx_http_core_module.html#listen)."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_listen import read_listens
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("80", [("", 80, "")]),
        ("*:8080", [("", 8080, "")]),
        ("0.0.0.0:81", [("", 81, "")]),
        ("10.0.0.1", [("10.0.0.1", 80, "")]),
        ("localhost:8000", [("localhost", 8000, "")]),
        ("[::]:80", [("::", 80, "")]),
        ("[::1]", [("::1", 80, "")]),
        ("8000-8002", [("", 8000, ""), ("", 8001, ""), ("", 8002, "")]),
        ("unix:/run/n.sock", [("", None, "/run/n.sock")]),
        ("a:b:c", []),
    ],
)
def test_addresses(text: str, wanted: list[tuple[str, int | None, str]]) -> None:
    assert [(listen.address, listen.port, listen.unix) for listen in read_listens(Directive("listen", [text], "/n", 1, None))] == wanted


def test_options() -> None:
    (listen,) = read_listens(Directive("listen", ["[::]:443", "ssl", "default_server", "ipv6only=off"], "/n", 1, None))
    assert listen.ssl and listen.default and listen.both_families
