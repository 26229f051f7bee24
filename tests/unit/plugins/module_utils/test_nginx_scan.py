# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_scan: single directives in texts of any size, against the reader that knows how they nest."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.nginx_scan import KEPT_LINES, LARGE, shortened, statements
from ansible_collections.webops.django.plugins.module_utils.nginx_text import parse, walk
from hypothesis import example, given, settings
from hypothesis import strategies as st

TEXT = """user www-data; # a; include no.conf;
# include never; server {
events {} http { include /a/*.conf; include "b c.conf"; log_format x 'foo; include z; server {'
 ' $x'; # don't
 map $a $b { default 0; include maps/x; "~^/{" 1; }
 server { listen 80; include sn/*; return 301 /x#frag; include y; }
server{include z1;}}
include
  last.conf ;
"""


def test_directives_are_found_wherever_they_stand() -> None:
    found = [(item.name, item.arguments, item.line) for item in statements(TEXT, ("include", "server", "user"))]
    assert found == [
        ("user", ["www-data"], 1),
        ("include", ["/a/*.conf"], 3),
        ("include", ["b c.conf"], 3),
        ("include", ["maps/x"], 5),
        ("server", [], 6),
        ("include", ["sn/*"], 6),
        ("include", ["y"], 6),
        ("server", [], 7),
        ("include", ["z1"], 7),
        ("include", ["last.conf"], 8),
    ]


WORD = st.sampled_from(["include", "server", "listen", "80", "a.conf", '"a; b {"', "'include x;'", "$x", "#include y;\n", "/x#y", "it's", "\\;"])
PIECE = st.one_of(WORD, st.sampled_from([";", ";", "{", "}", "\n", " "]))


@settings(deadline=None)
@example(["{", "}", "include"])  # a block without a name
@given(st.lists(PIECE, max_size=30))
def test_the_scan_agrees_with_the_reader(pieces: list[str]) -> None:
    """Directives of a name, in any text that closes its blocks and ends its directives."""
    text = " ".join("; }" if piece == "}" else piece for piece in pieces)
    depth = 0
    for mark in (piece for piece in pieces if piece in "{}"):
        depth += 1 if mark == "{" else -1
        if depth < 0:
            return
    text += ";" + "}" * depth
    nested = [(item.name, item.arguments, item.line) for item in walk(parse(text)) if item.name in ("include", "listen")]
    assert sorted(nested) == sorted((item.name, item.arguments, item.line) for item in statements(text, ("include", "listen")))


@settings(deadline=None)
@given(st.text(alphabet="{};\"'#\\ \n$abinclude", max_size=200))
def test_no_text_raises(text: str) -> None:
    statements(text, ("include",))
    shortened(text)


def test_a_small_text_stays_as_it_is() -> None:
    assert shortened(TEXT) is TEXT


def test_the_contents_of_maps_go_and_lines_stay() -> None:
    """What follows keeps its line; includes within a map stay; a brace in a quoted key, in a comment or in a word ends nothing."""
    entries = "".join(f'  "~^/q{{{number}}}}}" "it\'s {number}"; # }} {{\n  don\'t{number} /x; \n' for number in range(20000))
    text = f"http {{\n # map $no $no {{\n map $a $b {{\n{entries}  include more/*.map;\n }}\n geo $c {{ default 0; }}\n server {{ listen 80; }}\n}}\n"
    assert len(text) > LARGE
    short = shortened(text)
    assert len(short) < 100_000 and "~^/q" not in short and "geo $c { default 0; }" in short
    assert statements(short, ("server", "listen", "include")) == [
        item._replace(line=3) if item.name == "include" else item for item in statements(text, ("server", "listen", "include"))
    ]


def test_a_file_of_a_map_is_cut_and_long_lists_are_thinned() -> None:
    assert shortened("key value;\n" * 200_000).count("\n") == KEPT_LINES
    text = "server {\n" + "  deny 192.0.2.1;\n" * 80_000 + "  allow all;\n}\n"
    short = shortened(text)
    assert short.count("deny") == KEPT_LINES
    assert statements(short, ("allow",)) == statements(text, ("allow",))


def test_thousands_of_sites_stay() -> None:
    text = "".join(f"server {{ listen 80; server_name shop{number}.example; root /srv/{number}; }}\n" for number in range(20_000))
    assert len(text) > LARGE
    assert shortened(text) == text


ENDLESS = ["map $a $b {" + "x y;" * LARGE, "map $a $b {" + '"' * LARGE, "map " + "{" * LARGE, "#" * (LARGE + 1), "{" + "\\" * LARGE]


@pytest.mark.parametrize("text", ENDLESS, ids=["block", "quote", "braces", "comment", "backslashes"])
def test_huge_texts_that_never_end(text: str) -> None:
    assert len(shortened(text)) <= len(text)
