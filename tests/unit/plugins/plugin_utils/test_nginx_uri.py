# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URIs and patterns as nginx reads them, each beside a real nginx."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, compiled, normalised, search
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree

# What the block says, with R for its root r1 and M(NAME) for the headers that tell the place; and URLs.
CASES = {
    "decoding": (
        "root R;",
        ("/a%20b.css", "/%C3%A9.css", "/50%25.css", "/%2e%2e/a", "/static/%2e%2e/a.css", "/%00", "/%zz", "/%", "/x%2f..%2fa.css"),
    ),
    "slashes and dots": (
        "root R;",
        (
            "//static///a.css",
            "/static/./a.css",
            "/static/../a.css",
            "/..",
            "/static/..",
            "/static/.",
            "/...",
            "/static/js/../../a.css",
            "/x/../../a.css",
        ),
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


@pytest.mark.parametrize(
    ("path", "merge", "wanted"), [("//a//b", True, "/a/b"), ("//a//b", False, "//a//b"), ("/a//../b", False, "/a/b"), ("/a/../..", True, None)]
)
def test_normalised(path: str, merge: bool, wanted: str | None) -> None:
    assert normalised(path, merge) == wanted


def test_patterns_that_python_does_not_know() -> None:
    for pattern in (r"\p{L}", r"\Ka", "(*UTF8)a", "[[:nonsense:]]", "(?|a|b)"):
        with pytest.raises(PatternError):
            compiled(pattern)


def test_captures_are_characters_again() -> None:
    assert search("^/(?<a>.+)$", "/é") == {"1": "é", "a": "é"}


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/static/a.css", "/static/a.css"),
        ("/static//a.css", "/static/a.css"),
        ("/static/./a.css", "/static/a.css"),
        ("/static/x/../a.css", "/static/a.css"),
        ("/static/x/..", "/static/"),
        ("/static%2Fa.css", "/static/a.css"),
        ("/a%20b", "/a b"),
        ("/../a", None),
        ("/a%00b", None),
        ("/a%zz", None),
    ],
)
def test_a_path_is_decoded_and_resolved(path: str, uri: str | None) -> None:
    assert normalised(path) == uri


def test_slashes_stay_where_they_are_not_merged() -> None:
    assert normalised("/static//a.css", False) == "/static//a.css"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"\.(css|js)$", "/a.css", True),
        (r"^/(?<name>\w+)/", "/static/", True),
        (r"^/[[:alpha:]]+$", "/abc", True),
        (r"^/[[:alpha:]]+$", "/ab1", False),
        (r"\.CSS$", "/a.css", False),
    ],
)
def test_patterns_of_pcre(pattern: str, text: str, found: bool) -> None:
    assert (search(pattern, text) is not None) is found


def test_case_may_be_ignored_and_captures_have_names() -> None:
    assert search(r"\.CSS$", "/a.css", True) is not None
    captures = search(r"^/(?<app>\w+)/(.*)$", "/static/a.css")
    assert captures is not None
    assert (captures["app"], captures["2"]) == ("static", "a.css")
