# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page makes a browser fetch."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.html_references import html_references
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<link rel="stylesheet" href="a.css">', [("a.css", "stylesheet")]),
        ('<LINK REL="Shortcut ICON" HREF="a.ico">', [("a.ico", "image")]),
        ("<link rel=manifest href=a.webmanifest>", [("a.webmanifest", "manifest")]),
        ('<link rel="modulepreload" href="a.mjs">', [("a.mjs", "module")]),
        ('<link rel="preload" as="font" href="a.woff2">', [("a.woff2", "font")]),
        ('<link rel="preload" as="style" href="a.css">', [("a.css", "stylesheet")]),
        ('<link rel="preload" as="image" imagesrcset="a.png 1x, b.png 2x">', [("a.png", "image"), ("b.png", "image")]),
        ('<link rel="canonical" href="/x"><link rel="alternate" href="/y"><link rel="preconnect" href="//z">', []),
        ('<link rel="stylesheet">', []),
        ('<script src="a.js"></script>', [("a.js", "script")]),
        ('<script type="module" src=" a.mjs "></script>', [("a.mjs", "module")]),
        ('<script type="text/template" src="a.html"></script>', []),
        ('<script>var x = "<img src=no.png>";</script>', []),
        ('<img src="a.png" srcset="b.png 1x, c,d.png 2x,e.png">', [("a.png", "image"), ("b.png", "image"), ("c,d.png", "image"), ("e.png", "image")]),
        ('<img srcset="a.png 100w, b.png  2.5x,\n c.png">', [("a.png", "image"), ("b.png", "image"), ("c.png", "image")]),
        ('<img srcset="bild größe.png 1x, b.png 2x">', [("b.png", "image")]),
        ('<img srcset=", ,"><img src="">', []),
        ('<picture><source srcset="a.avif" type="image/avif"></picture>', [("a.avif", "image")]),
        ('<video src="a.mp4" poster="a.png"><track src="a.vtt"></video>', [("a.png", "image"), ("a.mp4", "media"), ("a.vtt", "any")]),
        ('<audio><source src="a.ogg"></audio>', [("a.ogg", "any")]),
        ('<input type="image" src="a.png"><input type="text" src="no.png">', [("a.png", "image")]),
        ('<svg><use xlink:href="s.svg#i"/><image href="a.png"/></svg>', [("s.svg#i", "image"), ("a.png", "image")]),
        ("<style>@import 'a.css'; b { background: url(b.png) }</style>", [("a.css", "stylesheet"), ("b.png", "any")]),
        ('<div style="background: url(&quot;a.png&quot;)">', [("a.png", "any")]),
        ('<script src="a.js?x=1&amp;y=2"></script>', [("a.js?x=1&y=2", "script")]),
        ('<!-- <img src="no.png"> --><template><img src="no.png"></template><img src="yes.png">', [("yes.png", "image")]),
        ('<script src="first.js" src="second.js"></script>', [("first.js", "script")]),
        ('<a href="/page/"><iframe src="/other/">', []),
        ('<![foo <img src="a.png">', []),
        ('<img src="a.png"><img src="never-closed', [("a.png", "image")]),
        ("<style>b { background: url(b.png) }", [("b.png", "any")]),
        ('<link rel="stylesheet" disabled href="no.css"><link rel="stylesheet" type="text/less" href="no.less">', []),
        (
            '<link rel="alternate stylesheet" href="a.css"><link rel="stylesheet" media="print" type="text/css; charset=utf-8" href="b.css">',
            [("a.css", "stylesheet"), ("b.css", "stylesheet")],
        ),
        ('<script nomodule src="no.js"></script><script nomodule type="module" src="a.js"></script>', [("a.js", "module")]),
        ('<template shadowrootmode="open"><img src="a.png"><template><img src="no.png"></template></template>', [("a.png", "image")]),
        ('<svg><script href="a.js"></script><feImage href="a.png"/></svg><script href="no.js"></script>', [("a.js", "script"), ("a.png", "image")]),
        ('<style type="text/less">a { b: url(no.png) }</style>', []),
        ('<body background="a.png">', [("a.png", "image")]),
        ('<object data="a.svg"></object><embed src="b.svg">', [("a.svg", "any"), ("b.svg", "any")]),
    ],
)
def test_references(html: str, expected: list[tuple[str, str]]) -> None:
    assert [reference[:2] for reference in html_references(html).references] == expected


