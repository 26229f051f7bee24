# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages as a browser loads them: from a real nginx, a real Django, and servers that send rubbish."""

from __future__ import annotations

import json
import socket
import threading
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import diagnosis_pace, diagnosis_pages
from ansible_collections.webops.django.plugins.module_utils.diagnosis_client import crawl_pages
from ansible_collections.webops.django.plugins.module_utils.diagnosis_pace import SILENT
from ansible_collections.webops.django.plugins.module_utils.diagnosis_pages import CONNECTIONS
from ansible_collections.webops.django.tests.unit.support.django_server import DjangoServer, proxied
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer
from ansible_collections.webops.django.tests.unit.support.static_site import PAGES, StaticSite

BASE = "http://shop.example.com/"
RAISED = "ValueError: Missing staticfiles manifest entry for 'gone <1>.css'"


def at(port: int) -> dict[str, t.Any]:
    return {"address": "127.0.0.1", "port": port, "tls": False}


def crawl(port: int, *urls: str, base: str = BASE, **more: t.Any) -> list[dict[str, t.Any]]:
    request = {"site": "shop", "urls": urls or ("/",), "base": base, "connect": at(port), "static_prefix": "/static/", "limit": 500}
    pages = crawl_pages([{**request, **more}], 60)
    json.dumps(pages)
    return pages


def html(text: str, **headers: str) -> bytes:
    return http_answer(text.encode(), content_type="text/html", **headers)


def crawl_answers(answers: t.Mapping[str, bytes], *urls: str, **more: t.Any) -> list[dict[str, t.Any]]:
    """Crawl a server that has these answers, and 404 for the rest."""
    with RawServer(lambda sock, target: sock.sendall(answers.get(target, http_answer(b"", "404 Not Found")))) as server:
        return crawl(server.port, *urls, **more)


def got(page: t.Mapping[str, t.Any], *names: str) -> list[tuple[t.Any, ...]]:
    return [tuple(reference[name] for name in names) for reference in page["references"]]


@pytest.fixture(name="site")
def site_fixture(tmp_path: Path) -> t.Iterator[StaticSite]:
    site = StaticSite(tmp_path)
    with site.nginx:
        yield site


def test_a_page_of_a_real_nginx(site: StaticSite) -> None:
    (site.static / "fonts/a.woff2").unlink()
    (page,) = crawl(site.nginx.port)
    assert (page["status"], page["server"], page["error"], page["site"], page["limited"]) == (200, "nginx", "", "shop", 0)
    assert got(page, "raw", "kind", "status", "place") == [
        ("/static/site.css", "stylesheet", 200, "own"),
        ("/static/app.mjs", "module", 200, "own"),
        ("/static/img/bild gr\u00f6\u00dfe.svg", "image", 200, "own"),
        ("https://cdn.example.org/x.png", "image", None, "foreign"),
        ("base/reset.css", "stylesheet", 200, "own"),
        ("fonts/a.woff2", "font", 404, "own"),
        ("img/bild%20gr\u00f6\u00dfe.svg", "any", 200, "own"),
    ]
    assert page["references"][5]["from"] == BASE + "static/site.css"
    assert page["foreign"] == ["https://cdn.example.org/x.png"]


def test_files_are_asked_for_as_by_a_page(tmp_path: Path) -> None:
    """A server that refuses hot links serves them to its own pages, also what a style sheet names."""
    site = StaticSite(tmp_path)
    site.serve("valid_referers server_names; if ($invalid_referer) { return 403; }")
    with site.nginx:
        (page,) = crawl(site.nginx.port)
    assert {status for place, status in got(page, "place", "status") if place == "own"} == {200}


def test_pages_share_what_was_asked_and_each_tells_it(site: StaticSite) -> None:
    site.page("a/index.html", "<link rel=stylesheet href=/static/site.css>")
    first, second = crawl(site.nginx.port, "/", "/a/")
    assert {reference[0] for reference in got(second, "url")} <= {reference[0] for reference in got(first, "url")}
    assert got(second, "kind", "status") == [("stylesheet", 200), ("stylesheet", 200), ("font", 200), ("any", 200)]


def many_assets(site: StaticSite, count: int) -> None:
    for number in range(count):
        site.write(f"many/{number}.css", b"a {}")
    site.page("index.html", "".join(f"<link rel=stylesheet href=/static/many/{number}.css>" for number in range(count)))


@pytest.mark.parametrize("status", ["503", "429", "444"])
def test_what_only_a_browser_s_haste_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    monkeypatch.setattr(diagnosis_pace, "FIRST_PAUSE", 0.3)
    site = StaticSite(tmp_path)
    many_assets(site, 6)
    (site.nginx.etc / "conf.d/limit.conf").write_text("limit_req_zone $binary_remote_addr zone=z:1m rate=5r/s;")
    site.serve(extra=f"limit_req zone=z burst=1 nodelay; limit_req_status {status};")
    with site.nginx:
        (page,) = crawl(site.nginx.port)
    assert {reference["status"] for reference in page["references"]} == {200}
    # Another may pass, if the machine is slow enough.
    assert page["limited"] == len(page["limited_urls"])
    assert page["limited"] in (1, 2, 3, 4)
    assert all(url.startswith(BASE + "static/many/") for url in page["limited_urls"])


