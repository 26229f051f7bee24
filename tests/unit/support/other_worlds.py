# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that every user may enter, processes of other users in namespaces of their own, and a digest of all that must not change."""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import subprocess
import tempfile
import typing as t
from pathlib import Path

ANYBODY = {"uid": 23456, "gid": 23457, "groups": [23458], "pid": None}
"""A worker that does not run, as a user without an entry on any host."""


@contextlib.contextmanager
def open_folder() -> t.Iterator[Path]:
    """A new folder of mode 0755; pytest's own ones are closed for other users."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(os.path.realpath(name))


@contextlib.contextmanager
def living(worker: t.Mapping[str, t.Any], script: str = "", wrapper: t.Sequence[str] = ("unshare", "--mount")) -> t.Iterator[dict[str, t.Any]]:
    """Start a process of a worker's user, after a script of root's in its namespaces; yield the worker with its pid."""
    command = [*wrapper, "sh", "-ec", f'{script}\nexec "$@"', "sh", *as_user(worker), "sh", "-c", "echo ready; exec sleep 600"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout
    try:
        assert process.stdout.readline() == b"ready\n"
        yield dict(worker, pid=process.pid)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def as_user(worker: t.Mapping[str, t.Any]) -> list[str]:
    """The words that let a command run as a worker's user."""
    groups = ["--groups", ",".join(map(str, worker["groups"]))] if worker["groups"] else ["--clear-groups"]
    return ["setpriv", "--reuid", str(worker["uid"]), "--regid", str(worker["gid"]), *groups]


def set_acl(path: Path, *named: tuple[str, int, int]) -> None:
    """Give a file an ACL beside its mode.

    :param named: kind (``u`` or ``g``), id and permission bits; the mask allows all.
    """
    mode = path.stat().st_mode
    nobody = 0xFFFFFFFF
    tags = {"u": 2, "g": 8}
    entries = [(1, mode >> 6 & 7, nobody), *sorted((tags[kind], bits, number) for kind, number, bits in named)]
    entries += [(4, mode >> 3 & 7, nobody), (0x10, 7, nobody), (0x20, mode & 7, nobody)]
    # acl(5)'s order of tags is that of their numbers; struct posix_acl_xattr of linux/posix_acl_xattr.h.
    os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in sorted(entries)))


def state_of(root: Path) -> dict[str, tuple[t.Any, ...]]:
    """All that a reader must leave as it is: names, kinds, modes, owners, times but that of access, ACLs and content."""
    state: dict[str, tuple[t.Any, ...]] = {}
    for folder, folders, files in os.walk(root):
        for name in (".", *folders, *files):
            path = os.path.join(folder, name)
            now = os.lstat(path)
            content = hashlib.sha256(Path(path).read_bytes()).hexdigest() if os.path.isfile(path) and not os.path.islink(path) else ""
            attributes = tuple((key, os.getxattr(path, key, follow_symlinks=False)) for key in os.listxattr(path, follow_symlinks=False))
            state[path] = (
                now.st_mode,
                now.st_uid,
                now.st_gid,
                now.st_size,
                now.st_mtime_ns,
                now.st_ctime_ns,
                now.st_ino,
                now.st_nlink,
                content,
                attributes,
            )
    return state
