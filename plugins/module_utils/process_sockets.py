# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which listening sockets a process holds, TCP and unix, in its own network namespace."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import typing as t

from ansible_collections.webops.django.plugins.module_utils.process_table import ProcessTable
from ansible_collections.webops.django.plugins.module_utils.processes import LISTENING

ACCEPTS = 0x10000
"""__SO_ACCEPTCON in include/linux/net.h of Linux: /proc/net/unix marks a listening socket with it."""

Bind = t.Dict[str, t.Any]
"""``{"address", "port"}`` or ``{"unix": path}``."""


class SocketTable:
    """The listening sockets of the network namespaces that were asked about."""

    def __init__(self, table: ProcessTable) -> None:
        self._table = table
        self._known: dict[str, dict[str, Bind]] = {}

    def held_by(self, pids: t.Iterable[int]) -> list[Bind] | None:
        """Return the listening sockets of these processes; None if no one's open files can be seen."""
        found: dict[str, Bind] = {}
        seen = False
        for pid in pids:
            handles = self._handles(pid)
            if handles is None:
                continue
            seen = True
            listening = self._listening(pid) if handles else {}
            found.update({inode: listening[inode] for inode in handles if inode in listening})
        return sorted((_located(bind) for bind in found.values()), key=str) if seen else None

    def _handles(self, pid: int) -> set[str] | None:
        folder = f"{self._table.proc}/{pid}/fd"
        try:
            names = os.listdir(folder)
        except OSError:
            return None
        inodes = set()
        for name in names:
            with contextlib.suppress(OSError):
                match = re.match(r"socket:\[(\d+)\]$", os.readlink(f"{folder}/{name}"))
                if match:
                    inodes.add(match.group(1))
        return inodes

    def _listening(self, pid: int) -> dict[str, Bind]:
        namespace = self._table.link(pid, "ns/net") or ""
        if namespace not in self._known:
            self._known[namespace] = {**dict(self._tcp(pid)), **dict(self._unix(pid))}
        return self._known[namespace]

    def _tcp(self, pid: int) -> t.Iterator[tuple[str, Bind]]:
        for name in ("tcp", "tcp6"):
            for line in self._table.text(pid, f"net/{name}").splitlines()[1:]:
                fields = line.split()
                if len(fields) > 9 and fields[3] == LISTENING:
                    address, _colon, port = fields[1].partition(":")
                    with contextlib.suppress(ValueError, struct.error):
                        yield fields[9], {"address": _address(address), "port": int(port, 16)}

    def _unix(self, pid: int) -> t.Iterator[tuple[str, Bind]]:
        for line in self._table.text(pid, "net/unix").splitlines()[1:]:
            fields = line.split(None, 7)
            with contextlib.suppress(ValueError, IndexError):
                if int(fields[3], 16) & ACCEPTS:
                    yield fields[6], {"unix": fields[7]}


def _located(bind: Bind) -> Bind:
    """A socket that was bound to ``/run//x/../x.sock`` is the one at ``/run/x.sock``; an abstract one's name begins with ``@``."""
    path = bind.get("unix", "")
    return {"unix": os.path.normpath(path)} if path.startswith("/") else bind


def _address(hexadecimal: str) -> str:
    """The kernel prints an address as 32-bit words in the machine's byte order."""
    if len(hexadecimal) not in (8, 32):
        raise ValueError(hexadecimal)
    words = [int(hexadecimal[start : start + 8], 16) for start in range(0, len(hexadecimal), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)