def test_haste_breaks_nothing_where_nothing_is_limited(site: StaticSite) -> None:
    many_assets(site, 80)
    (page,) = crawl(site.nginx.port)
    assert (page["limited"], len(page["references"])) == (0, 80)
    assert {reference["status"] for reference in page["references"]} == {200}


def test_a_page_s_assets_are_asked_for_at_once() -> None:
    together = threading.Barrier(CONNECTIONS, timeout=8)

    def reply(sock: socket.socket, target: str) -> None:
        if target != "/":
            # Passes when as many requests as a browser sends at once are on the way.
            together.wait()
        sock.sendall(html("".join(f"<img src={number}>" for number in range(CONNECTIONS))) if target == "/" else http_answer(b""))

    with RawServer(reply) as server:
        (page,) = crawl(server.port)
    assert got(page, "status") == [(200,)] * CONNECTIONS


def test_what_more_pages_name_is_asked_for_once() -> None:
    with RawServer(lambda sock, target: sock.sendall(http_answer(b"") if target == "/a" else html("<img src=/a>"))) as server:
        pages = crawl(server.port, "/", "/b/")
        assert server.requests == ["/", "/a", "/b/"]
    assert [got(page, "status") for page in pages] == [[(200,)], [(200,)]]


def test_more_than_a_page_usually_has_comes_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_pages, "AT_ONCE", 2)
    running: list[str] = []
    together: list[int] = []

    def reply(sock: socket.socket, target: str) -> None:
        if target not in answers:
            running.append(target)
            time.sleep(0.02)
            together.append(len(running))
            running.remove(target)
        sock.sendall(answers.get(target, http_answer(b"")))

    images = "".join(f"a {{ background: url({number}) }}" for number in range(6))
    answers = {"/": html("<link rel=stylesheet href=a.css><link rel=stylesheet href=b.css>"), "/b.css": http_answer(b"")}
    answers["/a.css"] = http_answer(images.encode())
    with RawServer(reply) as server:
        (page,) = crawl(server.port)
    assert len(page["references"]) == 8
    assert together == [1] * 6


def test_a_server_that_falls_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_pages, "TIMEOUT", 0.3)
    text = html("".join(f"<img src={number}>" for number in range(60)))
    with RawServer(lambda sock, target: sock.sendall(text) if target == "/" else None) as server:
        (page,) = crawl(server.port)
        assert len(server.requests) < 20
    assert {reference["status"] for reference in page["references"]} == {None}
    assert page["references"][-1]["error"] == SILENT


def test_assets_that_are_never_answered_are_no_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_pace, "FIRST_PAUSE", 0.01)
    site = StaticSite(tmp_path)
    site.serve(static="location ^~ /static/ { return 503; }")
    with site.nginx:
        (page,) = crawl(site.nginx.port)
    assert page["limited"] == 0
    assert page["references"][0]["status"] == 503


def test_a_limited_page_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_pace, "FIRST_PAUSE", 0.3)
    site = StaticSite(tmp_path)
    (site.nginx.etc / "conf.d/limit.conf").write_text("limit_req_zone $binary_remote_addr zone=z:1m rate=5r/s;")
    site.serve(pages=PAGES.replace("{", "{ limit_req zone=z;", 1))
    with site.nginx:
        pages = crawl(site.nginx.port, "/", "/?2")
    assert [page["status"] for page in pages] == [200, 200]


def test_a_real_django_with_debug(tmp_path: Path) -> None:
    with DjangoServer(tmp_path / "django", debug=True) as django, proxied(tmp_path / "nginx", django.port) as nginx:
        home, broken, members, gone = crawl(nginx.port, "/", "/broken/", "/members/", "/gone/")
    assert (home["status"], home["title"]) == (200, "Shop")
    assert got(home, "url", "status", "content_type") == [(BASE + "static/app/a.css", 200, "text/css")]
    assert (broken["status"], broken["error_text"], broken["server"]) == (500, RAISED, "app")
    assert (members["redirected_to"], members["login"], members["title"]) == (BASE + "accounts/login/?next=/members/", True, "Log in")
    assert (gone["status"], gone["title"]) == (404, "Page not found at /gone/")


def test_a_real_django_asked_directly_for_https(tmp_path: Path) -> None:
    with DjangoServer(tmp_path, debug=False) as django:
        home, broken, scheme = crawl(django.port, "", "broken/", "scheme/", base="https://shop.example.com/")
    assert [page["status"] for page in (home, broken, scheme)] == [200, 500, 200]
    assert (broken["title"], broken["error_text"]) == ("Server Error (500)", "")
    assert got(home, "url", "status") == [("https://shop.example.com/static/app/a.css", 200)]


