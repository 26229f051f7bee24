# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""process_table: what /proc tells of processes, real and made up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.process_table import Identity, ProcessTable
from ansible_collections.webops.django.tests.unit.support.fake_proc import FakeProc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_our_own_processes() -> None:
    """A real child is found below us, with its words, environment, folder and ids."""
    before = time.time()
    command = [sys.executable, "-c", "print(flush=True); input()", "a b", "\udcff"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"X": "1\n2", "Y": "\udcfe"}, cwd="/") as child:
        assert child.stdout
        child.stdout.readline()
        table = ProcessTable()
        entry = table.entries[child.pid]
        assert entry.words == tuple(command)
        assert entry in table.children(os.getpid()) and entry in table.descendants(os.getppid())
        assert table.entries[os.getpid()] in table.ancestors(child.pid)
        assert before - 0.05 <= entry.started <= time.time()
        assert table.environment(child.pid) == {"X": "1\n2", "Y": "\udcfe"}
        assert table.link(child.pid, "cwd") == "/"
        assert table.identity(child.pid) == Identity(os.geteuid(), os.getegid(), tuple(sorted(os.getgroups())))
        assert table.shares_root(child.pid)
        assert table.inside(child.pid, "/etc") == "/etc"


def test_what_has_ended_meanwhile_is_empty(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(7, "/bin/x", environment={"A": "b"}, cwd="/srv")
    table = proc.table()
    (tmp_path / "7").rename(tmp_path / "gone")
    assert table.environment(7) is None and table.identity(7) is None and table.link(7, "cwd") is None
    assert table.text(7, "status") == "" and table.unit(7) == "" and table.shares_root(7)


def test_odd_processes(tmp_path: Path) -> None:
    """Zombies, half-read files and names with parentheses and spaces."""
    proc = FakeProc(tmp_path).add(1, "/sbin/init", parent=0).add(7, "x", comm="a) S 99 (b c)")
    (tmp_path / "8").mkdir()
    (tmp_path / "8" / "stat").write_text("8 (gone) Z 1 " + "0 " * 20)
    (tmp_path / "9").mkdir()
    (tmp_path / "9" / "stat").write_text("9 (half")
    (tmp_path / "10").mkdir()
    (tmp_path / "10" / "stat").write_text("10 (x) S x " + "0 " * 20)
    table = proc.table()
    assert list(table.entries) == [1, 7]
    assert table.entries[7].comm == "a) S 99 (b c)" and table.entries[7].parent == 1
    assert ProcessTable(str(tmp_path / "nothing")).entries == {}


def test_a_circle_of_parents_ends(tmp_path: Path) -> None:
    """A number that was given anew while we read can make one."""
    table = FakeProc(tmp_path).add(2, "a", parent=3).add(3, "b", parent=2).table()
    assert [entry.pid for entry in table.descendants(2)] == [3]
    assert len(table.ancestors(2)) == 2


def test_another_root_is_a_container(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    proc = FakeProc(tmp_path / "proc").add(7, "x", root=str(tmp_path / "image")).add(8, "x").add(9, "x")
    (tmp_path / "proc" / "9" / "root").unlink()
    (tmp_path / "proc" / "9" / "cgroup").write_text("0::/machine.slice/libpod-4711.scope\n")
    table = proc.table()
    assert [table.shares_root(pid) for pid in (7, 8, 9)] == [False, True, False]
    assert table.inside(7, "/srv") == f"{tmp_path}/proc/7/root/srv"


@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"=x\0A\0B=\xff\0C=1=2\0 D=3\0", b"A=" + b"x" * 5_000_000])
def test_an_environment_that_was_written_over(tmp_path: Path, content: bytes) -> None:
    environment = FakeProc(tmp_path).add(7, "x", environment=content).table().environment(7)
    assert environment is not None and all(name.isidentifier() for name in environment)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_raise(tmp_path_factory: pytest.TempPathFactory, stat: bytes, cmdline: bytes, status: bytes) -> None:
    here = tmp_path_factory.mktemp("proc") / "7"
    here.mkdir()
    for name, content in (("stat", stat), ("cmdline", cmdline), ("status", status), ("environ", cmdline), ("cgroup", status)):
        (here / name).write_bytes(content)
    table = ProcessTable(str(here.parent))
    table.identity(7), table.environment(7), table.unit(7), table.shares_root(7), table.descendants(7)


def test_five_hundred_processes_are_one_reading_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What costs time is opening files: two for each process, however they relate."""
    proc = FakeProc(tmp_path)
    for pid in range(2, 502):
        proc.add(pid, "/usr/bin/x", parent=pid - 1)
    opened: list[str] = []
    module = sys.modules[ProcessTable.__module__]
    real = module._read

    def counting(path: str) -> str:
        opened.append(path)
        return str(real(path))

    monkeypatch.setattr(module, "_read", counting)
    table = proc.table()
    assert len(table.descendants(2)) == 499
    assert len(opened) == 1000
