# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URIs and patterns as nginx reads them."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, normalised, search


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


def test_what_python_does_not_know_is_said() -> None:
    with pytest.raises(PatternError):
        search(r"(?R)", "/a")
