# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a browser makes of one answer; the way there is tested with the pages."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.import_maps import ImportMap
from ansible_collections.webops.django.plugins.module_utils.served_references import Document, Wanted, manifest_references, next_references
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url

PAGE = parse_url("http://shop.example.com/")
DOCUMENT = Document(str(PAGE), PAGE.origin, ImportMap(PAGE))
OTHER = parse_url("http://static.example.com/a.js")


@pytest.mark.parametrize(
    ("kind", "text", "urls"),
    [
        ("stylesheet", "a { b: url(c.png) }", ["c.png"]),
        ("module", "import './c.js'; import 'bare'", ["http://static.example.com/c.js"]),
        ("manifest", '{"icons": [{"src": "c.png"}]}', ["c.png"]),
        ("script", "import './c.js'", []),
        ("image", "a { b: url(c.png) }", []),
    ],
)
def test_what_comes_next(kind: str, text: str, urls: list[str]) -> None:
    assert [reference.url for reference in next_references(kind, text, OTHER, DOCUMENT, bool)] == urls


def test_types_of_imports() -> None:
    text = "import a from './a.json' with {type: 'json'}; import b from './b.css' with {type: 'css'}; import './c.js'; import './d' with {type: 'x'}"
    assert [reference.kind for reference in next_references("module", text, OTHER, DOCUMENT, bool)] == ["any", "stylesheet", "module", "any"]


def test_what_tells_two_apart() -> None:
    one = Wanted(OTHER, "script", "", DOCUMENT)
    assert one.key == Wanted(OTHER, "script", "elsewhere", DOCUMENT).key
    assert len({one.key, one._replace(kind="module").key, one._replace(integrity="sha256-x").key, one._replace(cors="anonymous").key}) == 4
    assert one.request_headers() == {}
    assert one._replace(named_by="http://shop.example.com/a?b#c").request_headers() == {"Referer": "http://shop.example.com/"}
    assert Wanted(PAGE, "image", "http://shop.example.com/a?b#c", DOCUMENT).request_headers() == {"Referer": "http://shop.example.com/a?b"}
    assert one._replace(cors="anonymous").request_headers() == {"Origin": "http://shop.example.com"}
    assert Wanted(PAGE, "font", "", DOCUMENT, cors="anonymous").request_headers() == {}


def test_a_module_is_expected_as_a_script() -> None:
    assert str(Wanted(OTHER, "module", "", DOCUMENT).expected) == "text/javascript"
    assert str(Wanted(OTHER, "stylesheet", "", DOCUMENT).expected) == "text/css"


def test_images_of_a_manifest_that_is_none() -> None:
    assert manifest_references("null") == []


def test_what_a_module_imports_is_told_as_it_is_written() -> None:
    (reference,) = next_references("module", "import './b.js'", OTHER, DOCUMENT, bool)
    assert (reference.raw, reference.url) == ("./b.js", "http://static.example.com/b.js")
