# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import UnknownVariableError, Variables, has_variables
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

# What the block says, with R for its root r1 and M(NAME) for the headers that tell the place; and URLs.
CASES = {
    "captures by number and by name": ("location ~ ^/(?<a>s)/(\\w+) { M(S) root R/$a/$2$3; }", ("/s/x",)),
    "one digit only": ("location ~ ^/(s)/(x) { M(S) root R/$10; }", ("/s/x",)),
    "arguments": ("location / { M(S) if ($arg_Q = 1) { return 410; } if ($is_args) { return 204; } return 403; }", ("/?q=1", "/?a", "/")),
    "a question mark with nothing behind it": (
        "location / { M(S) if ($request_uri ~ s$) { return 410; } return 204; }",
        ("/s", "/s?", "/?s", "/?s?"),
    ),
    "a variable that is set elsewhere": ("location / { M(S) root R/$later; } location /s { set $later x; return 204; }", ("/none",)),
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


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(UnknownVariableError, match="remote_addr"):
        Variables({"uri": "/"}).expand("$uri-$remote_addr")


def test_what_grows_without_bounds_is_not_known() -> None:
    variables = Variables({"uri": "x" * 60_000})
    with pytest.raises(UnknownVariableError, match="bounds"):
        variables.expand("$uri$uri")


def test_values_are_put_in() -> None:
    uri = ["/a"]
    variables = Variables({"uri": lambda: uri[0], "host": "shop", "args": lambda: "v=1&w=2"})
    variables.set("root", "/srv")
    assert variables.expand("$root$uri-${host}x-$arg_w") == "/srv/a-shopx-2"
    uri[0] = "/b"
    assert variables.expand("$uri") == "/b"


def test_captures_come_from_the_last_pattern() -> None:
    variables = Variables({})
    variables.note({"0": "ab", "1": "a", "name": "b"})
    assert variables.expand("$1$name$2") == "ab"


@pytest.mark.parametrize(("text", "has"), [("/srv/$x", True), ("/srv/${x}", True), ("/srv/x", False), ("/srv/$", False)])
def test_variables_are_seen(text: str, has: bool) -> None:
    assert has_variables(text) is has
