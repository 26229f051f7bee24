# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several requests on the way at a time: to servers that bear it, and to those that do not, which must cost no file its good name."""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import socket
import struct
import time
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_batch import check_files
from ansible_collections.webops.django.plugins.module_utils.served_batch_pipeline import HIGH, MAX_SENT, SKIPPED
from ansible_collections.webops.django.plugins.module_utils.served_files import Expectations, FileResult, Questions, Tree, check_file
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, Reply, http_answer
from ansible_collections.webops.django.tests.unit.support.static_site import StaticSite

PATHS = [f"{number}.png".encode() for number in range(300)]
EXPECT = Expectations(ranges=False)


@pytest.fixture(name="tree")
def tree_fixture(tmp_path: pathlib.Path) -> Tree:
    for path in PATHS:
        (tmp_path / path.decode()).write_bytes(path)
    return Tree(str(tmp_path), parse_url("http://shop.example.com/static/"), frozenset())


def check(tree: Tree, server: RawServer, paths: t.Sequence[bytes] = PATHS, timeout: float = 1, clients: int = 4) -> list[FileResult]:
    with contextlib.ExitStack() as stack:
        until = Deadline(60)
        made = [stack.enter_context(contextlib.closing(Client(Route("127.0.0.1", server.port), until, timeout))) for _number in range(clients)]
        results, unchecked = check_files(made, tree, paths, EXPECT)
        assert unchecked == 0
        return results


def wrong(results: t.Sequence[FileResult]) -> dict[int, str]:
    return {number: result.failures[0].got for number, result in enumerate(results) if result.failures}


def answer_for(target: str, **headers: str) -> bytes:
    return http_answer(target.rpartition("/")[2].encode(), content_type="image/png", **headers)


def behind(sock: socket.socket) -> bytes:
    """What the client has sent already behind the request that is answered."""
    return t.cast("bytes", t.cast("t.Any", sock).behind)


def test_many_requests_are_on_the_way(tree: Tree) -> None:
    most = [0]

    def reply(sock: socket.socket, target: str) -> None:
        most[0] = max(most[0], behind(sock).count(b"GET "))
        sock.sendall(answer_for(target))

    with RawServer(reply) as server:
        assert wrong(check(tree, server, clients=1)) == {}
        assert (server.connections, len(server.requests)) == (1, 300)
    assert 16 <= most[0] < HIGH


def test_a_wrong_file_is_told_once_and_its_neighbours_not(tree: Tree) -> None:
    def reply(sock: socket.socket, target: str) -> None:
        sock.sendall(http_answer(b"no", content_type="image/png") if target.endswith("7.png") else answer_for(target))

    with RawServer(reply) as server:
        results = wrong(check(tree, server))
    assert sorted(results) == list(range(7, 300, 10))


def closes_after(count: int, how: str) -> Reply:
    """Close each connection after so many answers: telling so, silently, or with a reset that may take answers with it."""
    answered: dict[int, int] = {}

    def reply(sock: socket.socket, target: str) -> None:
        descriptor = sock.fileno()
        number = answered.pop(descriptor, 0) + 1
        last = number == count
        if not last:
            answered[descriptor] = number
        # The test may end, and the server close its sockets, while the last answer is on its way: nothing may rest on them after it.
        sock.sendall(answer_for(target, connection="close" if last and how == "told" else ""))
        if last:
            if how == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.close()
            else:
                sock.shutdown(socket.SHUT_WR)

    return reply


def only_if_pipelined(bad: t.Callable[[socket.socket, str], None]) -> Reply:
    """Do something bad, where the client has sent more than one request."""

    def reply(sock: socket.socket, target: str) -> None:
        if behind(sock):
            bad(sock, target)
        else:
            sock.sendall(answer_for(target))

    return reply


def and_the_end(sock: socket.socket, data: bytes) -> None:
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)


def in_pairs() -> Reply:
    """Answer pipelined requests in the wrong order."""
    held: dict[int, bytes] = {}

    def reply(sock: socket.socket, target: str) -> None:
        before = held.pop(sock.fileno(), b"")
        if before or not behind(sock):
            sock.sendall(answer_for(target) + before)
        else:
            held[sock.fileno()] = answer_for(target)

    return reply


