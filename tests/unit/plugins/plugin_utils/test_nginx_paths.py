# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths of root and alias, each beside a real nginx."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

# What the block says, with R for its root r1 and M(NAME) for the headers that tell the place; and URLs.
CASES = {
    "root and its slashes": ("location / { M(A) root R//; } location /s { M(B) root R/; }", ("/none", "/s/none")),
    "root with a variable that ends in a slash": (
        "set $foo R/; location / { M(S) root $foo; } location /s { M(T) root $foo/; }",
        ("/none", "/s/none"),
    ),
    "a relative root": ("set $foo r1; location / { M(S) root rel; } location /s { M(T) root $foo; }", ("/none", "/s/none", "/s/a.css")),
    "an empty root": ('location / { M(S) root ""; }', ("/r1/none", "/r1/a.css")),
    "alias with and without its slash": (
        "location /s/ { M(S) alias R/static; } location /t { M(T) alias R/static/; }",
        ("/s/a.css", "/s/", "/t/a.css", "/ta.css"),
    ),
    "alias of a pattern": ("location ~ ^/q/(.*)$ { M(S) alias R/static/$1; }", ("/q/a.css", "/q/none", "/q/")),
    "alias inherited": ("location /s/ { M(S) alias R/static/; location ~ js$ { M(T) } location /s/js/ { M(U) } }", ("/s/js/b.js", "/s/js/none")),
    "alias of a pattern with a name, inherited": (
        "location ~ ^/s/(?<f>.*)$ { M(S) alias R/static/$f; location ~ js$ { M(N) } }",
        ("/s/js/b.js", "/s/a.css"),
    ),
    "alias where rewrite changed the URI": ("location /s/ { M(S) rewrite ^/s/(.*)$ /s/js/$1 break; alias R/static/; }", ("/s/b.js",)),
    "a root within a condition": ("root R; location / { M(S) if ($uri ~ css) { root W/r2; } }", ("/a.css", "/index.html")),
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
