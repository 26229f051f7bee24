# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process that sees what another process sees and may do what that one may: the kernel answers, not mode bits.

The child takes over the root folder and mount namespace, then the user, groups and capabilities. It answers over a pipe and is gone. Nothing is
written and nothing is executed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import select
import signal
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils import worker_syscalls

SECONDS = 60.0
"""How long a child may take: a file system behind a dead network keeps whoever asks."""
FILE_CAPABILITIES = 1 << 1 | 1 << 2
"""CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: those that open files."""


class ViewError(Exception):
    """What the worker sees or may do cannot be taken over; the message says why."""


def close(descriptors: t.Iterable[int]) -> None:
    """Close those that are open; -1 stands for none."""
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a process lives. The descriptors are of this process, -1 where its own are the same.

    :param own_root: its root folder is another than ours: a container or a chroot.
    """

    root: int
    mounts: int
    users: int
    own_root: bool

    def enter(self) -> None:
        """Take over the root folder and the mount namespace.

        :raises OSError: the root folder cannot be taken over.
        """
        if self.mounts >= 0:
            # Not permitted in many containers. The root folder alone shows the other namespace's mounts too.
            with contextlib.suppress(OSError):
                worker_syscalls.enter_namespace(self.mounts)
        os.fchdir(self.root)
        os.chroot(".")
        os.chdir("/")

    def close(self) -> None:
        """Close the descriptors."""
        close((self.root, self.mounts, self.users))


@dataclasses.dataclass(frozen=True)
class Identity:
    """Whom the kernel takes a process for.

    :param capabilities: the effective ones, a bit each.
    """

    uid: int
    gid: int
    groups: tuple[int, ...]
    capabilities: int

    def take(self, users: int = -1) -> None:
        """Become this user, for good.

        :param users: the user namespace in which the capabilities hold, -1: this one.
        :raises ViewError: not all of it could be taken over.
        :raises OSError: the kernel refuses.
        """
        worker_syscalls.keep_capabilities()
        if set(os.getgroups()) - {self.gid} != set(self.groups) - {self.gid}:
            os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)
        if users >= 0 and self.capabilities:
            worker_syscalls.set_capabilities(worker_syscalls.capabilities()[1])
            worker_syscalls.enter_namespace(users)
        permitted = worker_syscalls.capabilities()[1]
        if self.capabilities & ~permitted & FILE_CAPABILITIES:
            raise ViewError("the worker may open files by capabilities that this process lacks; run the task with become: true")
        wanted = self.capabilities & permitted
        worker_syscalls.set_capabilities(wanted)
        worker_syscalls.die_with_parent()
        self._verify(wanted, users)

    def _verify(self, wanted: int, users: int) -> None:
        """Root that is not dropped would open everything: a wrong answer is worse than none."""
        in_namespace = users >= 0 and self.capabilities
        ids = (os.getresuid(), os.getresgid()) if not in_namespace else ((self.uid,) * 3, (self.gid,) * 3)
        groups = set(os.getgroups()) - {self.gid} == set(self.groups) - {self.gid} or in_namespace
        if ids != ((self.uid,) * 3, (self.gid,) * 3) or not groups or worker_syscalls.capabilities() != (wanted, wanted):
            raise ViewError("the worker's user, groups or capabilities could not be taken over")


class Answers(t.NamedTuple):
    """What a child told; ``trouble`` says why it could not tell all, or is empty."""

    told: list[t.Any]
    trouble: str


def ask(work: t.Callable[[], t.Iterable[t.Any]], place: Place | None, identity: Identity | None, seconds: float = SECONDS) -> Answers:
    """Let a child answer from another place or as somebody else.

    :param work: runs in the child; what it yields must be made of what JSON knows.
    :param place: None: where this process lives.
    :param identity: None: as whom this process runs.
    """
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        close((reader, writer))
        return Answers([], f"no process could be started: {error.strerror}")
    if child == 0:
        _be_the_child(writer, work, place, identity)
    os.close(writer)
    try:
        text = _read(reader, time.monotonic() + seconds)
    finally:
        os.close(reader)
        ended = _end(child)
    lines = [json.loads(line) for line in text.split(b"\n")[:-1]]
    if lines and "end" in lines[-1]:
        return Answers([line["is"] for line in lines[:-1]], lines[-1]["end"])
    return Answers([line["is"] for line in lines], f"no answer within {seconds:.0f} s" if not ended else "the process that asked was ended")


def _be_the_child(writer: int, work: t.Callable[[], t.Iterable[t.Any]], place: Place | None, identity: Identity | None) -> t.NoReturn:
    """Answer and leave, without the exit handlers and open files of the process that was forked."""
    lines = _Lines(writer)
    try:
        try:
            if place:
                place.enter()
            if identity:
                identity.take(place.users if place else -1)
            for answer in work():
                lines.add({"is": answer})
            trouble = ""
        except (ViewError, OSError) as error:
            trouble = str(error)
        except BaseException as error:  # noqa: BLE001 - nothing may run on in a copy of the module
            trouble = f"{type(error).__name__}: {error}"
        lines.add({"end": trouble})
        lines.flush()
    finally:
        os._exit(0)


class _Lines:
    """Answers on their way, some at a time, but none held back while the kernel takes its time over the next."""

    def __init__(self, writer: int) -> None:
        self._writer = writer
        self._waiting: list[str] = []
        self._sent = float("-inf")

    def add(self, line: t.Any) -> None:
        self._waiting.append(json.dumps(line))
        if len(self._waiting) >= 200 or time.monotonic() - self._sent > 0.02:
            self.flush()

    def flush(self) -> None:
        rest = "".join(f"{line}\n" for line in self._waiting).encode()
        self._waiting = []
        while rest:
            rest = rest[os.write(self._writer, rest) :]
        self._sent = time.monotonic()


def _read(reader: int, until: float) -> bytes:
    pieces = []
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    while time.monotonic() < until:
        if poll.poll(max(0.0, until - time.monotonic()) * 1000):
            piece = os.read(reader, 1 << 20)
            if not piece:
                break
            pieces.append(piece)
    return b"".join(pieces)


def _end(child: int) -> bool:
    """Wait for the child; one that does not answer is ended, as far as the kernel can.

    :returns: whether it had ended by itself.
    """
    for attempt in range(200):
        # The pipe closes a moment before the process is gone.
        if os.waitpid(child, os.WNOHANG)[0]:
            return attempt < 100
        if attempt == 100:
            os.kill(child, signal.SIGKILL)
        if attempt > 10:
            time.sleep(0.001 if attempt < 100 else 0.01)
    return False