def test_http_on_an_https_page() -> None:
    (page,) = crawl_answers({"/": html("<script src=http://shop.example.com/a.js></script><img src=/b.png>")}, base="https://shop.example.com/")
    assert page["mixed"] == ["http://shop.example.com/a.js"]
    assert got(page, "kind", "mixed", "status") == [("script", True, None), ("image", False, 404)]


def test_a_font_and_a_module_of_another_name_of_this_machine() -> None:
    text = "<link rel=stylesheet href=//static.example.com/a.css><script type=module src=//static.example.com/m.mjs></script>"
    answers = {
        "/": html(text + "<script type=module src=//cdn.example.com/m.mjs></script>"),
        "/a.css": http_answer(b"@font-face { src: url(f.woff2) }"),
        "/f.woff2": http_answer(b"font", content_type="font/woff2"),
        "/m.mjs": http_answer(b"", content_type="text/javascript", access_control_allow_origin="*"),
    }
    (page,) = crawl_answers(answers, hosts=["static.example.com"])
    found = {reference["url"].rpartition("//")[2]: reference for reference in page["references"]}
    origin = {"mode": "anonymous", "origin": "http://shop.example.com"}
    assert found["static.example.com/f.woff2"]["cors"] == {**origin, "allowed": False, "header": ""}
    assert found["static.example.com/m.mjs"]["cors"] == {**origin, "allowed": True, "header": "*"}
    assert found["static.example.com/a.css"]["cors"] is None
    assert found["cdn.example.com/m.mjs"]["cors"] == {**origin, "allowed": None, "header": ""}
    assert [found[name]["place"] for name in ("static.example.com/m.mjs", "cdn.example.com/m.mjs")] == ["served", "foreign"]


def test_policies_and_what_they_are_held_against() -> None:
    text = (
        "<title>a</title><meta http-equiv=Content-Security-Policy content=\"img-src 'none'\"><script nonce=n1 src=a.js integrity=sha256-x></script>"
    )
    (page,) = crawl_answers({"/": html(text, content_security_policy="default-src 'self'", set_cookie="a=secret")})
    assert (page["headers"]["content-security-policy"], page["meta_csp"]) == ("default-src 'self'", ["img-src 'none'"])
    assert got(page, "nonce", "integrity") == [("n1", "sha256-x")]
    assert "secret" not in json.dumps(page)


def test_modules_are_told_as_they_are_written() -> None:
    text = '<script type=importmap>{"imports": {"app/": "/static/app/"}}</script>'
    text += "<script type=module>import 'app/x.js'; import './y.js'</script>"
    (page,) = crawl_answers({"/": html(text)})
    assert {("app/x.js", BASE + "static/app/x.js"), ("./y.js", BASE + "y.js")} <= set(got(page, "raw", "url"))


def test_an_address_that_is_none() -> None:
    (page,) = crawl_answers({"/": html("<img src='http://['><img src=chrome-extension://x/a.png><img src=data:,>")})
    assert got(page, "raw", "status") == [("http://[", None)]
    assert page["references"][0]["error"]


def test_no_more_than_so_many_references() -> None:
    (first, second) = crawl_answers(
        {target: html("".join(f"<img src={number}>" for number in range(9))) for target in ("/", "/b/")}, "/", "/b/", limit=12
    )
    assert [(len(page["references"]), page["references_left"]) for page in (first, second)] == [(9, 0), (3, 6)]


def closing(data: bytes) -> t.Callable[[socket.socket, str], None]:
    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_RDWR)

    return reply


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 99999,
        b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 99\r\n\r\n<img",
        html("x", content_encoding="gzip"),
        html("x", content_encoding="zstd"),
        html("<base href='http://['><img src=a>"),
        http_answer(b"", "302 Found", location="http://["),
        http_answer(b"", "302 Found", location="/"),
    ],
)
def test_rubbish_in_place_of_a_page(data: bytes) -> None:
    with RawServer(closing(data)) as server:
        (page,) = crawl(server.port)
    assert page["error"]
    assert page["references"] == []


@pytest.mark.parametrize(
    "text",
    ["<" * 50000, "<![CDATA[" * 999, "<template>" * 5000, "<svg><title>" * 999, "<title>" + "a" * 99999, "<a style='" + "url(" * 9999, "\0\ufffe"],
)
def test_rubbish_in_a_page(text: str) -> None:
    (page,) = crawl_answers({"/": html(text)})
    assert (page["status"], page["error"]) == (200, "")
    assert len(page["title"]) < 1000


@pytest.mark.parametrize(
    "more",
    [
        {"base": ""},
        {"base": None},
        {"base": "ftp://x/"},
        {"connect": {"address": "::1", "port": "x"}},
        {"connect": 7},
        {"hosts": 7},
        {"limit": "x"},
    ],
)
def test_a_request_that_cannot_be_read(more: dict[str, t.Any]) -> None:
    (page,) = crawl_pages([{"site": "shop", "urls": ["/"], "base": BASE, "connect": at(1), **more}], 30)
    assert page["status"] is None
    assert page["error"]