def test_first_base_counts() -> None:
    assert html_references('<base target="_top"><base href="/app/"><base href="/no/">').base == "/app/"


@given(st.text(alphabet="<>!-[]/\"'= &;#aimgsrcliknhefty\n", max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(html_references(text).references, list)


@pytest.mark.parametrize(
    ("html", "integrity", "cors"),
    [
        ('<script src="a.js" integrity=" sha384-x "></script>', "sha384-x", ""),
        ('<script src="a.js" crossorigin></script>', "", "anonymous"),
        ('<script src="a.js" crossorigin="Use-Credentials"></script>', "", "use-credentials"),
        ('<script src="a.js" type="module" integrity="sha256-x"></script>', "sha256-x", "anonymous"),
        ('<link rel="stylesheet" href="a.css" integrity="sha512-x">', "sha512-x", ""),
        ('<link rel="modulepreload" href="a.mjs" integrity="sha512-x">', "sha512-x", "anonymous"),
        ('<link rel="preload" as="font" href="a.woff2" crossorigin>', "", "anonymous"),
        ('<link rel="icon" href="a.ico" integrity="sha512-x">', "", ""),
        ('<img src="a.png" crossorigin="anonymous">', "", "anonymous"),
    ],
)
def test_integrity_and_crossorigin(html: str, integrity: str, cors: str) -> None:
    assert [(reference.integrity, reference.cors) for reference in html_references(html).references] == [(integrity, cors)]


def test_modules_and_import_maps_on_the_page() -> None:
    found = html_references(
        '<script type="importmap">{"imports": {}}</script><script type="module">import "./a.js"; "<img>"</script><script type="module"> </script>'
        '<script>import("./no.js")</script><script type="module">import "./b.js"'
    )
    assert found.import_maps == ['{"imports": {}}']
    assert found.modules == ['import "./a.js"; "<img>"', 'import "./b.js"']


@pytest.mark.parametrize("start", [0, 16384 - 40, 16384 - 20, 16384 - 5])
def test_a_page_of_many_pieces(start: int) -> None:
    text = "x" * start + '<script type="importmap">{"imports": {"a": "/a.mjs"}}</script><style>a { b: url(c) }</style><img src="d">' + "y" * 40000
    assert [reference.url for reference in html_references(text).references] == ["c", "d"]
    assert html_references(text).import_maps == ['{"imports": {"a": "/a.mjs"}}']


class OutOfTimeError(Exception):
    """Time is over."""


@pytest.mark.parametrize("text", ["<!" * 300000, "<a " * 300000, "<!--" * 300000, "<a b=" * 300000, "&" * 300000])
def test_hostile_text_ends_when_the_time_is_over(text: str) -> None:
    looks = iter(range(3))

    def look_at_clock() -> None:
        if next(looks, None) is None:
            raise OutOfTimeError

    with pytest.raises(OutOfTimeError):
        html_references(text, look_at_clock)


@pytest.mark.parametrize(
    ("html", "title", "policies"),
    [
        ("<title> a &amp;\n b </title><title>c</title>", "a & b", []),
        ("<svg><title>icon</title></svg><title>page</title>", "page", []),
        ("<title>not closed", "not closed", []),
        ("<meta http-equiv=content-security-POLICY content=\"img-src 'self'\">", "", ["img-src 'self'"]),
        ("<meta name=description content=a><template><meta http-equiv=Content-Security-Policy content=b></template>", "", []),
    ],
)
def test_title_and_policies(html: str, title: str, policies: list[str]) -> None:
    found = html_references(html)
    assert (found.title, found.policies) == (title, policies)


@pytest.mark.parametrize(
    "html",
    ["<script src=a nonce=n></script>", "<script src=a type=module nonce=n></script>", "<link rel=stylesheet href=a nonce=n>"],
)
def test_nonces(html: str) -> None:
    assert [reference.nonce for reference in html_references(html).references] == ["n"]
