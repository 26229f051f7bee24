# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""process_sockets: listening sockets by the process that holds them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.webops.django.plugins.module_utils.process_sockets import SocketTable
from ansible_collections.webops.django.plugins.module_utils.process_table import ProcessTable
from ansible_collections.webops.django.tests.unit.support.fake_proc import FakeProc

LISTENER = """
import socket, sys
held = []
for family, address in ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0)), (socket.AF_UNIX, sys.argv[1])):
    one = socket.socket(family); one.bind(address); one.listen(); held.append(one)
quiet = socket.socket(); quiet.bind(("127.0.0.1", 0))
print(held[0].getsockname()[1], held[1].getsockname()[1], flush=True)
input()
"""


def test_real_sockets(tmp_path: Path) -> None:
    """TCP over both versions of IP, and unix; what is bound and does not listen is none."""
    path = f"{tmp_path}//a b.sock"
    with subprocess.Popen([sys.executable, "-c", LISTENER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        four, six = map(int, child.stdout.readline().split())
        held = SocketTable(ProcessTable()).held_by([child.pid])
    assert held is not None and len(held) == 3
    for bind in ({"address": "127.0.0.1", "port": four}, {"address": "::1", "port": six}, {"unix": f"{tmp_path}/a b.sock"}):
        assert bind in held


def test_a_socket_that_two_processes_share_is_one(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(7, "x", sockets=[1, 2]).add(8, "x", parent=7, sockets=[1]).listen(7, (1, "0100007F:1F40"))
    assert SocketTable(proc.table()).held_by([7, 8]) == [{"address": "127.0.0.1", "port": 8000}]


def test_each_network_namespace_has_its_own(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(7, "x", sockets=[1]).add(8, "x", sockets=[1]).listen(7, (1, "/run/a")).listen(8, (1, "/run/b"))
    (tmp_path / "8" / "ns" / "net").unlink()
    (tmp_path / "8" / "ns" / "net").symlink_to("net:[2]")
    assert SocketTable(proc.table()).held_by([7, 8]) in ([{"unix": "/run/a"}], [{"unix": "/run/b"}])
    assert SocketTable(proc.table()).held_by([8]) == [{"unix": "/run/b"}]


def test_what_cannot_be_seen_is_none(tmp_path: Path) -> None:
    """No sockets is an answer; no sight is none."""
    proc = FakeProc(tmp_path).add(7, "x").add(8, "x")
    (tmp_path / "8" / "fd").rmdir()
    table = SocketTable(proc.table())
    assert table.held_by([7]) == []
    assert table.held_by([8]) is None and table.held_by([]) is None and table.held_by([99]) is None


def test_lines_that_are_none(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(7, "x", sockets=[1, 2])
    (tmp_path / "7" / "net" / "tcp").write_text("head\n x\n 0: zz:zz 0 0A 0 0 0 0 0 1 0\n 0: 01:0050 0 0A 0 0 0 0 0 1 0\n")
    (tmp_path / "7" / "net" / "unix").write_text("head\nx y\n0: 2 0 00010000 1 1 2\n0: 2 0 zz 1 1 2 /x\n")
    assert SocketTable(proc.table()).held_by([7]) == []
