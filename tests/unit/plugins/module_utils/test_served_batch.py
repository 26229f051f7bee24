# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many files over several connections, also from servers that mean no good."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import pathlib
import socket
import ssl
import subprocess
import threading
import tracemalloc
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_codec
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_batch import GIVE_UP, check_files
from ansible_collections.webops.django.plugins.module_utils.served_files import FileResult, Tree
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, Reply, http_answer

PATHS = [f"{number}.png".encode() for number in range(200)]
Results = t.Tuple[t.List[FileResult], int]


def in_time(work: t.Callable[[], Results]) -> Results:
    """Do it in a thread, so that what hangs fails its test, and not the whole run."""
    done: list[Results] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    thread.join(60)
    assert done, "it hangs, or has raised"
    return done[0]


def check(
    folder: pathlib.Path,
    server: RawServer,
    paths: t.Sequence[bytes] = PATHS,
    deadline: float = 60,
    timeout: float = 10,
    scheme: str = "http",
    tls: ssl.SSLContext | None = None,
    contents: t.Callable[[bytes], bytes] = lambda path: path,
) -> Results:
    for path in paths:
        (folder / path.decode()).write_bytes(contents(path))
    tree = Tree(str(folder), parse_url(f"{scheme}://shop.example.com/static/"), frozenset())
    until = Deadline(deadline)
    with server, contextlib.ExitStack() as stack:
        route = Route("127.0.0.1", server.port)
        clients = [stack.enter_context(contextlib.closing(Client(route, until, timeout, tls))) for _number in range(4)]
        return in_time(lambda: check_files(clients, tree, paths))


def right(results: t.Sequence[FileResult]) -> list[bool]:
    return [not result.failures for result in results]


def test_every_file_is_asked_for_and_results_keep_their_order(tmp_path: pathlib.Path) -> None:
    def reply(sock: socket.socket, target: str) -> None:
        name = target.rpartition("/")[2]
        sock.sendall(http_answer(name.encode() if name != "77.png" else b"no", content_type="image/png"))

    server = RawServer(reply)
    results, unchecked = check(tmp_path, server)
    assert [number for number, one in enumerate(right(results)) if not one] == [77]
    assert (len(results), unchecked) == (200, 0)
    assert results[77].failures[0].got == "other bytes from byte 0 on"
    # One for each client; the wrong file is asked for again, on a new one if others were on the way behind it.
    assert server.connections in (4, 5)


def test_a_server_that_is_silent_is_given_up(tmp_path: pathlib.Path) -> None:
    results, unchecked = check(tmp_path, RawServer(lambda sock, _target: sock.shutdown(socket.SHUT_RDWR)))
    assert not any(right(results))
    assert len(results) < GIVE_UP + 4
    assert unchecked == 200 - len(results)


def test_the_deadline_ends_it(tmp_path: pathlib.Path) -> None:
    results, unchecked = check(tmp_path, RawServer(lambda _sock, _target: None), deadline=0.5)
    assert len(results) <= 4
    assert unchecked >= 196


def test_the_deadline_ends_it_within_a_pipeline(tmp_path: pathlib.Path) -> None:
    numbers = itertools.count()

    def reply(sock: socket.socket, target: str) -> None:
        if next(numbers) < 100:
            sock.sendall(http_answer(target.rpartition("/")[2].encode(), content_type="image/png"))

    results, unchecked = check(tmp_path, RawServer(reply), deadline=1, timeout=60)
    assert 20 <= right(results).count(True) <= 50
    assert unchecked > 140


# What hostile servers are asked for: style sheets, and so for gzip and brotli too, and of a known content.
SHEETS = [f"{number}.css".encode() for number in range(24)]
BODY = b"a { margin: 0 }\n" * 100
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/css\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
ZERO = bytes(64 << 20)
GZIP_BOMB = http_answer(gzip.compress(ZERO), content_encoding="gzip", vary="Accept-Encoding")
BROTLI_BOMB = http_answer(b"".join(brotli_codec.compressed([ZERO], 1)), content_encoding="br", vary="Accept-Encoding")


def says(data: bytes, close: bool = False) -> Reply:
    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(data)
        if close:
            sock.shutdown(socket.SHUT_RDWR)

    return reply


def goes_on(data: bytes, drop: bytes, pause: float = 0) -> Reply:
    """Send something, and then something else until the client has gone."""

    def reply(sock: socket.socket, _target: str) -> None:
        sock.sendall(data)
        waiting = threading.Event()
        while True:
            sock.sendall(drop)
            waiting.wait(pause)

    return reply


