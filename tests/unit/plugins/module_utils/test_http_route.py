# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where connections go: names that resolve slowly, to several addresses, or not at all."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.http_route import Deadline, DeadlineError, Resolver, Route, seconds_until
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin

ORIGIN = Origin("http", "shop.example.com", 80)


def soon(seconds: float = 20) -> float:
    return time.monotonic() + seconds


class Names:
    """Stands in for the C library's resolver: waits, fails, or answers, and counts how often it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.real = socket.getaddrinfo
        self.asked: list[str] = []
        self.addresses: list[tuple[str, int]] = []
        self.go = threading.Event()
        self.go.set()
        monkeypatch.setattr(socket, "getaddrinfo", self.getaddrinfo)

    def getaddrinfo(self, host: str, port: int, **rest: t.Any) -> list[t.Any]:
        if rest.get("flags"):
            return self.real(host, port, **rest)
        self.asked.append(host)
        self.go.wait(20)
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in self.addresses]


@pytest.fixture(name="names")
def names_fixture(monkeypatch: pytest.MonkeyPatch) -> Names:
    return Names(monkeypatch)


@contextlib.contextmanager
def listening(backlog: int = 8) -> t.Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(backlog)
        yield sock


def test_where_it_connects_is_told() -> None:
    assert Route("127.0.0.1").describe(ORIGIN) == "127.0.0.1:80"
    assert Route("::1", 8080).describe(ORIGIN) == "[::1]:8080"
    assert Route(socket_path="/run/x").describe(ORIGIN) == "/run/x"
    assert Route().describe(ORIGIN) == "shop.example.com:80"


def test_an_address_needs_no_resolver(names: Names) -> None:
    assert Resolver().addresses("127.0.0.1", 80, soon()) == [(socket.AF_INET, ("127.0.0.1", 80))]
    assert Resolver().addresses("::1", 80, soon()) == [(socket.AF_INET6, ("::1", 80, 0, 0))]
    assert names.asked == []


def test_a_name_is_resolved_once_for_all_threads(names: Names) -> None:
    names.addresses = [("127.0.0.1", 80)]
    names.go.clear()
    resolver, found = Resolver(), []
    threads = [threading.Thread(target=lambda: found.append(resolver.addresses("a.example", 80, soon()))) for _number in range(4)]
    for thread in threads:
        thread.start()
    names.go.set()
    for thread in threads:
        thread.join()
    assert found == [[(socket.AF_INET, ("127.0.0.1", 80))]] * 4
    assert names.asked == ["a.example"]


def test_a_resolver_that_hangs_is_not_waited_for(names: Names) -> None:
    names.go.clear()
    try:
        with pytest.raises(socket.timeout):
            Route().open(ORIGIN, soon(0.2))
    finally:
        names.go.set()


def test_a_name_that_failed_is_asked_for_again(names: Names) -> None:
    resolver = Resolver()
    with pytest.raises(socket.gaierror):
        resolver.addresses("a.example", 80, soon())
    names.addresses = [("127.0.0.1", 80)]
    assert resolver.addresses("a.example", 80, soon())
    assert len(names.asked) == 2


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".example"])
def test_what_no_resolver_can_be_asked(host: str) -> None:
    """The IDNA codec raised UnicodeError, which was told as an answer that is not HTTP."""
    with pytest.raises(socket.gaierror):
        Route().open(Origin("http", host, 80), soon())


def test_the_next_address_is_tried(names: Names) -> None:
    with listening() as good, socket.socket() as bad:
        bad.bind(("127.0.0.1", 0))
        names.addresses = [bad.getsockname(), good.getsockname()]
        with Route().open(ORIGIN, soon()) as sock:
            assert sock.getpeername() == good.getsockname()


def test_an_address_that_swallows_everything_gets_its_share_of_the_time_only(names: Names) -> None:
    with contextlib.ExitStack() as stack:
        full, good = stack.enter_context(listening(0)), stack.enter_context(listening())
        # One connection fills the queue of the first; the kernel drops what comes then.
        stack.enter_context(socket.socket()).connect(full.getsockname())
        names.addresses = [full.getsockname(), good.getsockname()]
        sock = stack.enter_context(Route().open(ORIGIN, soon(1)))
        assert sock.getpeername() == good.getsockname()


def test_no_address_answers(names: Names) -> None:
    with socket.socket() as bad:
        bad.bind(("127.0.0.1", 0))
        names.addresses = [bad.getsockname()] * 3
        with pytest.raises(ConnectionRefusedError):
            Route().open(ORIGIN, soon())


@pytest.mark.parametrize("path", ["/no/such/socket", "/" + "a" * 200, "/a\0b"])
def test_a_path_that_is_no_socket(path: str) -> None:
    with pytest.raises(OSError):
        Route(socket_path=path).open(ORIGIN, soon())


def test_a_deadline() -> None:
    assert Deadline(60).limit(1000) <= soon(60)
    assert Deadline(60).limit(1) <= soon(1)
    with pytest.raises(DeadlineError):
        Deadline(0).limit(1)
    with pytest.raises(socket.timeout):
        seconds_until(time.monotonic() - 1)


def test_a_small_receive_buffer() -> None:
    """The kernel doubles what it is told, and has a least size of its own (socket(7))."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        route = Route("127.0.0.1", listener.getsockname()[1], receive_buffer=4096)
        with route.open(ORIGIN, soon()) as sock:
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < 16384
