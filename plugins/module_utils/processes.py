# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What /proc tells: who listens on a port, and since when nginx's workers run."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import socket
import struct
import time
import typing as t

LISTENING = "0A"
"""TCP_LISTEN in include/net/tcp_states.h of Linux."""

EVERYWHERE = ("0.0.0.0", "::")
"""A socket bound to one of these takes connections to every address."""


class Socket(t.NamedTuple):
    """A listening TCP socket."""

    address: str
    port: int
    inode: str


class Listener(t.NamedTuple):
    """A listening socket and the process that holds it; pid is None where /proc does not show it."""

    port: int
    address: str
    pid: int | None
    command: str
    user: str
    unit: str


class Process(t.NamedTuple):
    """A process; ``started`` is in seconds since the epoch."""

    pid: int
    parent: int
    title: str
    started: float


def listeners(ports: t.Container[int], proc: str = "/proc") -> list[Listener]:
    """Tell who listens on these TCP ports, in this network namespace."""
    sockets = [item for item in _sockets(proc) if item.port in ports]
    owners = _owners({item.inode for item in sockets}, proc) if sockets else {}
    return [_listener(item, owners.get(item.inode), proc) for item in sorted(sockets, key=lambda item: (item.port, item.address))]


def has_ipv6(proc: str = "/proc") -> bool:
    """Tell whether an interface of this network namespace has an IPv6 address."""
    return bool(_text(f"{proc}/net/if_inet6").strip())


def _sockets(proc: str) -> t.Iterator[Socket]:
    for table in ("tcp", "tcp6"):
        for line in _text(f"{proc}/net/{table}").splitlines()[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == LISTENING:
                address, port = fields[1].split(":")
                yield Socket(_address(address), int(port, 16), fields[9])


def _address(hexadecimal: str) -> str:
    """The kernel prints an address as 32-bit words in the machine's byte order."""
    words = [int(hexadecimal[start : start + 8], 16) for start in range(0, len(hexadecimal), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)


def _owners(inodes: set[str], proc: str) -> dict[str, int]:
    """Of the processes that share a socket, the oldest: nginx's master before its workers."""
    held: dict[str, list[int]] = {}
    for pid in _pids(proc):
        with contextlib.suppress(OSError):
            for handle in os.listdir(f"{proc}/{pid}/fd"):
                with contextlib.suppress(OSError):
                    match = re.match(r"socket:\[(\d+)\]$", os.readlink(f"{proc}/{pid}/fd/{handle}"))
                    if match and match.group(1) in inodes:
                        held.setdefault(match.group(1), []).append(pid)
    return {inode: min(pids, key=lambda pid: _ticks(pid, proc)) for inode, pids in held.items()}


def _listener(item: Socket, pid: int | None, proc: str) -> Listener:
    if pid is None:
        return Listener(item.port, item.address, None, "", "", "")
    return Listener(item.port, item.address, pid, _text(f"{proc}/{pid}/comm").strip(), _user(pid, proc), unit_of(_text(f"{proc}/{pid}/cgroup")))


def _user(pid: int, proc: str) -> str:
    try:
        number = os.stat(f"{proc}/{pid}").st_uid
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
    except OSError:
        return ""


def unit_of(cgroup: str) -> str:
    """Return the systemd unit that /proc/<pid>/cgroup names, of cgroup v2 or v1; empty where there is none."""
    for line in cgroup.splitlines():
        number, controllers, path = (line.split(":", 2) + ["", ""])[:3]
        if controllers == "name=systemd" or number == "0":
            units = re.findall(r"/([^/]+\.(?:service|socket|scope))(?=/|$)", path)
            if units:
                return str(units[-1])
    return ""


def nginx_master(pid_file: str, proc: str = "/proc") -> Process | None:
    """Return nginx's master process (or its only one), or None where the pid file names no nginx that runs."""
    text = _text(pid_file).strip()
    process = _process(int(text), proc) if text.isdigit() else None
    return process if process and process.title.startswith("nginx:") else None


def nginx_workers(master: Process, proc: str = "/proc") -> list[Process]:
    """Return the workers that take requests; the master itself where ``master_process`` is off.

    Workers of an earlier configuration that only finish their requests call themselves "worker process is shutting down".
    """
    children = [process for process in (_process(pid, proc) for pid in _pids(proc)) if process and process.parent == master.pid]
    return [child for child in children if child.title.startswith("nginx: worker process") and "shutting down" not in child.title] or [master]


def _process(pid: int, proc: str) -> Process | None:
    fields = _stat(pid, proc)
    if not fields:
        return None
    title = _text(f"{proc}/{pid}/cmdline").replace("\0", " ").strip()
    return Process(pid, int(fields[1]), title, _booted() + int(fields[19]) / os.sysconf("SC_CLK_TCK"))


def _booted() -> float:
    """When the machine booted. The time that it slept counts, as it does in a process's start time (proc(5), starttime)."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _ticks(pid: int, proc: str) -> int:
    fields = _stat(pid, proc)
    return int(fields[19]) if fields else 0


def _stat(pid: int, proc: str) -> list[str]:
    """Return the fields of /proc/<pid>/stat from the third on: the second, a name in parentheses, may hold anything."""
    return _text(f"{proc}/{pid}/stat").rpartition(")")[2].split()


def _pids(proc: str) -> list[int]:
    return sorted(int(name) for name in os.listdir(proc) if name.isdigit())


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