def is_right_but_for(word: bytes, bad: Reply) -> Reply:
    """Answer rightly, unless the request holds a word."""

    def reply(sock: socket.socket, target: str) -> None:
        head = t.cast("t.Any", sock).head
        if word in head:
            bad(sock, target)
        elif b"Range" in head:
            sock.sendall(http_answer(BODY[:2], status="206 Part", content_range=f"bytes 0-1/{len(BODY)}"))
        else:
            sock.sendall(http_answer(BODY, etag='"x"') if b"If-None" not in head else b"HTTP/1.1 304 Not Modified\r\n\r\n")

    return reply


HOSTILE = {
    "an endless body": (goes_on(OK + b"\r\n" + BODY, b"x" * 65536), "more than its 1600 bytes"),
    "an endless body of known length": (goes_on(OK + b"Content-Length: 999999999999999\r\n\r\n" + BODY, bytes(65536)), "more than its 1600 bytes"),
    "an endless error page": (goes_on(b"HTTP/1.1 500 No\r\n\r\n", b"x" * 65536), "500 (answered by a server that does not name itself)"),
    "a gzip bomb": (is_right_but_for(b"Encoding: gzip", says(GZIP_BOMB)), "other bytes from byte 0 on"),
    "a brotli bomb": (is_right_but_for(b"Encoding: br", says(BROTLI_BOMB)), "other bytes from byte 0 on"),
    "a gzip bomb of nothing": (
        is_right_but_for(b"Encoding: gzip", goes_on(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 3000)),
        "no complete answer in time",
    ),
    "an endless part": (
        is_right_but_for(b"Range", goes_on(b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-1/1600\r\n\r\na", b"a" * 65536)),
        "more than two bytes",
    ),
    "an endless body of 304": (
        is_right_but_for(b"If-None", goes_on(b"HTTP/1.1 304 N\r\n\r\nx", b"a" * 65536)),
        "more bytes than its headers announce",
    ),
    "silence": (lambda _sock, _target: None, "no complete answer in time"),
    "slow bytes": (goes_on(OK + b"Content-Length: 1600\r\n\r\n", BODY[:1], 0.02), "no complete answer in time|other bytes from byte 1 on"),
    "slow headers": (goes_on(OK + b"X: ", b"x", 0.02), "no complete answer in time"),
    "endless headers": (goes_on(OK, b"X: y\r\n" * 1000), "the answer is not HTTP: more than 64 KiB of headers"),
    "an endless header": (goes_on(OK + b"X: ", b"y" * 6000), "the answer is not HTTP: more than 64 KiB of headers"),
    "a flood of 1xx": (goes_on(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100), "the answer is not HTTP: more than 10 answers of the kind 1xx"),
    "a body that is too short": (says(http_answer(BODY[:-1], content_length="1600"), close=True), "the body ended after 1599 of 1600 bytes"),
    "a body that is too long": (says(http_answer(BODY + b"x", content_length="1600")), "more bytes than its headers announce"),
    "two lengths": (says(OK + b"Content-Length: 1600\r\nContent-Length: 1601\r\n\r\n" + BODY), "it has several Content-Lengths that differ"),
    "a negative length": (says(http_answer(BODY, content_length="-1")), "its Content-Length is no number of bytes"),
    "a length and chunks": (says(http_answer(BODY, transfer_encoding="chunked")), "it has both a Content-Length and a Transfer-Encoding"),
    "a chunk of negative length": (goes_on(CHUNKED + b"-1\r\n", b"x" * 65536), "a chunk has no length"),
    "an endless chunk": (goes_on(CHUNKED + b"f" * 16 + b"\r\n" + BODY, b"x" * 65536), "more than its 1600 bytes"),
    "an endless extension of a chunk": (goes_on(CHUNKED + b"5;", b"x" * 65536), "a chunk has no length"),
    "endless trailers": (goes_on(CHUNKED + b"640\r\n" + BODY + b"\r\n0\r\n", b"X: y\r\n" * 1000), "headers follow its last chunk"),
    "empty chunk extensions for ever": (goes_on(CHUNKED + b"640\r\n" + BODY + b"\r\n", b"1;x=y\r\nx\r\n" * 1000), "more than its 1600 bytes"),
    "a redirect to another host": (says(http_answer(b"", status="302 Found", location="http://192.0.2.1/")), "302 to http://192.0.2.1/"),
    "a redirect to a file": (says(http_answer(BODY, status="302 Found", location="file:///etc/passwd")), "302 to file:///etc/passwd"),
    "a split answer": (says(OK + b"X: a\nContent-Length: 1600\r\n\r\n" + BODY), "the answer is not HTTP: a header line is none"),
    "an ETag that steers a terminal": (says(http_answer(BODY, etag='"\x1b[2J"')), "the answer is not HTTP: a header line is none"),
    "two answers to each request": (says(http_answer(BODY) * 2), "more bytes than its headers announce"),
    "HTTP/0.9": (says(BODY, close=True), "the answer is not HTTP: it does not begin with HTTP/1"),
    "HTTP/2": (says(b"\0\0\x12\4\0\0\0\0\0\0\3\0\0\0\x80"), "the answer is not HTTP: it does not begin with HTTP/1"),
    "a TLS alert": (says(b"\x15\3\1\0\2\2\x28", close=True), "the answer is not HTTP: it does not begin with HTTP/1"),
    "another encoding than was asked for": (says(http_answer(BODY, content_encoding="zstd")), "Content-Encoding zstd, which was not asked for"),
    "an unknown status": (says(http_answer(BODY, status="999 Denied")), "999 text/css (answered by a server that does not name itself)"),
}


class HostileServer(RawServer):
    """Is sound for so many requests."""

    def __init__(self, reply: Reply, sound: int) -> None:
        super().__init__(self._reply)
        self._bad = reply
        self._sound = is_right_but_for(b"never", reply)
        self._left = sound

    def _reply(self, sock: socket.socket, target: str) -> None:
        self._left -= 1
        (self._sound if self._left >= 0 else self._bad)(sock, target)


@pytest.mark.parametrize("sound", [0, 40], ids=["from the start", "within a pipeline"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server(tmp_path: pathlib.Path, name: str, sound: int) -> None:
    """It ends, in time and in bounded memory, and says what was wrong in words of ours."""
    reply, words = HOSTILE[name]
    server = HostileServer(reply, sound)
    tracemalloc.start()
    try:
        results, unchecked = check(tmp_path, server, SHEETS, deadline=4, timeout=0.3, contents=lambda _path: BODY)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    bad = [failure.got for result in results for failure in result.failures]
    assert bad
    assert unchecked < len(SHEETS) - 4 or "in time" in words
    # A request in the middle of a file meets another fault than the first one, and what follows a broken answer is silence.
    others = ["no complete answer in time", "the connection was closed without an answer"]
    others += ["200 text/css (answered by a server that does not name itself)"] if sound else []
    for got in bad:
        assert got.endswith((*words.split("|"), *others))
    assert any(got.endswith(word) for got in bad for word in words.split("|"))
    assert peak < 24 << 20
    # What fits into the kernel's buffers is sent, whether it is read or not.
    assert server.sent < (server.connections + 1) * (8 << 20)


@pytest.fixture(name="certificates", scope="module")
def certificates_fixture(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the path of a certificate, its key beside it, for each of its faults."""
    folder = tmp_path_factory.mktemp("tls")
    made = {}
    for fault, name, days in (("self-signed", "shop", "2"), ("expired", "shop", "-1"), ("another name", "other", "2")):
        path = folder / f"{fault}.pem"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=a"]
        command += ["-addext", f"subjectAltName=DNS:{name}.example.com", "-keyout", f"{path}.key", "-out", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        if days == "-1":
            command = [
                "openssl",
                "x509",
                "-in",
                str(path),
                "-signkey",
                f"{path}.key",
                "-days",
                days,
                "-copy_extensions",
                "copyall",
                "-out",
                str(path),
            ]
            subprocess.run(command, check=True, capture_output=True)
        made[fault] = str(path)
    return made


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("self-signed", "its certificate is not accepted (self-signed certificate)"),
        ("expired", "its certificate is not accepted (certificate has expired)"),
        ("another name", "its certificate is not accepted (Hostname mismatch, certificate is not valid for 'shop.example.com'.)"),
        ("plain", "no TLS connection (WRONG_VERSION_NUMBER)"),
    ],
)
def test_a_bad_certificate(tmp_path: pathlib.Path, certificates: dict[str, str], fault: str, words: str) -> None:
    trusted = ssl.create_default_context(cafile=None if fault in ("self-signed", "plain") else certificates[fault])
    settings = None
    if fault != "plain":
        settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        settings.load_cert_chain(certificates[fault], f"{certificates[fault]}.key")
    server = RawServer(says(http_answer(BODY)), tls=settings, greeting=b"" if settings else b"220 mail.example.com\r\n")
    results, _unchecked = check(tmp_path, server, timeout=2, scheme="https", tls=trusted)
    assert {failure.got for result in results for failure in result.failures} == {words}
    assert len(results) < GIVE_UP + 4
    assert server.requests == []
