# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The choice of the location, each rule beside a real nginx."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_location_choice import choose_location
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

# What the block says, with R for its root r1 and M(NAME) for the headers that tell the place; and URLs.
CASES = {
    "the longest prefix": (
        "location / { M(A) return 201; } location /st { M(B) return 202; } location /static/ { M(C) return 203; }",
        ("/", "/st", "/static", "/static/x", "/x"),
    ),
    "a pattern goes before a prefix, the first one": (
        "location /static/ { M(A) return 201; } location ~ css$ { M(B) return 202; } location ~ \\.css$ { M(C) return 203; }",
        ("/static/a.css", "/static/a.js"),
    ),
    "^~ keeps patterns away, but not those within": (
        "location ^~ /static/ { M(A) return 201; location ~ js$ { M(D) return 204; } } location ~ css$ { M(B) return 202; }",
        ("/static/a.css", "/static/a.js"),
    ),
    "case": (
        "location ~* css$ { M(A) return 201; } location ~ JS$ { M(B) return 202; } location / { M(C) return 203; }",
        ("/a.CSS", "/a.js", "/a.JS"),
    ),
    "a longer prefix without ^~ opens the patterns again": (
        "location ^~ /s { M(A) return 201; } location /static/ { M(B) return 202; } location ~ css$ { M(C) return 203; }",
        ("/s/a.css", "/static/a.css"),
    ),
    "an exact one beside one that lacks its slash": (
        "location /static/ { M(P) proxy_pass http://up1; } location = /static { M(E) return 418; }",
        ("/static", "/static/"),
    ),
    "a slash that lacks": ("location / { M(R) return 204; } location /static/ { M(P) proxy_pass http://up1; }", ("/static", "/stati")),
    "a slash that lacks behind a pattern": (
        "location ~ ^/s { M(R) location ~ x { return 204; } location ~ static { M(P) proxy_pass http://up1; } }",
        ("/static", "/s"),
    ),
    "internal holds for locations within": ("location / { M(A) internal; location /b/ { M(B) return 204; } }", ("/b/", "/c")),
    "bytes, not characters": (
        "location ~ ^/..$ { M(A) return 201; } location ~ ^/\\w+$ { M(B) return 202; } location / { M(C) return 203; }",
        ("/%C3%A9", "/ab", "/abc", "/%C3%A9x"),
    ),
    "classes of POSIX": ("location ~ ^/[[:alpha:]]+$ { M(A) return 201; } location / { M(C) return 203; }", ("/abc", "/a1")),
    "quoted": ("location ~ ^/\\Qa.b\\E { M(A) return 201; } location / { M(C) return 203; }", ("/a.b", "/axb")),
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


def test_why_the_others_lost() -> None:
    text = "events {} http { server { location /static/ { } location ~ css$ { } location / { } location = /x { } } }"
    server = read_configuration({"/n": text}, "/n").servers[0]
    choice = choose_location(server, "/static/a.css")
    assert choice.location is not None and choice.location.pattern == "css$"
    assert {loser.pattern for loser, _why in choice.losers} == {"/static/", "/"}
    assert all("pattern" in why for _loser, why in choice.losers)


def test_a_pattern_that_cannot_be_decided_is_named() -> None:
    server = read_configuration({"/n": 'events {} http { server { location ~ "\\p{L}" { } location / { } } }'}, "/n").servers[0]
    assert choose_location(server, "/x").undecided[0][0] == "location ~ \\p{L}"
