# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""URLs as browsers build them, and the way from a path to a URL and back."""

from __future__ import annotations

import contextlib
import os
import pathlib
import tempfile

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_batch import check_files
from ansible_collections.webops.django.plugins.module_utils.served_files import Tree
from ansible_collections.webops.django.plugins.module_utils.served_tree import read_tree
from ansible_collections.webops.django.plugins.module_utils.web_urls import (
    Origin,
    UrlError,
    encode,
    join,
    parse_url,
    path_to_url,
    printable,
    url_to_path,
)
from ansible_collections.webops.django.tests.unit.support.static_site import StaticSite
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.one_of(
    st.binary(min_size=1, max_size=20),
    st.text(min_size=1, max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"%41", b"a#b", b"a?b", b"..a", b"a..", b"...", b". .", b"%2e%2e", b"..%2f", b" ", b"a b", b"%", b"\\", b"..\\", b"a&b=c;d"]),
    st.sampled_from(
        ["größe".encode(), "e\u0301".encode(), "\u202e.css".encode(), b"\xff\xfe", b"\xc0\xae", b"\r\n", b"\x1b[0m", b"\x7f", b";", b"~", b"-"]
    ),
).filter(lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b".."))
PAGE = parse_url("http://shop.example.com/some/page/?a=b")
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(b"/".join)


ENDINGS = (b"", b"%", b"%2e", b"#x", b"?x=1", b" ", b"\xff", b";", b"\\..", b"..")
"""Behind each path that is drawn, for drawing is what takes the time: 1,200 paths are 12,000 cases."""


@given(PATHS)
@settings(max_examples=1200, deadline=None)
def test_a_path_survives_the_way_to_a_url_and_back(drawn: bytes) -> None:
    for path in (drawn + ending for ending in ENDINGS):
        url = path_to_url(path)
        assert url_to_path(url) == path
        parsed = parse_url(f"http://shop.example.com/static/{url}")
        assert parsed.target == f"/static/{url}"
        assert parsed.path == parsed.target
        assert join(PAGE, f"/static/{url}") == parsed
        assert all(0x20 < ord(char) < 0x7F for char in url)


def test_files_of_any_name_come_back_from_a_real_nginx(tmp_path: pathlib.Path) -> None:
    """Made on disk, listed as the module lists them, asked for, and compared byte by byte; some of them are links."""
    site = StaticSite(tmp_path)
    client = Client(Route("127.0.0.1", site.nginx.port), Deadline(600), 10)
    seen: set[bytes] = set()

    @given(PATHS, st.booleans())
    @settings(max_examples=300, deadline=None, database=None)
    def comes_back(path: bytes, is_link: bool) -> None:
        with tempfile.TemporaryDirectory(dir=site.static) as folder:
            file = os.path.join(os.fsencode(folder), path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            content = b"content of " + path
            with open(os.fsencode(folder) + b"/target" if is_link else file, "wb") as opened:
                opened.write(content)
            if is_link and not os.path.lexists(file):
                os.symlink(os.fsencode(folder) + b"/target", file)
            tree = Tree(folder, parse_url(f"{site.base_url}/static/{os.path.basename(folder)}/"), frozenset())
            listing = read_tree(folder)
            hidden = any(name.startswith(b".") for name in path.split(b"/"))
            assert (path in listing.served) is not hidden
            results, unchecked = check_files([client], tree, [path])
            assert (unchecked, [result.failures for result in results]) == (0, [()])
            seen.add(path)

    with site.nginx, contextlib.closing(client):
        comes_back()
    assert len(seen) > 150


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=1000, deadline=None)
def test_joining_gives_a_url_or_says_why_not(base: str, reference: str) -> None:
    try:
        url = join(parse_url("http://shop.example.com/" + base), reference)
    except UrlError as error:
        assert str(error)
    else:
        assert url.target.startswith("/")
        assert all(0x20 < ord(char) < 0x7F for char in str(url))
        assert parse_url(str(url)) == url


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("a/b.css", "a/b.css"),
        ("img/bild größe.svg", "img/bild%20gr%C3%B6%C3%9Fe.svg"),
        ("100%.css", "100%25.css"),
        ("a%20b.css", "a%2520b.css"),
        ("what?.js", "what%3F.js"),
        ("c#.js", "c%23.js"),
        ("a+b&c=d.js", "a+b&c=d.js"),
    ],
)
def test_path_to_url(path: str, url: str) -> None:
    assert path_to_url(os.fsencode(path)) == url


