# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two processes find what one would find, also where the second one comes to grief."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import socket
import time
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import served_processes
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_batch import check_files
from ansible_collections.webops.django.plugins.module_utils.served_files import FileResult, Tree
from ansible_collections.webops.django.plugins.module_utils.served_processes import WORTH_IT, Results, packed, shared, unpacked
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer

PATHS = [str(number).encode() for number in range(WORTH_IT + 1)]
BAD = FileResult((Failure("http://x/ä\udcff", "one", "other", "page", "file"), Failure("http://x/", "", "")), silent=True)
GOOD = FileResult((), True, ("gzip", "br"), True, True)


@pytest.fixture(name="clients")
def clients_fixture(monkeypatch: pytest.MonkeyPatch) -> list[Client]:
    """Four clients, which nobody answers, on a machine of two processors."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    return [Client(Route("127.0.0.1", 9), Deadline(60), 10) for _number in range(4)]


def result(path: bytes) -> FileResult | None:
    """Return something else for each file."""
    return {0: GOOD, 1: BAD, 2: None}.get(int(path) % 5, FileResult((Failure(path.decode(), "x", "y"),)))


def test_results_survive_being_packed() -> None:
    results: Results = [GOOD, None, BAD, GOOD, FileResult()]
    assert unpacked(packed(results)) == results


@pytest.mark.parametrize("content", [None, 1, [], [[None]], [[None], [1]], [[[1]], [0]]])
def test_what_is_no_results_is_told(content: t.Any) -> None:
    with pytest.raises(ValueError, match="no results|values to unpack"):
        unpacked(content)


def test_each_process_has_its_clients_and_its_files(clients: list[Client]) -> None:
    seen: list[tuple[int, int]] = []

    def work(some: t.Sequence[Client], paths: t.Sequence[bytes]) -> Results:
        seen.append((len(some), len(paths)))
        return [result(path)._replace(silent=os.getpid() == parent) if result(path) else None for path in paths]  # type: ignore[union-attr]

    parent = os.getpid()
    found = shared(work, clients, PATHS)
    # That of the second process is not seen here.
    assert seen == [(2, len(PATHS[0::2]))]
    assert [one and one.failures for one in found] == [(one := result(path)) and one.failures for path in PATHS]
    assert {one.silent for one in found[0::2] if one} == {True}
    assert {one.silent for one in found[1::2] if one} == {False}


@pytest.mark.parametrize(
    "end",
    [lambda: os._exit(0), lambda: os._exit(3), lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0],
    ids=["silence", "code", "signal", "exception"],
)
def test_the_work_of_a_process_that_dies_is_done_again(clients: list[Client], end: t.Callable[[], object], capfd: pytest.CaptureFixture[str]) -> None:
    parent = os.getpid()

    def work(_some: t.Sequence[Client], paths: t.Sequence[bytes]) -> Results:
        if os.getpid() != parent:
            end()
        return [result(path) for path in paths]

    assert shared(work, clients, PATHS) == [result(path) for path in PATHS]


def test_no_process_outlives_an_exception(clients: list[Client]) -> None:
    children: list[int] = []

    def work(_some: t.Sequence[Client], _paths: t.Sequence[bytes]) -> Results:
        if os.getpid() != parent:
            time.sleep(600)
        raise KeyError

    parent, fork = os.getpid(), os.fork

    def noted() -> int:
        pid = fork()
        children.append(pid)
        return pid

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyError):
        patch.setattr(os, "fork", noted)
        shared(work, clients, PATHS)
    with pytest.raises(ProcessLookupError):
        os.kill(children[0], 0)


@pytest.mark.parametrize(("files", "connections", "processors"), [(WORTH_IT - 1, 4, 2), (WORTH_IT, 1, 2), (WORTH_IT, 4, 1)])
def test_one_process_where_two_are_not_worth_it(
    clients: list[Client], monkeypatch: pytest.MonkeyPatch, files: int, connections: int, processors: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(processors)))
    calls: list[int] = []

    def work(some: t.Sequence[Client], paths: t.Sequence[bytes]) -> Results:
        calls.append(len(some))
        return [GOOD] * len(paths)

    assert shared(work, clients[:connections], PATHS[:files]) == [GOOD] * files
    assert calls == [connections]


# The server of this test has threads in this process, of which Python 3.12 warns; the module has none.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_faults_of_both_halves_are_found_on_a_server(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a connection that is open before, as the module has it."""
    monkeypatch.setattr(served_processes, "WORTH_IT", 10)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    paths = [f"{number}.png".encode() for number in range(100)]
    for path in paths:
        (tmp_path / path.decode()).write_bytes(path)

    def reply(sock: socket.socket, target: str) -> None:
        name = target.rpartition("/")[2]
        sock.sendall(http_answer(b"no" if name in ("40.png", "77.png") else name.encode(), content_type="image/png"))

    tree = Tree(str(tmp_path), parse_url("http://shop.example.com/static/"), frozenset())
    with RawServer(reply) as server, contextlib.ExitStack() as stack:
        until = Deadline(60)
        clients = [stack.enter_context(contextlib.closing(Client(Route("127.0.0.1", server.port), until, 10))) for _number in range(4)]
        clients[0].connect(tree.url.origin)
        found, unchecked = check_files(clients, tree, paths)
        assert unchecked == 0
        assert [number for number, one in enumerate(found) if one.failures] == [40, 77]
        assert {target.rpartition("/")[2] for target in server.requests} == {path.decode() for path in paths}
