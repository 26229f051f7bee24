# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP client against servers that behave, and against those that do not."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, DeadlineError, Route, TransportError
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, Reply, http_answer

ORIGIN = Origin("http", "shop.example.com", 80)


Make = t.Callable[..., Client]


@pytest.fixture(name="client_for")
def client_for_fixture() -> t.Iterator[Make]:
    with contextlib.ExitStack() as stack:

        def make(place: RawServer | Route, timeout: float = 20, deadline: float = 60, tls: ssl.SSLContext | None = None) -> Client:
            route = place if isinstance(place, Route) else Route("127.0.0.1", place.port)
            return stack.enter_context(contextlib.closing(Client(route, Deadline(deadline), timeout, tls)))

        yield make


def body(client: Client, target: str = "/", origin: Origin = ORIGIN) -> bytes:
    return b"".join(client.get(origin, target).chunks())


def sends(data: bytes, close: bool = True) -> Reply:
    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(data)
        if close:
            sock.shutdown(socket.SHUT_RDWR)

    return reply


def test_keeps_its_connection_and_sends_the_sites_name(client_for: Make) -> None:
    with RawServer(sends(http_answer(b"hello"), close=False)) as server:
        client = client_for(server)
        assert [body(client, f"/{number}") for number in range(5)] == [b"hello"] * 5
        assert server.connections == 1
        assert set(server.hosts) == {"shop.example.com"}
        client.close()


@pytest.mark.parametrize("headers", [{}, {"connection": "close"}, {"content_length": ""}])
def test_connects_anew_when_the_server_closes(client_for: Make, headers: dict[str, str]) -> None:
    with RawServer(sends(http_answer(b"hello", **headers))) as server:
        client = client_for(server)
        assert [body(client) for _number in range(3)] == [b"hello"] * 3
        assert server.connections == 3


def test_leaves_a_body_that_nobody_read(client_for: Make) -> None:
    with RawServer(sends(http_answer(b"x" * 3_000_000), close=False)) as server:
        client = client_for(server)
        assert [client.get(ORIGIN, "/").status for _number in range(3)] == [200] * 3
        assert server.connections == 3


def test_a_unix_socket(client_for: Make, tmp_path: pathlib.Path) -> None:
    with RawServer(sends(http_answer(b"hello")), path=str(tmp_path / "s")):
        assert body(client_for(Route(socket_path=str(tmp_path / "s")), 20)) == b"hello"


def test_headers_are_joined(client_for: Make) -> None:
    with RawServer(
        sends(b"HTTP/1.1 200 OK\r\nCache-Control: a\r\ncache-control: b\r\nContent-Type: Text/CSS; charset=utf-8\r\nContent-Length: 0\r\n\r\n")
    ) as server:
        answer = client_for(server).get(ORIGIN, "/")
        assert (answer.header("Cache-Control"), answer.content_type, answer.header("ETag")) == ("a, b", "text/css", "")


def test_a_proxy_in_the_environment_is_not_used(client_for: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with RawServer(sends(http_answer(b"hello"))) as server:
        assert body(client_for(server)) == b"hello"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "closed without an answer", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP", id="another protocol"),
        pytest.param(http_answer(b"short", content_length="1000"), "ended after 5 of 1000 bytes", id="a short body"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n", "body ended", id="no last chunk"),
    ],
)
def test_a_bad_answer_is_explained(client_for: Make, data: bytes, why: str) -> None:
    with RawServer(sends(data)) as server, pytest.raises(TransportError, match=why):
        body(client_for(server))


def test_further_headers_and_methods(client_for: Make) -> None:
    with RawServer(sends(http_answer(b"", content_length="5"), close=False)) as server:
        client = client_for(server)
        answer = client.get(ORIGIN, "/a", "gzip", {"Range": "bytes=0-0"}, "HEAD")
        assert (list(answer.chunks()), answer.finished) == ([], True)
        client.get(ORIGIN, "/b", method="HEAD")
        assert server.connections == 1
        assert server.heads[0].split(b"\r\n") == [
            b"HEAD /a HTTP/1.1",
            b"Host: shop.example.com",
            b"User-Agent: webops.django",
            b"Accept: */*",
            b"Accept-Encoding: gzip",
            b"Range: bytes=0-0",
        ]


