# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking many URLs of a real nginx, and of servers that send rubbish."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import diagnosis_client, diagnosis_pace, encodings
from ansible_collections.webops.django.plugins.module_utils.diagnosis_client import CONNECTIONS, NOT_HTTP, ask_urls, crawl_pages
from ansible_collections.webops.django.plugins.module_utils.diagnosis_pace import GIVE_UP, LEFT, SILENT, TOO_LATE
from ansible_collections.webops.django.tests.unit.support.nginx_server import free_port
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, Reply, http_answer
from ansible_collections.webops.django.tests.unit.support.static_site import StaticSite
from ansible_collections.webops.django.tests.unit.support.waiting import wait_for_port

HOST = "http://shop.example.com"


def expected(data: bytes) -> dict[str, t.Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def at(port: int) -> dict[str, t.Any]:
    return {"address": "127.0.0.1", "port": port, "tls": False}


def request(path: str, port: int, **more: t.Any) -> dict[str, t.Any]:
    common = {"id": path, "site": "shop", "kind": "file", "url": HOST + path, "host": "", "connect": at(port), "expected": None}
    return {**common, "encodings": [], "pace": 0, "origin": None, **more}


@pytest.fixture(name="site")
def site_fixture(tmp_path: Path) -> t.Iterator[StaticSite]:
    site = StaticSite(tmp_path)
    site.compress("site.css")
    site.compress("base/reset.css", b"old")
    site.serve(extra="gzip_static on;", static=PROTECTED)
    with site.nginx:
        yield site


PROTECTED = """
location = /static/seen { return 200 "$http_host $http_origin $http_accept_encoding"; }
location ^~ /static/ { root ROOT; EXTRA }
"""


def test_what_a_real_nginx_serves(site: StaticSite) -> None:
    names = ("site.css", "base/reset.css", "img/bild gr\u00f6\u00dfe.svg", "strange/100%25.css")
    contents = [(site.static / name.replace("%25", "%")).read_bytes() for name in names]
    port = site.nginx.port
    asks = [request(f"/static/{name}", port, expected=expected(content), encodings=["gzip"]) for name, content in zip(names, contents)]
    answers = ask_urls([*asks, request("/static/gone.css", port, expected=expected(b"x"))], 30)
    assert [(answer["status"], answer["matches"], answer["complete"], answer["server"]) for answer in answers] == [
        *[(200, True, True, "nginx")] * 4,
        (404, False, True, "nginx"),
    ]
    assert [answer["encoded"].get("gzip", {}).get("matches") for answer in answers] == [True, False, True, True, None]
    assert answers[0]["encoded"]["gzip"]["encoding"] == "gzip"
    assert [answer["id"] for answer in answers[:2]] == ["/static/site.css", "/static/base/reset.css"]
    json.dumps(answers)


def test_a_file_that_is_not_the_expected_one(site: StaticSite) -> None:
    (answer,) = ask_urls([request("/static/site.css", site.nginx.port, expected=expected(b"other"))], 30)
    assert (answer["status"], answer["matches"], answer["start"][:7]) == (200, False, "@import")


def test_what_is_sent(site: StaticSite) -> None:
    said = request("/static/seen", site.nginx.port, origin="https://other.example")
    (answer,) = ask_urls([said], 30)
    assert answer["start"] == "shop.example.com https://other.example identity"
    (answer,) = ask_urls([request("/static/seen", site.nginx.port, url="http://127.0.0.1/static/seen", host="shop.example.com")], 30)
    assert answer["start"].split(" ")[0] == "shop.example.com"


def test_a_thousand_urls_over_few_connections() -> None:
    body = b"a { margin: 0 }"

    def reply(sock: socket.socket, target: str) -> None:
        number = int(target.rpartition("/")[2])
        sock.sendall(http_answer(body if number % 2 else b"wrong", etag='"1-f"', x_noise="x" * 2000, server="nginx", last_modified="x"))

    with RawServer(reply) as server:
        answers = ask_urls([request(f"/static/{number}", server.port, expected=expected(body)) for number in range(1000)], 60)
        assert len(server.requests) == 1000
        assert server.connections <= CONNECTIONS
    assert [answer["matches"] for answer in answers] == [number % 2 == 1 for number in range(1000)]
    assert len(json.dumps(answers[1::2])) < 500 * 1000


def limited(site: StaticSite, limit: str, zone: str) -> None:
    (site.nginx.etc / "conf.d/limit.conf").write_text(zone)
    site.serve(extra=limit)


def test_a_limit_is_not_taken_for_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_pace, "FIRST_PAUSE", 0.4)
    site = StaticSite(tmp_path)
    limited(site, "limit_req zone=z;", "limit_req_zone $binary_remote_addr zone=z:1m rate=5r/s;")
    data = (site.static / "site.css").read_bytes()
    with site.nginx:
        answers = ask_urls([request("/static/site.css", site.nginx.port, expected=expected(data)) for _number in range(4)], 30)
    assert [(answer["status"], answer["matches"]) for answer in answers] == [(200, True)] * 4
    assert [answer["paced"] for answer in answers] == [False, True, True, True]


