# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a plain GET request, beside a real nginx: each leads to another status."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("n")
    make_tree(folder)
    return folder


@pytest.mark.parametrize(
    "condition",
    [
        *(
            "$host = a.test",
            "$http_host = a.test",
            "$scheme = http",
            "$request_method = GET",
            "$request_uri = /s//x?q=1",
            "$uri = /s/x",
            "$document_uri = /s/x",
        ),
        *(
            "$args = q=1",
            "$query_string = q=1",
            "$is_args = ?",
            "$https",
            "$http_cookie",
            "$http_referer",
            "$cookie_a",
            "$document_root ~ r1$",
            "$server_name = a.test",
        ),
        *("-f $request_filename", "$request_filename ~ /r1/s/x$", "$arg_q = 1"),
    ],
)
def test_as_nginx(folder: Path, condition: str) -> None:
    assert disagreements(folder, f"root R; location / {{ M(S) if ({condition}) {{ return 410; }} return 204; }}", "/s//x?q=1", "/a.css") == []
