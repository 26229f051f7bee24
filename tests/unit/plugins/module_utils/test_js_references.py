# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a JavaScript module imports, and what only looks so."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.js_references import js_imports
from hypothesis import given
from hypothesis import strategies as st

IMPORTS: list[tuple[str, list[str]]] = [
    ('import "./a.js";', ["./a.js"]),
    ("import a from './a.js'", ["./a.js"]),
    ("import a, { b as c, default as d } from './a.js';\nimport * as e from \"/e.js\";", ["./a.js", "/e.js"]),
    ('import{a}from"./a.js";import b,*as c from"./b.js"', ["./a.js", "./b.js"]),
    ("import {\n  a, // one './no.js'\n  b, /* from 'no.js' */\n} from './a.js'", ["./a.js"]),
    ('import { "a b" as c, from } from "./a.js"; import from from "./b.js"', ["./a.js", "./b.js"]),
    ("export * from './a.js'; export * as ns from './b.js'; export { x, y as z } from './c.js'", ["./a.js", "./b.js", "./c.js"]),
    ("export { x }; const y = 'no.js'; export default 'no.js'; export const z = 'no.js';", []),
    ("export default function from() {} 'no.js'", []),
    (
        "import('./a.js'); await import( /* chunk */ \"./b.js\" ); import('./c.js', {with: {}}); import(`./d.js`)",
        ["./a.js", "./b.js", "./c.js", "./d.js"],
    ),
    ("import(name); import('./a' + b); import(`./${a}.js`); import.meta.url; new URL('x', import.meta.url)", []),
    ("loader.import('./no.js'); loader\n . /* x */ import('./no.js'); a?.import('no')", []),
    ("f(...import('./a.js'))", ["./a.js"]),
    ("const o = { import: 1, export: 2 }; class A { #import; imported = importing }; $import('no')", []),
    ("// import './no.js'\n/* import './no.js' */ import './a.js' // import './no.js'", ["./a.js"]),
    ("const s = \"import './no.js'\", t = 'import \\'./no.js\\'';\nimport './a.js'", ["./a.js"]),
    ("const s = `import './no.js' ${ f({ x: `import './no.js'` }, import('./a.js')) } import './no.js'`; import './b.js'", ["./a.js", "./b.js"]),
    ("const r = /import '.\\/no.js'/g, s = /[/'\"]/; import('./a.js')", ["./a.js"]),
    ("const x = a / b; import('./a.js'); const y = 1 / 2; (a) / b; c[0] / d; i++ / 2; import('./b.js')", ["./a.js", "./b.js"]),
    ("function f() { return /'/.test(x) } import('./a.js'); o.return / 2; import('./b.js')", ["./a.js", "./b.js"]),
    ("x = y // '\n/ 2; import('./a.js')", ["./a.js"]),
    ("x = /* ' */ /'/; import('./a.js')", ["./a.js"]),
    ("const s = 'never closed\nimport './a.js'", ["./a.js"]),
    ("import './\\u0061.js'; import './\\x62.js'; import './\\u{63}.js'; import './d\\\n.js'", ["./a.js", "./b.js", "./c.js", "./d.js"]),
    ("#!/usr/bin/env node '\nimport './a.js'", ["./a.js"]),
    ("import größe from './größe.js'", ["./größe.js"]),
    ("import defer * as x from './a.js'; import source y from './b.wasm'", ["./a.js", "./b.wasm"]),
    ("import react from 'react'", ["react"]),
    ("", []),
    ("import", []),
    ("import {", []),
    ("export {", []),
    ("`${", []),
    ("/*", []),
]


@pytest.mark.parametrize(("text", "expected"), IMPORTS)
def test_imports(text: str, expected: list[str]) -> None:
    assert [found.specifier for found in js_imports(text)] == expected


def test_types() -> None:
    text = "import a from './a.json' with { type: 'json' }; import b from './b.css' assert {\"type\":\"css\"}; import c from './c.js' with {}"
    assert [tuple(found) for found in js_imports(text)] == [("./a.json", "json"), ("./b.css", "css"), ("./c.js", "")]


@given(st.text(alphabet="import export from'\"`${}/*\\\n.()[]=;a", max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert isinstance(js_imports(text), list)


@given(st.text(alphabet="a/*'\"`\\\n;[](){}$ =", max_size=60))
def test_what_stands_behind_a_closed_comment_or_string_is_found(inside: str) -> None:
    """Whatever is hidden rightly hides nothing that follows."""
    for hidden in ("/*" + inside.replace("*/", "") + " */", '"' + "".join(f"\\{char}" for char in inside.replace("\n", "")) + '"'):
        assert [found.specifier for found in js_imports(f"x = {hidden};\nimport './a.js'")] == ["./a.js"]


@pytest.mark.parametrize(
    "text",
    [
        "import ",
        "import{",
        "import(",
        "import'",
        "export*",
        "export{",
        "/",
        "//\n/",
        "/*",
        "/**/",
        "`${",
        "`",
        "'",
        "'\n",
        "\\",
        "a/",
        "{",
        "}",
        " ",
        "/[",
        "import a,",
    ],
)
def test_time_grows_with_the_length_only(text: str) -> None:
    # A quadratic reader would need hours.
    assert isinstance(js_imports(text * (20_000 if text == "/[" else 200_000)), list)


def test_blanks_before_many_slashes() -> None:
    assert js_imports((" " * 50 + "/ ") * 50_000) == []


def test_ends_when_the_time_is_over() -> None:
    def look_at_clock() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        js_imports("'", look_at_clock)