@pytest.mark.parametrize(
    ("text", "origin", "target"),
    [
        ("http://Shop.Example.com", Origin("http", "shop.example.com", 80), "/"),
        ("https://shop.example.com:8443/a?b=c d#e", Origin("https", "shop.example.com", 8443), "/a?b=c%20d"),
        ("http://[::1]:80/x", Origin("http", "::1", 80), "/x"),
        ("http://bücher.example./", Origin("http", "xn--bcher-kva.example", 80), "/"),
        ("  http://shop.example.com/bild größe.svg\n", Origin("http", "shop.example.com", 80), "/bild%20gr%C3%B6%C3%9Fe.svg"),
        ("http://shop.example.com/%41{x}", Origin("http", "shop.example.com", 80), "/%41%7Bx%7D"),
    ],
)
def test_parse_url(text: str, origin: Origin, target: str) -> None:
    url = parse_url(text)
    assert (url.origin, url.target) == (origin, target)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("shop.example.com", "does not begin"),
        ("file:///etc/passwd", "does not begin"),
        ("ftp://shop.example.com/", "does not begin"),
        ("http://", "names no host"),
        ("http://a b/", "names no host"),
        ("http://shop.example.com:x/", "not a URL"),
        ("http://shop.example.com:99999/", "not a URL"),
        ("http://[::1/", "not a URL"),
        ("http://" + "ü" * 80 + "/", "not a URL"),
        ("http://me:secret@shop.example.com/", "user name"),
    ],
)
def test_parse_url_refuses(text: str, why: str) -> None:
    with pytest.raises(UrlError, match=why):
        parse_url(text)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("b.css", "http://shop.example.com/static/css/b.css"),
        ("../img/x.png#part", "http://shop.example.com/static/img/x.png"),
        ("../../../../x.png", "http://shop.example.com/x.png"),
        ("/x", "http://shop.example.com/x"),
        ("//cdn.example.org/x", "http://cdn.example.org/x"),
        ("https://cdn.example.org/x", "https://cdn.example.org/x"),
        ("?v=1", "http://shop.example.com/static/css/site.css?v=1"),
        (r"..\img\x.png", "http://shop.example.com/static/img/x.png"),
        ("a\nb.css", "http://shop.example.com/static/css/ab.css"),
        ("", "http://shop.example.com/static/css/site.css"),
        ("#part", "http://shop.example.com/static/css/site.css"),
        ("a;", "http://shop.example.com/static/css/a;"),
        ("a;b=c/d", "http://shop.example.com/static/css/a;b=c/d"),
        ("%2e%2E/x", "http://shop.example.com/static/x"),
        ("a/./b/..", "http://shop.example.com/static/css/a/"),
        ("http:x", "http://shop.example.com/static/css/x"),
        ("https://cdn.example.org/a/../x", "https://cdn.example.org/x"),
        ("x\u00a0", "http://shop.example.com/static/css/x%C2%A0"),
        ("x?a=/../b#c?d", "http://shop.example.com/static/css/x?a=/../b"),
    ],
)
def test_join(reference: str, expected: str) -> None:
    assert str(join(parse_url("http://shop.example.com/static/css/site.css"), reference)) == expected


@pytest.mark.parametrize(("port", "authority"), [(80, "shop.example.com"), (443, "shop.example.com:443")])
def test_authority_names_an_unusual_port(port: int, authority: str) -> None:
    assert Origin("http", "shop.example.com", port).authority == authority


def test_authority_brackets_an_address() -> None:
    assert str(Origin("https", "::1", 443)) == "https://[::1]"


def test_encode_leaves_what_is_encoded() -> None:
    assert encode("/%C3%B6 ö") == "/%C3%B6%20%C3%B6"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain größe", "plain größe"), ("\x1b[31mred\r\n", r"\x1b[31mred\r\n"), ("a\u202eb", r"a\u202eb"), ("\udcff", r"\udcff"), ("x" * 10, "xxxxx…")],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text, 5 if text == "x" * 10 else 300) == shown


@pytest.mark.parametrize(("reference", "expected"), [("", "/a/?b=c"), ("#x", "/a/?b=c"), ("?d", "/a/?d"), ("e", "/a/e"), (".", "/a/")])
def test_the_query_of_a_page(reference: str, expected: str) -> None:
    assert join(parse_url("http://shop.example.com/a/?b=c"), reference).target == expected
