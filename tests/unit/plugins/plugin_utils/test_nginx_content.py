# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""try_files, index and who answers, each beside a real nginx."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

# What the block says, with R for its root r1 and M(NAME) for the headers that tell the place; and URLs.
CASES = {
    "a folder that is not there": ("root R;", ("/nope/", "/empty/", "/static/a.css/", "/static")),
    "a listing": ("root R; autoindex on;", ("/nope/", "/empty/")),
    "a listing behind an alias without a slash": ("location / { M(S) alias W/r2; autoindex on; }", ("/",)),
    "$uri/ for a URI without a slash": ("root R; location / { M(S) try_files $uri/ =404; }", ("/empty", "/static", "/static/", "/none")),
    "$uri never finds a folder": ("root R; location / { M(S) try_files $uri =404; }", ("/static/", "/static", "/a.css")),
    "a fallback behind an alias loses the prefix": (
        "location /s/ { M(S) alias R/static/; try_files $uri $uri.x; } location x { M(X) return 418; }",
        ("/s/zz", "/s/a.css"),
    ),
    "a fallback without variables keeps it": ("location /s/ { M(S) alias R/static/; try_files $uri /s/index.html; }", ("/s/zz",)),
    "a name without variables behind an alias": ("location /s/ { M(S) alias R/static/; try_files index.html =404; }", ("/s/zz",)),
    "behind the alias of a pattern": ("location ~ ^/s/(.*)$ { M(S) alias R; try_files /static/$1 =404; }", ("/s/js/b.js", "/s/none")),
    "try_files is not inherited": ("root R; try_files /a.css =404; location / { M(S) location /s { M(T) } }", ("/none", "/s")),
    "the fallback's arguments": (
        "root R; location / { M(S) try_files /no /t?x=1; } location /t { M(T) if ($arg_x) { return 410; } return 204; }",
        ("/a", "/a?y=2"),
    ),
    "a fallback to nowhere": ("root R; location / { M(S) try_files /no @nobody; }", ("/x",)),
    "an absolute index": ("root R; location / { M(S) index none /static/a.css; }", ("/static/", "/nope/")),
    "an index that is a folder": ("root R; location / { M(S) index js; }", ("/static/",)),
    "the alias of a file with a slash behind": ("location / { M(S) alias R/static/js/b.js; }", ("/",)),
    "who is denied": ("root R; location / { M(S) deny all; } location /s { M(T) allow all; deny all; }", ("/a.css", "/s/a.css")),
    "only other methods": (
        "root R; location / { M(S) limit_except POST { deny all; } } location /s { M(T) limit_except GET { deny all; } }",
        ("/a.css", "/s/a.css"),
    ),
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
