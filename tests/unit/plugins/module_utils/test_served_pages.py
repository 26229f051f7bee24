# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages and what they make a browser fetch, from servers that may be hostile."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import socket
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import served_pages, served_references
from ansible_collections.webops.django.plugins.module_utils.css_references import Reference
from ansible_collections.webops.django.plugins.module_utils.html_references import html_references
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, DeadlineError, Route
from ansible_collections.webops.django.plugins.module_utils.import_maps import ImportMap
from ansible_collections.webops.django.plugins.module_utils.served_pages import Crawl
from ansible_collections.webops.django.plugins.module_utils.served_references import Document, read_body, text_of
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer

BASE = parse_url("http://shop.example.com/")


def page(html: str, **headers: str) -> bytes:
    return http_answer(html.encode(), content_type=headers.pop("content_type", "text/html"), **headers)


@contextlib.contextmanager
def crawling(answers: dict[str, bytes], deadline: float = 60) -> t.Iterator[Crawl]:
    """Crawl a server that has these answers, and 404 for the rest."""

    def reply(sock: socket.socket, target: str) -> None:
        sock.sendall(answers.get(target, http_answer(b"", status="404 Not Found")))

    with RawServer(reply) as server, contextlib.closing(Client(Route("127.0.0.1", server.port), Deadline(deadline), 1)) as client:
        yield Crawl(client, {BASE.origin})


def crawl(answers: dict[str, bytes]) -> Crawl:
    with crawling(answers) as done:
        done.page(BASE, required=True)
        assert done.fetch_references() == 0
        return done


def got(done: Crawl) -> list[tuple[str, str]]:
    return [(failure.url.replace("http://shop.example.com", ""), failure.got) for failure in done.failures]


def test_style_sheets_that_import_each_other_end() -> None:
    done = crawl(
        {
            "/": page("<link rel=stylesheet href=a.css>"),
            "/a.css": http_answer(b"@import 'b.css'; x { background: url(gone.png) }"),
            "/b.css": http_answer(b"@import 'a.css';"),
        }
    )
    assert (got(done), done.references) == ([("/gone.png", "404 text/css (answered by a server that does not name itself)")], 3)
    assert done.failures[0].page == "http://shop.example.com/a.css"


@pytest.mark.parametrize(
    "answer",
    [
        http_answer("<img src=größe.png>".encode("latin-1"), content_type="text/html; charset=iso-8859-1"),
        http_answer("<img src=größe.png>".encode(), content_type='text/html; charset="nonsense"'),
        http_answer("<img src=größe.png>".encode(), content_type="text/html; charset=hex"),
        http_answer(gzip.compress("<img src=größe.png>".encode()), content_type="text/html", content_encoding="gzip"),
    ],
)
def test_a_page_in_any_encoding(answer: bytes) -> None:
    assert [url for url, _got in got(crawl({"/": answer}))] == ["/gr%C3%B6%C3%9Fe.png"]


def test_what_is_no_page_is_not_read() -> None:
    assert got(crawl({"/": page("<img src=gone.png>", content_type="application/json")})) == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (page("", content_encoding="zstd"), "it has an encoding that was not asked for"),
        (page("plain", content_encoding="gzip"), "it is not valid gzip"),
        (page("", status="302 Found", location="file:///etc/passwd"), "does not begin with http:// or https://"),
        (page("", status="302 Found", location="/"), "more than 5 redirects"),
        (page("<base href='javascript:0'><img src=a>"), "does not begin with http:// or https://"),
        (page("", status="500 No"), "500 text/html (answered by a server that does not name itself)"),
    ],
)
def test_a_page_that_cannot_be_read(answer: bytes, why: str) -> None:
    assert got(crawl({"/": answer})) == [("/", why)]


def test_a_redirect_to_another_host_is_not_followed() -> None:
    done = crawl({"/": page("", status="302 Found", location="http://127.0.0.1:1/")})
    assert (list(done.foreign), done.pages[0]["redirected_to"]) == (["http://127.0.0.1:1/"], "http://127.0.0.1:1/")


def test_a_bomb_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_references, "MAX_BODY", 1 << 20)
    bomb = http_answer(gzip.compress(bytes(50 << 20)), content_type="text/html", content_encoding="gzip")
    assert got(crawl({"/": bomb})) == [("/", "a body of more than 1 MiB")]


def test_too_many_references_are_told() -> None:
    many = "".join(f"<img src={number}.png>" for number in range(served_pages.MAX_REFERENCES + 7))
    with crawling({"/": page(many)}) as done:
        done.page(BASE, required=True)
        assert done.fetch_references() == 7


def test_mixed_content() -> None:
    secure = parse_url("https://shop.example.com/")
    with crawling({}) as done:
        done.origins = {secure.origin}
        references = [Reference("http://shop.example.com/a.css", "stylesheet"), Reference("http://shop.example.com/a.png", "image")]
        done._note(secure, references, "https://shop.example.com/", Document("", secure.origin, ImportMap(secure)))
    assert list(done.mixed) == ["http://shop.example.com/a.css", "http://shop.example.com/a.png"]
    assert got(done) == [("/a.css", "an http URL, which browsers block")]


def test_a_page_that_html_parser_would_need_hours_for() -> None:
    assert got(crawl({"/": page("<!" * 4_000_000)})) == []


def test_the_deadline_ends_the_reading_of_a_page() -> None:
    with crawling({"/": page("<img src=a>")}) as done:
        answer = done.client.get(BASE.origin, "/")
        done.client._deadline.end = 0
        with pytest.raises(DeadlineError):
            html_references(text_of(answer, read_body(answer)), done.client.look_at_clock)


