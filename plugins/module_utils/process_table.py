# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All processes of a host, read once; what more is wanted of one of them is read when it is asked for.

A process may end at any moment, and another user's cannot be read without root: what is not to be had is None or empty, never an exception.
"""

from __future__ import annotations

import os
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.environment_file import NAME
from ansible_collections.webops.django.plugins.module_utils.processes import unit_of

READ_LIMIT = 4 * 1024 * 1024
"""Bytes that are read of one file of /proc; an argument list may be as long as the kernel lets it be."""


class Entry(t.NamedTuple):
    """A process; ``started`` is in seconds since the epoch. ``words`` are its arguments, or the one title that it gave itself."""

    pid: int
    parent: int
    comm: str
    words: tuple[str, ...]
    started: float

    @property
    def title(self) -> str:
        """What ps shows."""
        return " ".join(self.words).strip()


class Identity(t.NamedTuple):
    """Whom the kernel takes a process for when it opens a file."""

    uid: int
    gid: int
    groups: tuple[int, ...]


class ProcessTable:
    """The processes that /proc shows.

    :param proc: where the process file system is.
    """

    def __init__(self, proc: str = "/proc") -> None:
        self.proc = proc
        booted = _booted()
        self.entries = {entry.pid: entry for entry in (_entry(proc, pid, booted) for pid in _pids(proc)) if entry}
        self._children: dict[int, list[Entry]] = {}
        for entry in self.entries.values():
            self._children.setdefault(entry.parent, []).append(entry)

    def children(self, pid: int) -> list[Entry]:
        """Return the processes that this one has started and that still run."""
        return self._children.get(pid, [])

    def descendants(self, pid: int) -> list[Entry]:
        """Return its children and theirs."""
        found: list[Entry] = []
        waiting = list(self.children(pid))
        seen = {pid}
        while waiting:
            entry = waiting.pop(0)
            if entry.pid not in seen:
                seen.add(entry.pid)
                found.append(entry)
                waiting += self.children(entry.pid)
        return found

    def ancestors(self, pid: int) -> list[Entry]:
        """Return its parent, the parent's parent, and so on."""
        found: list[Entry] = []
        entry = self.entries.get(pid)
        while entry and entry.parent in self.entries and len(found) < len(self.entries):
            entry = self.entries[entry.parent]
            found.append(entry)
        return found

    def link(self, pid: int, name: str) -> str | None:
        """Return where a link such as ``cwd`` or ``exe`` leads; None if it cannot be read."""
        try:
            return os.readlink(f"{self.proc}/{pid}/{name}")
        except OSError:
            return None

    def text(self, pid: int, name: str) -> str:
        """Return a file's text, empty if it cannot be read."""
        return _read(f"{self.proc}/{pid}/{name}")

    def environment(self, pid: int) -> dict[str, str] | None:
        """Return the environment that the process was started with; None if it cannot be read.

        A process that writes its title over this memory leaves pieces that are no variables; they are left out.
        """
        try:
            with open(f"{self.proc}/{pid}/environ", "rb") as file:
                content = os.fsdecode(file.read(READ_LIMIT))
        except OSError:
            return None
        pairs = (part.partition("=") for part in content.split("\0"))
        return {name: value for name, equals, value in pairs if equals and NAME.match(name)}

    def identity(self, pid: int) -> Identity | None:
        """Return user and groups as they count for files, the fourth of each that /proc/PID/status names (proc(5))."""
        fields = dict(line.partition(":")[::2] for line in self.text(pid, "status").splitlines())
        try:
            groups = tuple(sorted({int(word) for word in fields.get("Groups", "").split()}))
            return Identity(int(fields["Uid"].split()[3]), int(fields["Gid"].split()[3]), groups)
        except (KeyError, IndexError, ValueError):
            return None

    def unit(self, pid: int) -> str:
        """Return the systemd unit, empty where there is none."""
        return unit_of(self.text(pid, "cgroup"))

    def shares_root(self, pid: int) -> bool:
        """Tell whether the process sees this host's root file system: a container and a chroot have another.

        Where the kernel does not let us look, the control group's name decides.
        """
        try:
            there, here = os.stat(f"{self.proc}/{pid}/root/"), os.stat(f"{self.proc}/self/root/")
        except OSError:
            return not any(word in self.text(pid, "cgroup") for word in _CONTAINERS)
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)

    def inside(self, pid: int, path: str) -> str:
        """Return the path by which we reach what the process knows under this absolute path."""
        return path if self.shares_root(pid) else f"{self.proc}/{pid}/root{path}"


_CONTAINERS = ("docker", "libpod", "containerd", "kubepods", "crio", "lxc", "machine-")


def _pids(proc: str) -> list[int]:
    try:
        return sorted(int(name) for name in os.listdir(proc) if name.isdigit())
    except OSError:
        return []


def _entry(proc: str, pid: int, booted: float) -> Entry | None:
    # The name stands in parentheses and may hold anything, parentheses too.
    before, parenthesis, after = _read(f"{proc}/{pid}/stat").rpartition(")")
    fields = after.split()
    if not parenthesis or len(fields) < 20 or fields[0] in ("Z", "X"):
        return None
    words = _read(f"{proc}/{pid}/cmdline").rstrip("\0").split("\0")
    try:
        return Entry(pid, int(fields[1]), before.partition("(")[2], tuple(words), booted + int(fields[19]) / os.sysconf("SC_CLK_TCK"))
    except ValueError:
        return None


def _booted() -> float:
    """When the machine booted; taken once, so that all processes of a table are measured against the same moment."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read(READ_LIMIT))
    except OSError:
        return ""