UNBEARING = {
    "closes after each answer, told": closes_after(1, "told"),
    "closes after three answers, told": closes_after(3, "told"),
    "closes after forty answers, told": closes_after(40, "told"),
    "closes after three answers, silently": closes_after(3, "silent"),
    "closes after forty answers, silently": closes_after(40, "silent"),
    "resets after forty answers": closes_after(40, "reset"),
    "wrong order": in_pairs(),
    "each answer twice": only_if_pipelined(lambda sock, target: sock.sendall(answer_for(target) * 2)),
    "another file's answer": only_if_pipelined(lambda sock, target: sock.sendall(answer_for("/static/0.png"))),
    "an error": only_if_pipelined(lambda sock, target: sock.sendall(http_answer(b"one by one", status="400 Bad Request"))),
    "an error and the end": only_if_pipelined(lambda sock, _target: and_the_end(sock, b"HTTP/1.0 400 No\r\n\r\n")),
    "rubbish": only_if_pipelined(lambda sock, target: sock.sendall(answer_for(target) + b"rubbish")),
    "half an answer and the end": only_if_pipelined(lambda sock, target: and_the_end(sock, answer_for(target)[:-1])),
    "nothing": only_if_pipelined(lambda _sock, _target: None),
    "an endless answer": only_if_pipelined(lambda sock, target: sock.sendall(http_answer(b"", content_length=str(1 << 40)) + bytes(SKIPPED * 2))),
}


@pytest.mark.parametrize("name", UNBEARING)
def test_a_server_that_does_not_bear_it_costs_no_file_its_good_name(tree: Tree, name: str) -> None:
    with RawServer(UNBEARING[name]) as server:
        assert wrong(check(tree, server)) == {}


def test_a_limit_to_the_requests_on_a_connection_is_no_fault(tree: Tree) -> None:
    """As nginx has one, in keepalive_requests: pipelining goes on, and what was not answered is sent again, and nothing else."""
    with RawServer(closes_after(40, "told")) as server:
        assert wrong(check(tree, server, clients=1)) == {}
        assert server.connections == 8
        # What came behind the last answer of a connection may have been read by the server too.
        assert len(server.requests) < 300 + 8 * HIGH


@pytest.mark.parametrize("count", [2, 3, 4, 5, 40, 41])
def test_what_the_last_answer_of_a_connection_leads_to_is_asked_too(tree: Tree, count: int) -> None:
    """A file whose conditional request waited when the server closed was lost, and counted as one for which there was no time."""
    reply = closes_after(count, "told")

    def with_tag(sock: socket.socket, target: str) -> None:
        asked_again = b"If-None-Match" in t.cast("t.Any", sock).head
        tagged = TaggingSocket(sock, asked_again)
        reply(t.cast("socket.socket", tagged), target)

    for files in range(max(count // 2 - 3, 1), count // 2 + 4):
        with RawServer(with_tag) as server:
            results = check(tree, server, PATHS[:files], clients=1)
            assert wrong(results) == {}
            assert all(result.conditional for result in results)


class TaggingSocket:
    """Gives each answer an ETag, and the answer 304 to whoever sends one."""

    def __init__(self, sock: socket.socket, asked_again: bool) -> None:
        self._sock = sock
        self._asked_again = asked_again

    def sendall(self, data: bytes) -> None:
        head, end, body = data.partition(b"\r\n\r\n")
        head = head.replace(b"200 OK", b"304 Not Modified") if self._asked_again else head + b'\r\nETag: "x"'
        self._sock.sendall(head + end + (b"" if self._asked_again else body))

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._sock, name)


def test_a_server_that_is_found_not_to_bear_it_is_asked_one_by_one(tree: Tree) -> None:
    met: set[int] = set()

    def bad(sock: socket.socket, _target: str) -> None:
        met.add(server.connections)
        sock.shutdown(socket.SHUT_RDWR)

    with RawServer(only_if_pipelined(bad)) as server:
        assert wrong(check(tree, server, clients=1)) == {}
    assert len(met) == 1


def test_all_that_fails_is_told_however_much_it_is(tree: Tree) -> None:
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"<center>nginx", status="404 Not Found"))) as server:
        assert set(wrong(check(tree, server)).values()) == {"404 text/css (answered by nginx)"}
        # What looked wrong among many is asked for again on a new connection, one for all of them.
        assert 4 <= server.connections <= 4 + 2 * len(PATHS) / HIGH


def test_an_answer_too_many_that_comes_late_is_not_taken_for_the_next_file(tree: Tree) -> None:
    """What follows the last answer may come after the client has looked whether the connection is quiet."""
    asked = itertools.count(1)

    def reply(sock: socket.socket, target: str) -> None:
        number = next(asked)
        sock.sendall(answer_for(target if number != 3 else "/static/0.png"))
        if number == 4:
            # Longer than the client takes from the last answer to its next request.
            time.sleep(0.2)
            sock.sendall(answer_for("/static/299.png"))

    with RawServer(reply) as server:
        assert wrong(check(tree, server, PATHS[:4], clients=1)) == {}
        assert server.connections == 2