JS = "text/javascript"


def test_modules_are_read_and_an_import_map_is_heeded() -> None:
    done = crawl(
        {
            "/": page(
                '<script type="importmap">{"imports": {"lib": "/lib.0123.js", "gone": "/gone.js"}}</script>'
                '<script type="module">import "./inline.js"; import "lib"; import "bare"</script><script type="module" src="/m/a.js"></script>'
            ),
            "/inline.js": http_answer(b"", content_type=JS),
            "/lib.0123.js": http_answer(b"export * from './lib-gone.js'", content_type=JS),
            "/m/a.js": http_answer(b"import './b.js'; import x from './x.json' with {type: 'json'}; import './b.js'", content_type=JS),
            "/m/b.js": http_answer(b"import './a.js'; import('../late.js'); // import './no.js'", content_type=JS),
            "/m/x.json": http_answer(b"{}", content_type="application/json"),
        }
    )
    assert [url for url, _got in got(done)] == ["/gone.js", "/lib-gone.js", "/late.js"]
    assert [failure.page for failure in done.failures] == [f"http://shop.example.com/{name}" for name in ("", "lib.0123.js", "m/b.js")]
    assert [failure.expected for failure in done.failures] == ["200 text/javascript"] * 3


def test_the_icons_of_a_web_app_manifest() -> None:
    manifest = b'{"icons": [{"src": "i/a.png"}, {"src": 1}, 2], "shortcuts": [{"icons": [{"src": "/b.png"}]}, {}], "screenshots": [{"src": "c.png"}]}'
    done = crawl(
        {"/": page("<link rel=manifest href=/static/m.webmanifest>"), "/static/m.webmanifest": http_answer(manifest, content_type="application/json")}
    )
    assert [url for url, _got in got(done)] == ["/static/i/a.png", "/static/c.png", "/b.png"]


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{", b'{"icons": 1}', b"[" * 100000, b"\xff"])
def test_a_manifest_that_is_none_names_nothing(manifest: bytes) -> None:
    done = crawl({"/": page("<link rel=manifest href=m>"), "/m": http_answer(manifest, content_type="application/json")})
    assert got(done) == []


def sri(body: bytes, name: str = "sha384") -> str:
    return f"{name}-{base64.b64encode(hashlib.new(name, body).digest()).decode()}"


@pytest.mark.parametrize(
    ("integrity", "right"),
    [
        (sri(b"x"), True),
        (sri(b"y"), False),
        (f"{sri(b'y')} {sri(b'x')}", True),
        (f"{sri(b'x', 'sha256')} {sri(b'y', 'sha512')}", False),
        (f"{sri(b'y', 'sha256')} {sri(b'x', 'sha512')}?opt", True),
        ("md5-AAAA nonsense sha384-*", True),
        ("", True),
    ],
)
def test_integrity(integrity: str, right: bool) -> None:
    done = crawl({"/": page(f'<script src="/a.js" integrity="{integrity}"></script>'), "/a.js": http_answer(b"x", content_type=JS)})
    assert [url for url, _got in got(done)] == ([] if right else ["/a.js"])
    if not right:
        assert done.failures[0].got.startswith("one with sha")


@pytest.mark.parametrize(
    ("html", "headers", "why"),
    [
        ("<script type=module src=//s.example.com/a></script>", {}, "no Access-Control-Allow-Origin"),
        ("<script type=module src=//s.example.com/a></script>", {"access_control_allow_origin": "*"}, ""),
        ("<script type=module src=//s.example.com/a></script>", {"access_control_allow_origin": "http://shop.example.com"}, ""),
        ("<script src=//s.example.com/a></script>", {}, ""),
        (
            "<script src=//s.example.com/a crossorigin></script>",
            {"access_control_allow_origin": "http://x"},
            "Access-Control-Allow-Origin: http://x",
        ),
        (
            "<script src=//s.example.com/a crossorigin=use-credentials></script>",
            {"access_control_allow_origin": "*"},
            "Access-Control-Allow-Origin: *",
        ),
        (
            "<script src=//s.example.com/a crossorigin=use-credentials></script>",
            {"access_control_allow_origin": "http://shop.example.com", "access_control_allow_credentials": "true"},
            "",
        ),
        ("<script type=module src=/a></script>", {}, ""),
    ],
)
def test_what_comes_from_another_origin_of_the_site(html: str, headers: dict[str, str], why: str) -> None:
    with crawling({"/": page(html), "/a": http_answer(b"", content_type=JS, **headers)}) as done:
        done.origins = {BASE.origin, parse_url("http://s.example.com/").origin}
        done.page(BASE, required=True)
        assert (done.fetch_references(), done.references) == (0, 1)
    assert [came for _url, came in got(done)] == ([why] if why else [])


def test_a_font_from_another_origin_of_the_site() -> None:
    """The page's origin counts, and not that of the style sheet that names the font."""
    css = http_answer(b"@font-face { src: url(f.woff2) }")
    with crawling(
        {"/": page("<link rel=stylesheet href=//s.example.com/a.css>"), "/a.css": css, "/f.woff2": http_answer(b"", content_type="font/woff2")}
    ) as done:
        done.origins = {BASE.origin, parse_url("http://s.example.com/").origin}
        done.page(BASE, required=True)
        done.fetch_references()
    assert [(failure.url, failure.got) for failure in done.failures] == [("http://s.example.com/f.woff2", "no Access-Control-Allow-Origin")]
