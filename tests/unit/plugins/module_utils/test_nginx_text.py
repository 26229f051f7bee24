# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_text: what it reads is what nginx reads."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.nginx_text import (
    Configuration,
    Directive,
    includes,
    parse,
    path_matches,
    quote,
    read_dump,
    walk,
)
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX, NginxServer
from hypothesis import given
from hypothesis import strategies as st


def shape(directives: t.Iterable[Directive] | None) -> list[t.Any]:
    """Return directives as plain lists."""
    return [[item.name, *item.arguments] + ([shape(item.block)] if item.block is not None else []) for item in directives or ()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("listen 80;", [["listen", "80"]]),
        ("a;b ;c\n;", [["a"], ["b"], ["c"]]),
        ("# listen 1;\nlisten 2; # listen 3;", [["listen", "2"]]),
        ("a b#c;", [["a", "b#c"]]),
        ('a "b c" \'d;e\' "f\'g";', [["a", "b c", "d;e", "f'g"]]),
        (r'a "b\"c" \{d\; "\.";', [["a", 'b"c', r"\{d\;", r"\."]]),
        ("server { listen 80; location / { x; } } y;", [["server", [["listen", "80"], ["location", "/", [["x"]]]]], ["y"]]),
        ("location ~ \\.php$ { a; }", [["location", "~", "\\.php$", [["a"]]]]),
        ("root /a${b}c/$d;", [["root", "/a${b}c/$d"]]),
        ("content_by_lua_block { if a then x = {1; 2} end } b;", [["content_by_lua_block", []], ["b"]]),
        ("server { listen 80;", [["server", [["listen", "80"]]]]),
        ('a "unclosed', []),
        ("}", []),
        ("", []),
    ],
)
def test_parse(text: str, expected: list[t.Any]) -> None:
    """Words, quotes, comments and blocks are read by nginx's rules."""
    assert shape(parse(text)) == expected


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_quoted_value_is_read_back(value: str) -> None:
    """``quote`` and ``parse`` agree."""
    (directive,) = parse(f"x {quote(value)};")
    assert directive.arguments == [value]


@pytest.mark.parametrize("value", ["/static/", "/a b/", '/a"b/', "/a\\b/", "/a\\nb/", "/a;b{c}/", "/ä#/", "/a'b/"])
def test_nginx_reads_a_quoted_value(tmp_path: Path, value: str) -> None:
    """nginx itself returns what was quoted."""
    server = NginxServer(tmp_path)
    server.site("a", f"server {{ listen 127.0.0.1:PORT; location / {{ return 200 {quote(value)}; }} }}")
    with server:
        answer = server.get("/")
        assert answer.body.decode() == value


@given(st.text(alphabet="ab {};#\"'\\$\n\t"))
def test_parse_never_raises(text: str) -> None:
    """nginx judges, not the parser."""
    list(includes(parse(text)))


def test_lines() -> None:
    """A directive knows its line, for messages."""
    assert [item.line for item in parse("a;\n\n  b {\n c; }\nd;")] == [1, 3, 5]


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("/e/sites-enabled/shop", "/e/sites-enabled/*", True),
        ("/e/sites-enabled/.shop.swp", "/e/sites-enabled/*", False),
        ("/e/sites-enabled/.shop", "/e/sites-enabled/.s*", True),
        ("/e/conf.d/a/b.conf", "/e/conf.d/*.conf", False),
        ("/e/conf.d/b.conf", "/e/*/b.conf", True),
        ("/e/conf.d/shop", "/e/conf.d/*.conf", False),
    ],
)
def test_path_matches(path: str, pattern: str, expected: bool) -> None:
    """glob(3)'s rules, not fnmatch(3)'s."""
    assert path_matches(path, pattern) is expected


def test_includes_are_followed_as_nginx_does(tmp_path: Path) -> None:
    """Relative and absolute includes, links, spaces: server blocks come in nginx's order, with what their own includes hold."""
    server = NginxServer(tmp_path)
    (server.etc / "my snippets").mkdir()
    server.site("listen 80.conf", "listen PORT;", "my snippets")
    server.site("b", 'server { include "my snippets/*.conf"; server_name b; }')
    server.site("a", "server { listen PORT; server_name a; }", "sites-available")
    (server.etc / "sites-enabled" / "a").symlink_to("../sites-available/a")
    server.site("z.conf", "server { listen PORT; server_name z; }", "conf.d")
    dump = subprocess.run([NGINX, "-T", "-c", str(server.config)], capture_output=True, text=True, check=True).stdout
    configuration = Configuration(read_dump(dump), str(server.config))
    blocks = [
        {item.name: item.arguments for item in configuration.inside(path, block)}
        for path, block in configuration.directives("http")
        if block.name == "server"
    ]
    assert blocks == [{"listen": [str(server.port)], "server_name": [name]} for name in ("z", "a", "b")]
    assert configuration.includes_in("http") == [str(server.types), f"{server.etc}/conf.d/*.conf", f"{server.etc}/sites-enabled/*"]
    assert configuration.includes_in("http", "server") == [f"{server.etc}/my snippets/*.conf"]


def test_a_circle_of_includes_ends() -> None:
    """nginx refuses such a configuration; reading it ends all the same."""
    configuration = Configuration({"/e/nginx.conf": "http { include a; }", "/e/a": "x; include a;"}, "/e/nginx.conf")
    assert [item.name for _path, item in configuration.directives("http")] == ["x"]
    assert configuration.includes_in("http") == ["/e/a", "/e/a"]


def test_blocks_without_end_raise_nothing() -> None:
    """Deeper than any configuration is."""
    assert [item.name for item in parse("a {" * 100_000)] == ["a"]
    assert list(parse("{" * 100_000)) == []
    assert len(list(walk(parse("a { " * 100 + "} " * 100)))) == 100
