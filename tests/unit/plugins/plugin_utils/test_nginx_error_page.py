# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error pages, each beside a real nginx."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

# What the block says, with R for its root r1 and M(NAME) for the headers that tell the place; and URLs.
CASES = {
    "an error page of the application": (
        "root R; location / { M(S) error_page 404 = @n; } location @n { M(N) proxy_pass http://up1; }",
        ("/none", "/a.css", "/nope/"),
    ),
    "an error page with its own status": ("root R; location / { M(S) error_page 404 =200 /static/a.css; }", ("/none", "/x")),
    "an error page that is not there": ("root R; error_page 404 /never.html; location / { M(S) }", ("/none",)),
    "an error page finds its own file": (
        "root W/r2; error_page 404 = @n1; location @n1 { M(N) root W/r3/; try_files $uri $uri.css =403; }",
        ("/a.css", "/x", "/docs/home.htm"),
    ),
    "an error page elsewhere": ("location / { M(S) error_page 404 http://other/; return 404; }", ("/x",)),
    "only the first one of a request": (
        "root R; error_page 404 /none; error_page 403 /static/a.css; location /none { M(N) return 403; } location / { M(S) }",
        ("/x",),
    ),
    "one after the other": (
        "root R; recursive_error_pages on; error_page 404 /none; error_page 403 /static/js/b.js; location / { M(S) } "
        "location /none { M(N) return 403; }",
        ("/x",),
    ),
    "a status with a text of its own": ("root R; error_page 404 /static/js/b.js; location / { M(S) return 404 gone; }", ("/x",)),
    "a folder without an index file": ("root R; error_page 403 = @n; location @n { M(N) proxy_pass http://up1; } location / { M(S) }", ("/empty/",)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("n")
    make_tree(folder)
    return folder


@pytest.mark.parametrize("title", CASES)
def test_as_nginx(folder: Path, title: str) -> None:
    body, targets = CASES[title]
    assert disagreements(folder, body, *targets) == []
