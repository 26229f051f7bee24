# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rewrite module's directives, each beside a real nginx."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

# What the block says, with R for its root r1 and M(NAME) for the headers that tell the place; and URLs.
CASES = {
    "a rewrite to the same URI loops": ("root R; location /static/ { M(S) rewrite ^(/static/.*)$ $1 last; }", ("/static/js/b.js",)),
    "a rewrite without a flag goes on and searches anew": (
        "location /s { M(S) rewrite ^ /t; set $x 1; } location /t { M(T) return 200 t; }",
        ("/s",),
    ),
    "break keeps the URI that was changed": ("root R; location /s { M(S) rewrite ^/s(.*)$ /static$1; break; }", ("/s/a.css", "/s/none")),
    "break ends a return behind it": ("root R; location / { M(S) break; return 410; }", ("/index.html", "/none")),
    "the server's rewrites do not run again without a location": ("root R; rewrite ^/(.*)$ /static/$1;", ("/js/b.js", "/a.css")),
    "the server's rewrites run again after an internal redirect": (
        "root R; if ($uri ~ ^/docs) { return 418; } location / { M(R) try_files /no /docs/x; }",
        ("/x",),
    ),
    "the server's rewrites do not run for a named location": (
        "root R; if ($uri ~ ^/docs) { return 418; } location / { M(R) try_files /no @n; } location @n { M(N) rewrite ^/x$ /static/a.css break; }",
        ("/x",),
    ),
    "a rewrite opens an internal location": ("rewrite ^/a/(.*)$ /i/$1; location /i/ { M(I) internal; return 200 in; }", ("/a/x", "/i/x")),
    "a question mark from a capture is part of the URI": (
        "location / { M(S) rewrite ^/(.*)$ /t/$1 last; } location /t/ { M(T) if ($args) { return 410; } return 200 x; }",
        ("/a%3Fb=1", "/a?b=1"),
    ),
    "an empty URI": ("location /s { M(S) rewrite ^/s(.*)$ $1 break; }", ("/s", "/s/x")),
    "two conditions that hold inherit from the location": (
        "root R; location / { M(S) if ($uri) { root W/r2; } if ($uri) { expires 1d; } }",
        ("/a.css", "/index.html"),
    ),
    "a pattern that ends in a parenthesis": ("location / { M(S) if ($uri ~ ^/(a|b)) { return 410; } return 204; }", ("/a", "/c")),
    "a pattern that does not match empties the captures": (
        "location ~ ^/(s)/(.*)$ { M(S) if ($uri ~ none) { return 410; } root R/static/$2; }",
        ("/s/x",),
    ),
    "a proxied location with a condition that holds": ("location / { M(S) if ($uri) { expires 1d; } proxy_pass http://up1; }", ("/x", "/y/")),
    "a condition passes on": ("location / { M(S) if ($uri ~ x) { proxy_pass http://up2; } proxy_pass http://up1; }", ("/x", "/y")),
    "files of the request": (
        "root R; location / { M(S) if (!-e $request_filename) { return 410; } if (-d $request_filename) { return 403; } }",
        ("/static/a.css", "/static", "/none"),
    ),
    "the name of a file behind an alias is lost where the URI was changed": (
        "location / { M(S) alias R/; rewrite ^/docs/(.*)$ /$1; if (-f $request_filename) { return 410; } if (!-f $request_filename) { return 403; }"
        " }",
        ("/docs/index.html", "/index.html", "/none"),
    ),
    "it stays lost": (
        "location / { M(S) alias R/; if ($uri ~ ^/docs) { rewrite ^/docs/(.*)$ /$1; } if (-f $request_filename) { return 410; } }",
        ("/docs/index.html",),
    ),
    "set args": ("location / { M(S) set $args q=1; if ($arg_q = 1) { return 410; } return 204; }", ("/", "/?q=2")),
    "a named location that falls back to itself": ("location / { try_files /no @n; } location @n { M(N) try_files /no @n; }", ("/x",)),
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