@pytest.mark.parametrize(
    ("target", "headers"), [("/a b", {}), ("/a\r\nX: y", {}), ("", {}), ("/ä", {}), ("/", {"If-None-Match": "a\nb"}), ("/", {"If-None-Match": "€"})]
)
def test_what_no_request_may_hold_is_not_sent(client_for: Make, target: str, headers: dict[str, str]) -> None:
    with RawServer(sends(http_answer(b""))) as server:
        with pytest.raises(TransportError, match="characters that no request may hold"):
            client_for(server).get(ORIGIN, target, headers=headers)
        assert server.requests == []


def test_what_follows_an_answer_is_not_taken_for_the_next(client_for: Make) -> None:
    """Two answers to one request: the second belongs to nobody, and least of all to the next request."""
    numbers = iter(range(100))

    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(http_answer(str(next(numbers)).encode()) + http_answer(b"split"))

    with RawServer(reply) as server:
        client = client_for(server)
        assert [body(client) for _number in range(3)] == [b"0", b"1", b"2"]
        assert server.connections == 3


def test_an_answer_before_the_request_is_not_taken_for_one(client_for: Make) -> None:
    def reply(sock: socket.socket, target: str) -> None:
        sock.sendall(http_answer(target.encode()))
        # What a server says when it has waited too long for a request, such as HAProxy's 408.
        if target == "/1":
            told.wait(20)
            sock.sendall(http_answer(b"slow", status="408 Request Timeout"))
            sent.set()

    told, sent = threading.Event(), threading.Event()
    with RawServer(reply) as server:
        client = client_for(server)
        assert body(client, "/1") == b"/1"
        told.set()
        assert sent.wait(20)
        assert body(client, "/2") == b"/2"


def test_a_connection_that_was_reset_while_it_was_idle(client_for: Make) -> None:
    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(http_answer(b"hello"))
        read.wait(20)
        # Without lingering, closing sends RST instead of FIN.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        closed.set()

    read, closed = threading.Event(), threading.Event()
    with RawServer(reply) as server:
        client = client_for(server)
        assert body(client) == b"hello"
        read.set()
        assert closed.wait(20)
        assert body(client) == b"hello"
        assert server.connections == 2


def drips(head: bytes, drop: bytes) -> t.Callable[[RawServer], Reply]:
    def make(server: RawServer) -> Reply:
        def reply(sock: socket.socket, _target: str) -> None:
            sock.sendall(head)
            while not server.stopping.wait(0.02):
                sock.sendall(drop)

        return reply

    return make


@pytest.mark.parametrize(
    ("head", "drop"),
    [
        pytest.param(b"", b"", id="silence"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: ", b"x", id="slow headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"x", id="slow body"),
        pytest.param(http_answer(b"x", content_length="1000000"), b"x", id="slow body of known length"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536, id="endless body"),
        pytest.param(CHUNKED, b"1\r\nx\r\n", id="endless chunks"),
        pytest.param(CHUNKED + b"f" * 16 + b"\r\n", b"x" * 65536, id="an endless chunk"),
        pytest.param(CHUNKED + b"0\r\n", b"X", id="slow trailers"),
    ],
)
def test_a_slow_server_is_not_waited_for(client_for: Make, head: bytes, drop: bytes) -> None:
    server = RawServer(lambda _sock, _target: None)
    server.reply = drips(head, drop)(server)
    with server, pytest.raises(TransportError, match="in time"):
        body(client_for(server, timeout=0.4))


def test_a_server_that_never_reads_nor_accepts_is_not_waited_for(client_for: Make) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        client = client_for(Route("127.0.0.1", full.getsockname()[1]), 0.3)
        with pytest.raises(TransportError, match="in time"):
            body(client)