def test_a_wrong_body_that_is_too_long_to_be_read_ends_the_connection_and_not_the_pipelining(tree: Tree) -> None:
    def reply(sock: socket.socket, target: str) -> None:
        sock.sendall(answer_for(target) if target != "/static/150.png" else http_answer(bytes(SKIPPED * 3), content_type="image/png"))

    with RawServer(reply) as server:
        results = wrong(check(tree, server, clients=1))
        assert results == {150: "other bytes from byte 0 on"}
        # One for all, one after the pipelined answer that was left, one after the one that was asked for alone.
        assert server.connections == 3


def test_long_names_do_not_fill_the_buffers(tree: Tree, tmp_path: pathlib.Path) -> None:
    """A server that sends answers and is not read takes no requests; whoever goes on sending waits for ever."""
    folder = "/".join(["ü" * 100] * 12)
    (tmp_path / folder).mkdir(parents=True)
    names = [f"{folder}/{number}.png".encode() for number in range(100)]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(bytes(60000))
    sizes: list[int] = []

    def reply(sock: socket.socket, _target: str) -> None:
        sizes.append(len(behind(sock)))
        sock.sendall(http_answer(bytes(60000), content_type="image/png"))

    with RawServer(reply) as server:
        assert wrong(check(tree, server, names)) == {}
    assert max(sizes) < MAX_SENT + 8192


def test_files_are_closed(tree: Tree, tmp_path: pathlib.Path) -> None:
    for path in PATHS[:100]:
        (tmp_path / path.decode()).write_bytes(bytes(100_000))
    numbers = itertools.count()

    def reply(sock: socket.socket, _target: str) -> None:
        # Only among several: a server that breaks off an answer to a single request has failed.
        if next(numbers) > 50 and behind(sock):
            sock.shutdown(socket.SHUT_RDWR)
        else:
            sock.sendall(http_answer(bytes(100_000), content_type="image/png"))

    with RawServer(reply) as server:
        before = len([name for name in os.listdir("/proc/self/fd") if _leads_to(name, str(tmp_path))])
        assert wrong(check(tree, server, PATHS[:100])) == {}
        assert len([name for name in os.listdir("/proc/self/fd") if _leads_to(name, str(tmp_path))]) == before == 0


def _leads_to(descriptor: str, folder: str) -> bool:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/self/fd/{descriptor}").startswith(folder)
    return False


def test_nginx_gives_the_same_results_as_one_by_one(tmp_path: pathlib.Path) -> None:
    """Right and wrong files, plain, precompressed, stale and large, over connections that nginx closes after 100 requests."""
    site = StaticSite(tmp_path)
    site.nginx.config.write_text(site.nginx.config.read_text().replace("access_log off;", "access_log off; keepalive_requests 100; gzip_vary on;"))
    for number in range(200):
        site.write(f"n/{number}.css", b"a { margin: %d }\n" % number * (number + 1))
        site.write(f"n/{number}.png", os.urandom(number * 50))
    site.write("n/large.css", os.urandom(300_000))
    site.compress("n/5.css")
    site.compress("n/6.css", b"stale")
    (site.static / "n/gone.css").symlink_to("nowhere")
    (site.static / "n/loop.css").symlink_to("loop.css")
    site.write("n/wrong.txt", b"text")
    site.serve("gzip_static on;")
    site.nginx.types.write_text(site.nginx.types.read_text().replace("text/plain", "text/wrong").replace("text/css", "image/png png; text/css"))
    tree = Tree(str(site.static), parse_url("http://shop.example.com/static/"), frozenset())
    paths = sorted(
        os.path.relpath(os.path.join(folder, name), site.static).encode() for folder, _dirs, names in os.walk(site.static) for name in names
    )
    paths = [path for path in paths if not path.endswith(b".gz")]
    expect = Expectations()
    with site.nginx, contextlib.ExitStack() as stack:
        until, route = Deadline(60), Route("127.0.0.1", site.nginx.port)
        clients = [stack.enter_context(contextlib.closing(Client(route, until, 10))) for _number in range(4)]
        results, unchecked = check_files(clients, tree, paths, expect)
        questions = Questions(tree, expect)
        assert results == [check_file(clients[0], questions, path) for path in paths]
    assert unchecked == 0
    names = {paths[number].decode(): got for number, got in wrong(results).items()}
    assert names.pop("n/loop.css").endswith("; it is a link on disk that leads in a circle")
    assert names == {
        "n/6.css": "other bytes from byte 0 on",
        "n/gone.css": "404 text/html (answered by nginx)",
        "n/wrong.txt": "text/wrong",
    }
    good = [result for result in results if not result.failures]
    assert all(result.by_nginx and result.conditional for result in good)
    assert all(result.range for result, path in zip(results, paths) if not result.failures and (site.static / os.fsdecode(path)).stat().st_size)
    assert sum(result.encoded for result in good) > 190
