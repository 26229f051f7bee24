# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder that looks like /proc, with processes as real servers have shown them."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.webops.django.plugins.module_utils.process_table import ProcessTable

TCP = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
UNIX = "Num       RefCount Protocol Flags    Type St Inode Path\n"


class FakeProc:
    """Processes by their number; what was not given cannot be read, as another user's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "self" / "ns").mkdir(parents=True)
        os.symlink("/", folder / "self" / "root")
        os.symlink("mnt:[1]", folder / "self" / "ns" / "mnt")

    def add(
        self,
        pid: int,
        *words: str,
        parent: int = 1,
        started: int = 1000,
        comm: str = "",
        cwd: str = "",
        exe: str = "",
        environment: t.Mapping[str, str] | bytes | None = None,
        ids: tuple[int, int] = (33, 33),
        unit: str = "",
        root: str = "/",
        sockets: t.Sequence[int] = (),
        maps: t.Sequence[str] = (),
    ) -> FakeProc:
        """Add a process; ``started`` in clock ticks since the machine booted."""
        here = self.folder / str(pid)
        (here / "net").mkdir(parents=True)
        (here / "ns").mkdir()
        (here / "fd").mkdir()
        name = comm or os.path.basename(words[0] if words else "kthread")[:15]
        (here / "stat").write_text(f"{pid} ({name}) S {parent} {' '.join('0' * 17)} {started} 0 0\n")
        (here / "cmdline").write_bytes(b"".join(os.fsencode(word) + b"\0" for word in words))
        uid, gid = ids
        (here / "status").write_text(
            f"Name:\t{name}\nUmask:\t0027\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t{gid}\t{gid}\t{gid}\nGroups:\t{gid} 4 \n"
        )
        (here / "cgroup").write_text(f"0::/system.slice/{unit}\n" if unit else "0::/\n")
        (here / "maps").write_text("".join(f"7f00-7f01 r-xp 00000000 08:01 4711      {path}\n" for path in maps))
        os.symlink(root, here / "root")
        os.symlink("mnt:[1]", here / "ns" / "mnt")
        os.symlink("net:[1]", here / "ns" / "net")
        for link, target in (("cwd", cwd), ("exe", exe)):
            if target:
                os.symlink(target, here / link)
        for number, inode in enumerate(sockets):
            os.symlink(f"socket:[{inode}]", here / "fd" / str(number))
        if environment is not None:
            content = (
                environment if isinstance(environment, bytes) else b"".join(os.fsencode(f"{key}={value}\0") for key, value in environment.items())
            )
            (here / "environ").write_bytes(content)
        return self

    def listen(self, pid: int, *binds: tuple[int, str]) -> FakeProc:
        """Give a process's network namespace listening sockets: inode, and ``7F000001:1F40`` as the kernel prints it, or a path."""
        tcp = [f"   0: {name} 00000000:0000 0A 0:0 00:0 0 0 0 {inode} 1 0 100 0 0 10 0\n" for inode, name in binds if not name.startswith("/")]
        unix = [f"0000: 00000002 00000000 00010000 0001 01 {inode} {name}\n" for inode, name in binds if name.startswith("/")]
        (self.folder / str(pid) / "net" / "tcp").write_text(TCP + "".join(tcp))
        (self.folder / str(pid) / "net" / "unix").write_text(UNIX + "".join(unix))
        return self

    def table(self) -> ProcessTable:
        """Read it."""
        return ProcessTable(str(self.folder))