def test_what_was_not_asked_again_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_pace, "FIRST_PAUSE", 0.4)
    monkeypatch.setattr(diagnosis_pace, "AGAIN_MOST", 1)
    site = StaticSite(tmp_path)
    limited(site, "limit_req zone=z; limit_req_status 429;", "limit_req_zone $binary_remote_addr zone=z:1m rate=5r/s;")
    with site.nginx:
        answers = ask_urls([request("/static/site.css", site.nginx.port) for _number in range(3)], 30)
    assert [(answer["status"], answer["error"]) for answer in answers] == [(200, ""), (200, ""), (None, LEFT)]


def test_a_site_that_is_closed_stays_503(site: StaticSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_pace, "FIRST_PAUSE", 0.01)
    site.serve(static="location ^~ /static/ { return 503; }")
    site.nginx.reload()
    answers = ask_urls([request(f"/static/{number}", site.nginx.port) for number in range(9)], 30)
    assert {(answer["status"], answer["server"], answer["error"]) for answer in answers} == {(503, "nginx", "")}


def test_the_application_s_own_refusal_is_asked_once() -> None:
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"", "429 Too Many Requests", server="gunicorn"))) as server:
        assert [answer["status"] for answer in ask_urls([request("/a", server.port)], 30)] == [429]
        assert server.requests == ["/a"]


def test_a_paced_site_has_one_connection() -> None:
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"x"))) as server:
        answers = ask_urls([request(f"/{number}", server.port, pace=100) for number in range(30)], 30)
        assert server.connections == 1
    assert {(answer["status"], answer["paced"]) for answer in answers} == {(200, True)}


def test_a_slow_reader_sees_that_nginx_has_no_room(tmp_path: Path) -> None:
    big = tmp_path / "app" / "big.js"
    big.parent.mkdir()
    big.write_bytes(b"0123456789abcdef" * (16 << 10))
    site = StaticSite(tmp_path / "site")
    upstream, app = "server { listen 127.0.0.1:APP; root FOLDER; }", free_port()
    site.nginx.site("app.conf", upstream.replace("APP", str(app)).replace("FOLDER", str(big.parent)))
    site.serve(static=f"location ^~ /static/ {{ proxy_pass http://127.0.0.1:{app}/; }}")
    ask = request("/static/big.js", site.nginx.port, expected=expected(big.read_bytes()), slow=True)
    with site.nginx:
        (healthy,) = ask_urls([ask], 30)
        shutil.rmtree(site.nginx.folder / "proxy")
        quick, cut = ask_urls([{**ask, "slow": False}, ask], 30)
    assert (healthy["status"], healthy["complete"], healthy["matches"]) == (200, True, True)
    assert (quick["complete"], quick["matches"]) == (True, True)
    assert (cut["status"], cut["complete"], cut["matches"]) == (200, False, False)
    assert "the body ended after" in cut["error"]
    assert cut["slow"]


def rubbish(data: bytes) -> Reply:
    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_RDWR)

    return reply


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 5000,
        b"220 mail.example.com\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/9 200\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" * 9999,
    ],
)
def test_rubbish_is_an_error(data: bytes) -> None:
    with RawServer(rubbish(data)) as server:
        (answer,) = ask_urls([request("/a", server.port, encodings=["gzip", "br"])], 30)
    assert (answer["status"], answer["matches"], answer["complete"]) == (None, None, None)
    assert answer["error"]


@pytest.mark.parametrize("data", [b"\x1f\x8b\0", b"", b"\xff" * 70000])
def test_rubbish_in_an_encoding(data: bytes) -> None:
    def reply(sock: socket.socket, _target: str) -> None:
        head = t.cast("t.Any", sock).head
        plain = b"Accept-Encoding: identity" in head
        coding = "" if plain else head.partition(b"Accept-Encoding: ")[2].split(b"\r\n")[0].decode()
        sock.sendall(http_answer(b"hello" if plain else data, content_encoding=coding))

    with RawServer(reply) as server:
        (answer,) = ask_urls([request("/a", server.port, expected=expected(b"hello"), encodings=["gzip", "br", "zstd"])], 30)
    assert answer["matches"] is True
    assert [answer["encoded"][name]["matches"] for name in encodings.known()] == [False] * len(encodings.known())
    assert answer["encoded"]["zstd"]["matches"] is None


def test_an_encoding_that_brings_no_answer() -> None:
    def reply(sock: socket.socket, _target: str) -> None:
        if b"identity" in t.cast("t.Any", sock).head:
            sock.sendall(http_answer(b"hello"))
        else:
            sock.shutdown(socket.SHUT_RDWR)

    with RawServer(reply) as server:
        (answer,) = ask_urls([request("/a", server.port, encodings=["gzip"])], 30)
    assert (answer["status"], answer["encoded"]["gzip"]["status"], bool(answer["encoded"]["gzip"]["error"])) == (200, None, True)


def test_a_socket_that_speaks_no_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_client, "APP_TIMEOUT", 0.3)
    path = str(tmp_path / "uwsgi.sock")
    with RawServer(lambda _sock, _target: None, path=path):
        answers = ask_urls([request(f"/{number}", 0, kind="app", connect={"unix": path}) for number in range(6)], 30)
    assert [answer["error"] for answer in answers] == [NOT_HTTP] * GIVE_UP + [SILENT] * (6 - GIVE_UP)


