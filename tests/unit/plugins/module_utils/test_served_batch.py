# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many files over several connections."""

from __future__ import annotations

import contextlib
import pathlib
import socket

from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, Route
from ansible_collections.webops.django.plugins.module_utils.served_batch import GIVE_UP, check_files
from ansible_collections.webops.django.plugins.module_utils.served_files import Tree
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, Reply, http_answer

PATHS = [f"{number}.png".encode() for number in range(200)]


def checked(folder: pathlib.Path, reply: Reply, deadline: float = 60, timeout: float = 10) -> tuple[list[bool], int, int]:
    """Return for each file whether it is right, how many there was no time for, and how many connections there were."""
    for path in PATHS:
        (folder / path.decode()).write_bytes(path)
    tree = Tree(str(folder), parse_url("http://shop.example.com/static/"), frozenset())
    with RawServer(reply) as server, contextlib.ExitStack() as stack:
        until = Deadline(deadline)
        clients = [stack.enter_context(contextlib.closing(Client(Route("127.0.0.1", server.port), until, timeout))) for _number in range(4)]
        results, unchecked = check_files(clients, tree, PATHS)
        return [not result.failures for result in results], unchecked, server.connections


def test_every_file_is_asked_for_once_and_results_keep_their_order(tmp_path: pathlib.Path) -> None:
    def reply(sock: socket.socket, target: str) -> None:
        name = target.rpartition("/")[2]
        sock.sendall(http_answer(name.encode() if name != "77.png" else b"no", content_type="image/png"))

    right, unchecked, connections = checked(tmp_path, reply)
    assert [number for number, one in enumerate(right) if not one] == [77]
    assert (len(right), unchecked) == (200, 0)
    # The body that differs is not read to its end, which costs a connection.
    assert connections <= 5


def test_a_server_that_is_silent_is_given_up(tmp_path: pathlib.Path) -> None:
    right, unchecked, _connections = checked(tmp_path, lambda sock, _target: sock.shutdown(socket.SHUT_RDWR))
    assert not any(right)
    assert len(right) < GIVE_UP + 4
    assert unchecked == 200 - len(right)


def test_the_deadline_ends_it(tmp_path: pathlib.Path) -> None:
    right, unchecked, _connections = checked(tmp_path, lambda _sock, _target: None, deadline=0.5)
    assert len(right) <= 4
    assert unchecked >= 196
