# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked in the worker's place, as the worker: may this path be opened, may a file be made in this folder?

These functions run in a child that is the worker already. They change nothing: what is not a plain file is not opened, for opening a pipe wakes
its writer, and opening a device may start it.
"""

from __future__ import annotations

import errno
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils import worker_syscalls

MAX_LINKS = 40
"""MAXSYMLINKS of Linux: how many links a path may lead through."""
READ_ONLY = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC

Refusal = t.Tuple[t.Optional[str], t.Optional[str]]


def error_name(error: OSError | ValueError) -> str:
    """Return an error's symbol, such as EACCES. A ValueError is a path with a zero byte."""
    number = error.errno if isinstance(error, OSError) else errno.EINVAL
    return errno.errorcode.get(number or 0, "EIO")


def openings(paths: t.Iterable[str]) -> t.Iterator[dict[str, t.Any]]:
    """Tell for each path whether it can be opened, as the part of a PATH record that is about a worker."""
    for path in paths:
        yield opening(path)


def opening(path: str) -> dict[str, t.Any]:
    """Tell whether a path can be opened: a file to be read, a folder to be walked through, a socket to be connected to.

    :returns: ``opens``, ``error``, ``refused_at`` (the first component that refuses, or is not there) and ``refused_what``: ``search``, ``read``,
        ``write`` (of a socket), ``follow`` (a link that the kernel does not follow for this user), or None where nothing is there.
    """
    try:
        raw = os.fsencode(path)
        _open(raw)
    except (OSError, ValueError) as error:
        at, what = first_refusal(raw, _open, _what_opening_needs) if isinstance(error, OSError) else (None, None)
        return {"opens": False, "error": error_name(error), "refused_at": at, "refused_what": what}
    return {"opens": True, "error": "", "refused_at": None, "refused_what": None}


def _open(path: bytes) -> None:
    mode = os.stat(path).st_mode
    if stat.S_ISREG(mode):
        os.close(os.open(path, READ_ONLY))
    elif stat.S_ISDIR(mode):
        # To look up a name in a folder, even this one, needs its search permission.
        os.stat(os.path.join(path, b"."))
    else:
        worker_syscalls.check_access(path, os.W_OK if stat.S_ISSOCK(mode) else os.R_OK)


def first_refusal(path: bytes, attempt: t.Callable[[bytes], None], needs: t.Callable[[bytes], str]) -> Refusal:
    """Walk a path from the root, as the kernel does, up to what refuses.

    :param attempt: what was refused for the whole path; it is tried again where the walk gets to the end.
    :param needs: names the permission that the attempt needs at the end.
    """
    at, followed = b"/", []
    rest = _parts(path)
    links = 0
    while rest:
        name = rest.pop()
        step = os.path.join(at, name)
        try:
            mode = os.lstat(step).st_mode
            target = os.readlink(step) if stat.S_ISLNK(mode) else b""
        except OSError as error:
            return (_shown(at), "search") if error.errno == errno.EACCES else (_shown(step), None)
        if target:
            links += 1
            if links > MAX_LINKS:
                return _shown(step), None
            if not rest:
                followed.append(step)
            at = b"/" if target.startswith(b"/") else at
            rest.extend(_parts(target))
        elif name == b"..":
            at = os.path.dirname(at)
        elif name != b".":
            at = step
            if rest and not stat.S_ISDIR(mode):
                return _shown(at), None
    return _refusal_at_end(at, followed, attempt, needs)


def _refusal_at_end(at: bytes, followed: list[bytes], attempt: t.Callable[[bytes], None], needs: t.Callable[[bytes], str]) -> Refusal:
    try:
        attempt(at)
    except OSError as error:
        return _shown(at), needs(at) if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else None
    # The end opens, but not through its links: fs.protected_symlinks (proc(5)), or a mount with nosymfollow.
    for link in reversed(followed):
        try:
            os.stat(link)
        except OSError:
            return _shown(link), "follow"
    return None, None


def _what_opening_needs(path: bytes) -> str:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return "read"
    return "search" if stat.S_ISDIR(mode) else "write" if stat.S_ISSOCK(mode) else "read"


def _parts(path: bytes) -> list[bytes]:
    """Return the components, the first one last. A slash at the end asks for a folder, as a dot does."""
    parts = [part for part in path.split(b"/") if part]
    if path.endswith(b"/"):
        parts.append(b".")
    return parts[::-1]


def _shown(path: bytes) -> str:
    return os.fsdecode(path)


def writings(folders: t.Iterable[tuple[str, t.Sequence[str]]]) -> t.Iterator[dict[str, t.Any]]:
    """Tell for each folder whether a file could be made in it, and in each of the folders below it.

    :param folders: pairs of a folder and the folders below it.
    """
    for folder, below in folders:
        yield next((answer for answer in map(writing, (folder, *below)) if not answer["writes"]), _answer(True, "", None, None))


def writing(folder: str) -> dict[str, t.Any]:
    """Tell whether a file could be made in a folder, without making one.

    :returns: ``writes``, ``error``, ``refused_at`` and ``refused_what`` (``search``, ``write`` or None). A full file system is ``ENOSPC``.
    """
    try:
        raw = os.fsencode(folder)
        _write(raw)
        return _answer(not _is_full(raw), "ENOSPC" if _is_full(raw) else "", None, None)
    except (OSError, ValueError) as error:
        at, what = first_refusal(raw, _write, lambda _end: "write") if isinstance(error, OSError) else (None, None)
        return _answer(False, error_name(error), at, what)


def _answer(writes: bool, error: str, at: str | None, what: str | None) -> dict[str, t.Any]:
    return {"writes": writes, "error": error, "refused_at": at, "refused_what": what}


def _write(path: bytes) -> None:
    if not stat.S_ISDIR(os.stat(path).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    worker_syscalls.check_access(path, os.W_OK | os.X_OK)


def _is_full(path: bytes) -> bool:
    """Tell whether no block or no inode is left for a user without privileges; file systems that count neither tell 0 of 0."""
    now = os.statvfs(path)
    return bool((now.f_blocks and not now.f_bavail) or (now.f_files and not now.f_favail))
