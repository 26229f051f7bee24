# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import maps, resolved as a browser does."""

from __future__ import annotations

import json

import pytest
from ansible_collections.webops.django.plugins.module_utils.import_maps import ImportMap
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from hypothesis import given
from hypothesis import strategies as st

PAGE = parse_url("http://shop.example.com/shop/")
MAP = {
    "imports": {
        "a": "/static/a.0123456789ab.js",
        "lib/": "/static/lib/",
        "lib/special/": "./special/",
        "/static/plain.js": "/static/plain.0123456789ab.js",
        "file/": "/static/file.js",
        "null": None,
        "bad": "http://[/",
    },
    "scopes": {"/static/old/": {"a": "/static/a-old.js"}, "/static/old/er/": {"a": "/static/a-older.js"}},
    "integrity": {"/static/a.0123456789ab.js": "sha256-x"},
}


@pytest.mark.parametrize(
    ("specifier", "importer", "expected"),
    [
        ("a", "/static/x.js", "/static/a.0123456789ab.js"),
        ("a", "/static/old/x.js", "/static/a-old.js"),
        ("a", "/static/old/er/x.js", "/static/a-older.js"),
        ("lib/x.js", "/static/x.js", "/static/lib/x.js"),
        ("lib/special/x.js", "/static/x.js", "/shop/special/x.js"),
        ("./plain.js", "/static/x.js", "/static/plain.0123456789ab.js"),
        ("http://shop.example.com/static/plain.js", "/static/x.js", "/static/plain.0123456789ab.js"),
        ("../y.js", "/static/sub/x.js", "/static/y.js"),
        ("./y.js", "/static/old/x.js", "/static/old/y.js"),
        ("b", "/static/x.js", ""),
        ("bad", "/static/x.js", ""),
        ("null", "/static/x.js", ""),
        ("file/x.js", "/static/x.js", ""),
        ("node:fs", "/static/x.js", ""),
    ],
)
def test_resolve(specifier: str, importer: str, expected: str) -> None:
    found = ImportMap(PAGE)
    found.add(json.dumps(MAP))
    assert found.resolve(specifier, parse_url(f"http://shop.example.com{importer}")) == (f"http://shop.example.com{expected}" if expected else "")


def test_addresses() -> None:
    found = ImportMap(PAGE)
    found.add(json.dumps(MAP))
    names = ["a.0123456789ab.js", "plain.0123456789ab.js", "file.js", "a-old.js", "a-older.js"]
    assert found.addresses() == [f"http://shop.example.com/static/{name}" for name in names]


def test_integrity() -> None:
    found = ImportMap(PAGE)
    found.add(json.dumps(MAP))
    assert found.integrity("http://shop.example.com/static/a.0123456789ab.js") == "sha256-x"
    assert found.integrity("http://shop.example.com/static/b.js") == ""


def test_the_first_map_with_a_name_counts() -> None:
    found = ImportMap(PAGE)
    for address in ("/one.js", "/two.js"):
        found.add(json.dumps({"imports": {"a": address}}))
    assert found.resolve("a", PAGE) == "http://shop.example.com/one.js"


@pytest.mark.parametrize(
    "text", ["", "[]", "1", "null", '{"imports": 1, "scopes": [], "integrity": 1}', '{"scopes": {"http://[": {}, "/": 1}}', "[" * 100000]
)
def test_what_is_no_map_is_ignored(text: str) -> None:
    found = ImportMap(PAGE)
    found.add(text)
    assert found.resolve("a", PAGE) == ""


@given(
    st.recursive(st.none() | st.text(max_size=5), lambda inner: st.dictionaries(st.sampled_from(["imports", "scopes", "a", "/"]), inner)),
    st.text(max_size=5),
)
def test_any_json_is_read(document: object, specifier: str) -> None:
    found = ImportMap(PAGE)
    found.add(json.dumps(document))
    assert isinstance(found.resolve(specifier, PAGE), str)