def test_an_application_s_own_socket(tmp_path: Path) -> None:
    path = str(tmp_path / "app.sock")
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"hello")), path=path) as server:
        (answer,) = ask_urls([request("/a", 0, kind="app", connect={"unix": path})], 30)
        assert server.hosts == ["shop.example.com"]
    assert (answer["status"], answer["server"], answer["connect"]) == (200, "app", {"unix": path})


def test_nobody_there(tmp_path: Path) -> None:
    answers = ask_urls([request("/a", free_port()), request("/b", 0, connect={"unix": str(tmp_path / "gone")})], 30)
    assert [answer["error"] for answer in answers] == ["Connection refused", "No such file or directory"]


@pytest.mark.parametrize(
    "more",
    [
        {"url": None},
        {"url": ""},
        {"url": "ftp://a.example/"},
        {"url": "http://a.example/\n\n"},
        {"host": "a b"},
        {"host": "a\r\nX: y"},
        {"origin": "x\r\ny: z"},
        {"connect": {"address": "127.0.0.1", "port": 99999}},
        {"connect": {"address": "127.0.0.1", "port": "x"}},
        {"connect": {"unix": "/\0"}},
        {"connect": {"unix": "/" + "x" * 500}},
        {"connect": {"address": "a" * 300, "port": 80}},
        {"pace": "fast"},
    ],
)
def test_requests_that_cannot_be_sent(more: dict[str, t.Any]) -> None:
    (answer,) = ask_urls([request("/a", 1, **more)], 30)
    assert answer["status"] is None
    assert answer["error"]


def test_no_time() -> None:
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"x"))) as server:
        assert [answer["error"] for answer in ask_urls([request("/a", server.port)], 0)] == [TOO_LATE]
        assert [page["error"] for page in crawl_pages([{"urls": ["/"], "base": HOST, "connect": at(server.port)}], 0)] == [TOO_LATE]
        assert server.requests == []


def test_one_silent_site_does_not_stop_the_others() -> None:
    answer = http_answer(gzip.compress(b"x"))
    with RawServer(lambda _sock, _target: None) as silent, RawServer(lambda sock, _target: sock.sendall(answer)) as other:
        answers = ask_urls([*[request("/a", silent.port)] * 3, request("/b", other.port)], 1)
    assert [found["status"] for found in answers] == [None, None, None, 200]
    assert all(found["error"] for found in answers[:3])


def test_one_slow_site_leaves_time_for_the_pages_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_client, "SITE_SECONDS", 0.5)
    page = http_answer(b"<img src=a>", content_type="text/html")
    with RawServer(lambda _sock, _target: None) as silent, RawServer(lambda sock, _target: sock.sendall(page)) as other:
        pages = crawl_pages([{"urls": ["/", "/b"], "base": HOST, "connect": at(server.port)} for server in (silent, silent, other)], 4)
    assert [found["status"] for found in pages] == [None, None, None, None, 200, 200]
    assert all(found["error"] for found in pages[:4])


WSGI = """
def application(environ, start_response):
    is_page = environ["PATH_INFO"] == "/"
    body = b"".join(b"<link rel=stylesheet href=/static/%d.css>" % number for number in range(20)) if is_page else b"a{}"
    start_response("200 OK", [("Content-Type", "text/html" if is_page else "text/css"), ("Content-Length", str(len(body)))])
    return [body]
"""
LINGERING = """
from gunicorn import util
close = util.close_graceful
util.close_graceful = lambda sock, *rest: close(sock, 3600)
wsgi_app = "site_of_one:application"
"""
"""Waits for the client to end the connection as long as it takes, and not for the usual two seconds."""


@contextlib.contextmanager
def gunicorn(folder: Path) -> t.Iterator[int]:
    """A Gunicorn with one sync worker, which serves one connection after another."""
    (folder / "site_of_one.py").write_text(WSGI)
    (folder / "gunicorn.conf.py").write_text(LINGERING)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers=1", "--worker-class=sync", "--timeout=3600"]
    quiet = {**os.environ, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(command, cwd=folder, env=quiet, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            yield port
        finally:
            server.send_signal(signal.SIGQUIT)


def test_a_server_with_one_worker_is_left_free_by_each_connection(tmp_path: Path) -> None:
    """Gunicorn's sync worker waits for the client to end the connection, and every one that was kept cost two seconds."""
    with gunicorn(tmp_path) as port:
        answers = ask_urls([request(f"/static/{number}.css", port) for number in range(40)], 60)
        (page,) = crawl_pages([{"site": "shop", "urls": ["/"], "base": HOST, "connect": at(port), "hosts": []}], 60)
    assert [answer["status"] for answer in answers] == [200] * 40
    assert (page["status"], [reference["status"] for reference in page["references"]]) == (200, [200] * 20)


def test_no_requests() -> None:
    assert ask_urls([], 30) == crawl_pages([], 30) == []
