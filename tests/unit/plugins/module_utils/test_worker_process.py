# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A child that is somebody else, somewhere else: what it is, and that nothing it does reaches its parent."""

from __future__ import annotations

import os
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import worker_process, worker_syscalls
from ansible_collections.webops.django.plugins.module_utils.worker_process import Answers, Identity, ViewError, ask
from ansible_collections.webops.django.tests.unit.support.other_worlds import open_folder

WHO = Identity(23456, 23457, (23458, 23459), 0)
CAP_DAC_OVERRIDE, CAP_NET_BIND_SERVICE = 1 << 1, 1 << 10


def self_portrait() -> t.Iterator[dict[str, t.Any]]:
    """What the kernel tells of the process that asks."""
    with open("/proc/self/status", encoding="utf-8") as file:
        fields = dict(line.rstrip("\n").split(":\t", 1) for line in file)
    yield {name: fields[name].split() for name in ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapAmb")}


def open_descriptors() -> set[str]:
    """What this process has open."""
    return set(os.listdir("/proc/self/fd"))


def test_it_is_the_worker_and_has_nothing_of_root() -> None:
    (portrait,), trouble = ask(self_portrait, None, WHO)
    assert trouble == ""
    assert portrait["Uid"] == ["23456"] * 4
    assert portrait["Gid"] == ["23457"] * 4
    assert portrait["Groups"] == ["23458", "23459"]
    assert {portrait[name][0] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}


def test_a_worker_without_groups_keeps_none_of_ours() -> None:
    before = os.getgroups()
    os.setgroups([0, 7])
    try:
        (portrait,), _trouble = ask(self_portrait, None, Identity(23456, 23457, (), 0))
    finally:
        os.setgroups(before)
    assert portrait["Groups"] == []


@pytest.mark.parametrize("uid", [0, 23456])
@pytest.mark.parametrize("capabilities", [0, CAP_NET_BIND_SERVICE, CAP_DAC_OVERRIDE | CAP_NET_BIND_SERVICE])
def test_it_has_the_worker_s_capabilities_and_no_others(uid: int, capabilities: int) -> None:
    (portrait,), trouble = ask(self_portrait, None, Identity(uid, uid, (), capabilities))
    assert trouble == ""
    assert [int(portrait[name][0], 16) for name in ("CapPrm", "CapEff", "CapAmb", "CapInh")] == [capabilities, capabilities, 0, 0]


def test_root_without_capabilities_may_not_read_all() -> None:
    """What CapabilityBoundingSet= of a unit makes of a worker that runs as root."""
    with open_folder() as folder:
        (folder / "a").touch()
        (folder / "a").chmod(0o600)
        os.chown(folder / "a", 4711, 4711)

        def read() -> t.Iterator[bool]:
            os.close(os.open(folder / "a", os.O_RDONLY))
            yield True

        assert ask(read, None, Identity(0, 0, (), worker_syscalls.capabilities()[1])) == Answers([True], "")
        assert "Permission denied" in ask(read, None, Identity(0, 0, (), 0)).trouble


def test_capabilities_that_open_files_and_that_we_lack_are_an_answer_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_process, "FILE_CAPABILITIES", 1 << 60)
    assert "by capabilities that this process lacks" in ask(self_portrait, None, Identity(23456, 23456, (), 1 << 60)).trouble


@pytest.mark.parametrize("forgotten", ["setgroups", "setresgid", "setresuid"])
def test_root_that_was_not_dropped_is_noticed(monkeypatch: pytest.MonkeyPatch, forgotten: str) -> None:
    monkeypatch.setattr(os, forgotten, lambda *_ids: None)
    answers = ask(self_portrait, None, WHO)
    assert answers == Answers([], "the worker's user, groups or capabilities could not be taken over")


def test_capabilities_that_were_not_dropped_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_syscalls, "set_capabilities", lambda _wanted: None)
    assert "could not be taken over" in ask(self_portrait, None, WHO).trouble


def test_the_parent_stays_who_and_where_it_is() -> None:
    before = (os.getresuid(), os.getresgid(), os.getgroups(), os.getcwd(), worker_syscalls.capabilities(), open_descriptors())
    ask(self_portrait, None, WHO)
    assert (os.getresuid(), os.getresgid(), os.getgroups(), os.getcwd(), worker_syscalls.capabilities(), open_descriptors()) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize(
    "error", [ViewError("why"), OSError(5, "why"), ValueError("why"), KeyboardInterrupt("why"), SystemExit("why"), RecursionError("why")]
)
def test_whatever_is_raised_in_the_child_is_told_and_stays_there(error: BaseException) -> None:
    def tell_and_raise() -> t.Iterator[int]:
        yield 1
        raise error

    told, trouble = ask(tell_and_raise, None, None)
    assert told == [1]
    assert "why" in trouble


def test_a_child_that_is_ended_is_told() -> None:
    def end() -> t.Iterator[int]:
        yield 1
        os.kill(os.getpid(), 9)
        yield 2

    assert ask(end, None, None) == Answers([1], "the process that asked was ended")


def test_a_child_that_does_not_answer_is_ended() -> None:
    """A file system behind a dead network holds who asks it."""

    def wait() -> t.Iterator[int]:
        yield 1
        reader, _writer = os.pipe()
        os.read(reader, 1)

    assert ask(wait, None, None, seconds=0.2) == Answers([1], "no answer within 0 s")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_long_answers_and_odd_bytes_come_whole() -> None:
    odd = os.fsdecode(b"/srv/\xff\xfe\n\x01\xe2\x82\xac")
    assert ask(lambda: [[odd] * 20, "x" * 300_000, *range(5000)], None, None) == Answers([[odd] * 20, "x" * 300_000, *range(5000)], "")


def test_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    before = open_descriptors()
    monkeypatch.setattr(os, "fork", refuse)
    assert ask(self_portrait, None, None) == Answers([], "no process could be started: Resource temporarily unavailable")
    assert open_descriptors() == before