def test_the_deadline_cuts_a_request_and_forbids_the_next(client_for: Make) -> None:
    server = RawServer(lambda _sock, _target: None)
    server.reply = drips(b"HTTP/1.1 200 OK\r\n\r\n", b"x")(server)
    with server:
        client = client_for(server, timeout=1000, deadline=0.4)
        with pytest.raises(TransportError, match="in time"):
            body(client)
        with pytest.raises(DeadlineError):
            client.get(ORIGIN, "/")
        with pytest.raises(DeadlineError):
            client.look_at_clock()


def test_nobody_listens(client_for: Make) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        client = client_for(Route("127.0.0.1", held.getsockname()[1]), 20)
        with pytest.raises(TransportError, match="refused"):
            client.connect(ORIGIN)
        with pytest.raises(TransportError, match="refused"):
            client.get(ORIGIN, "/")


def test_a_socket_that_is_not_there(client_for: Make, tmp_path: pathlib.Path) -> None:
    with pytest.raises(TransportError, match="No such file"):
        client_for(Route(socket_path=str(tmp_path / "gone")), 20).connect(ORIGIN)


@pytest.fixture(name="certificate", scope="module")
def certificate_fixture(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=shop.example.com"]
        + ["-addext", "subjectAltName=DNS:shop.example.com", "-keyout", str(path), "-out", str(path) + ".crt"],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + pathlib.Path(str(path) + ".crt").read_text())
    return str(path)


@pytest.fixture(name="secure")
def secure_fixture(certificate: str) -> t.Iterator[RawServer]:
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(certificate)
    with RawServer(sends(http_answer(b"hello")), tls=settings) as server:
        yield server


def https(client: Client, host: str = "shop.example.com") -> bytes:
    return body(client, origin=Origin("https", host, 443))


def test_tls_with_a_trusted_certificate(client_for: Make, secure: RawServer, certificate: str) -> None:
    tls = ssl.create_default_context(cafile=certificate)
    assert https(client_for(secure, tls=tls)) == b"hello"
    with pytest.raises(TransportError, match="certificate is not accepted"):
        https(client_for(secure, tls=tls), "other.example.com")


def test_tls_with_an_unknown_certificate(client_for: Make, secure: RawServer) -> None:
    with pytest.raises(TransportError, match="certificate is not accepted"):
        https(client_for(secure, tls=ssl.create_default_context()))


def test_a_certificate_that_has_expired(client_for: Make, certificate: str, tmp_path: pathlib.Path) -> None:
    expired = tmp_path / "expired.pem"
    command = ["openssl", "x509", "-in", certificate, "-signkey", certificate, "-days", "-1", "-out", str(expired), "-clrext"]
    subprocess.run(command, check=True, capture_output=True)
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(expired, certificate)
    tls = ssl.create_default_context(cafile=str(expired))
    tls.check_hostname = False
    with RawServer(sends(http_answer(b"hello")), tls=settings) as server:
        with pytest.raises(TransportError, match=r"certificate is not accepted \(certificate has expired\)"):
            https(client_for(server, tls=tls))


@pytest.mark.parametrize("greeting", [b"", b"220 mail.example.com\r\n", b"\x15\3\3\0\2\2\x28", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_tls_to_a_server_without_it(client_for: Make, greeting: bytes) -> None:
    with RawServer(sends(http_answer(b"hello")), greeting=greeting) as server:
        tls = ssl.create_default_context()
        client = client_for(Route("127.0.0.1", server.port), 1, tls=tls)
        with pytest.raises(TransportError, match="no TLS connection" if greeting else "in time"):
            client.connect(Origin("https", "shop.example.com", 443))


@pytest.mark.parametrize("host", [".shop.example.com", "a" * 64 + ".example.com"])
def test_a_name_that_tls_cannot_send(client_for: Make, secure: RawServer, host: str) -> None:
    with pytest.raises(TransportError, match="host name cannot be sent|does not resolve"):
        https(client_for(secure, tls=ssl.create_default_context()), host)
