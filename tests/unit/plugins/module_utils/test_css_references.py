# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a style sheet makes a browser fetch."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.css_references import css_references
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("css", "expected"),
    [
        ("a { background: url(x.png) }", [("x.png", "any")]),
        ("a { background: url( 'x y.png' ) }", [("x y.png", "any")]),
        ('a { background: URL("x.png"), url(y.png) }', [("x.png", "any"), ("y.png", "any")]),
        ("a { background: url(../a/x.png?v=1#f) }", [("../a/x.png?v=1#f", "any")]),
        ("a { background: url(größe.svg) }", [("größe.svg", "any")]),
        (r"a { background: url(a\)b\20 c.png) }", [("a)b c.png", "any")]),
        ('@import "a.css";', [("a.css", "stylesheet")]),
        ("@import url(a.css) screen;", [("a.css", "stylesheet")]),
        ("@IMPORT url('a.css') layer(x) supports(display: grid);", [("a.css", "stylesheet")]),
        ('@import"a.css";@import "b.css" print;', [("a.css", "stylesheet"), ("b.css", "stylesheet")]),
        ('@font-face { font-family: "F"; src: url(f.woff2) format("woff2"), url("f.ttf") }', [("f.woff2", "font"), ("f.ttf", "font")]),
        ("/* url(no.png) @import 'no.css' */ a { background: url(yes.png) }", [("yes.png", "any")]),
        ('a::after { content: "url(no.png)" }', []),
        ("@namespace svg url(http://www.w3.org/2000/svg);", []),
        ('a { background: image-set("a.png" 1x, url(b.png) 2x) }', [("a.png", "image"), ("b.png", "image")]),
        ('a { background: url("data:image/png;base64,AA==") }', [("data:image/png;base64,AA==", "any")]),
        (
            "a { background: url(\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>\") }",
            [("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>", "any")],
        ),
        ("a { background: url() }", [("", "any")]),
        ("a { background: url(never-closed", []),
        ("a { background: url(a b.png), url(c.png) }", [("c.png", "any")]),
        ("a { content: 'never closed\n; background: url(x.png) }", [("x.png", "any")]),
        ("@import url(a.css) supports(background: url(x.png));", [("a.css", "stylesheet"), ("x.png", "any")]),
        ('a { background: image-set("a.avif" type("image/avif"), "b.png" 1x); content: "no" }', [("a.avif", "image"), ("b.png", "image")]),
        ("@font-face { src: url(f.woff2) } a { background: url(x.png) }", [("f.woff2", "font"), ("x.png", "any")]),
        ("@media print { @font-face { src: url(f.woff2) } a { background: url(x.png) } }", [("f.woff2", "font"), ("x.png", "any")]),
        ("@import/**/url(a.css);@import /* x */ 'b.css';", [("a.css", "stylesheet"), ("b.css", "stylesheet")]),
        ("a { background: curl(no.png); --my-url(no.png) }", []),
        ("@-moz-document url(http://x/) { a { background: url(x.png) } }", [("x.png", "any")]),
        ("@layer a { @supports (display: grid) { @font-face { src: url(f.woff2) } } }", [("f.woff2", "font")]),
        ('a { background: -webkit-image-set("a.png" 1x) }', [("a.png", "image")]),
        (r'@import "a\2e css"; a { background: url("b\"c.png") }', [("a.css", "stylesheet"), ('b"c.png', "any")]),
        ("/* never closed url(x.png)", []),
        ("", []),
    ],
)
def test_references(css: str, expected: list[tuple[str, str]]) -> None:
    assert [reference[:2] for reference in css_references(css)] == expected


def test_fonts_come_by_cors() -> None:
    assert [reference.cors for reference in css_references("@font-face { src: url(f.woff2) } a { background: url(x.png) }")] == ["anonymous", ""]


@given(st.text(alphabet="urlimpot@()'\"\\/*; -:,a{}\n", max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(css_references(text), list)


@pytest.mark.parametrize(
    "text",
    ["url(", "/*", '"\\', "image-set(", "url(a ", "@font-face{", "url( ", "\\", "(", "@import", "url('", "}", "/*/ ", "url(a\\", "'\n"],
)
def test_time_grows_with_the_length_only(text: str) -> None:
    # A quadratic reader would need hours.
    assert isinstance(css_references(text * 500_000), list)


def test_ends_when_the_time_is_over() -> None:
    def look_at_clock() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        css_references("{", look_at_clock)
