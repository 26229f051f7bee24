# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many files lie beneath a mount, where nobody sees them: a volume may cover what an image holds.

The kernel gives a detached copy of the mount that the mount point itself lies on, without those on top of it (open_tree(2), Linux 5.2). It
stands in no mount table and ends with its descriptor, so that nothing on the host changes, and nothing can be left behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import typing as t

MOST_FILES = 100_000
"""Files that are counted at most."""
DEEPEST = 40
"""Levels of folders; each holds a descriptor while it is counted."""
_OPEN_TREE = 428
_AT_FDCWD = -100
_OPEN_TREE_CLONE = 1
_OTHER_NUMBERS = ("alpha", "mips")
"""Machines on which the system call has another number."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_LIBC = ctypes.CDLL(None, use_errno=True)


def hidden_files(point: str, path: str) -> int | None:
    """Return how many files lie beneath a mount at the place where a path seems to lie; None where that cannot be seen.

    :param point: where the mount lies.
    :param path: the mount point, or a path below it, without links.
    """
    if point in ("", "/") or os.path.commonpath((point, path)) != point:
        return None
    try:
        copy = _copy(os.path.dirname(point))
    except OSError:
        return None
    try:
        folder = _open_below(copy, os.path.relpath(path, os.path.dirname(point)).split("/"))
        return 0 if folder is None else _count(folder, MOST_FILES, DEEPEST)
    except OSError:
        return None
    finally:
        os.close(copy)


def _copy(folder: str) -> int:
    """Return a descriptor of a folder in a copy of the mount that it lies on.

    :raises OSError: the kernel is older, or this process is not root.
    """
    if os.uname().machine.startswith(_OTHER_NUMBERS):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    flags = ctypes.c_uint(_OPEN_TREE_CLONE | os.O_CLOEXEC)
    descriptor = _LIBC.syscall(ctypes.c_long(_OPEN_TREE), ctypes.c_int(_AT_FDCWD), ctypes.c_char_p(os.fsencode(folder)), flags)
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(descriptor)


def _open_below(folder: int, names: t.Sequence[str]) -> int | None:
    """Open a folder, one name after another, for a link would lead out; None where there is none.

    :raises OSError: it cannot be seen.
    """
    opened = folder
    for name in names:
        try:
            following = _open(name, opened)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                return None
            raise
        finally:
            if opened != folder:
                os.close(opened)
        opened = following
    return opened


def _open(name: str, folder: int) -> int:
    """Open a folder, without a trace where that is allowed.

    :raises OSError: it cannot be opened.
    """
    try:
        return os.open(name, _FOLDER | os.O_NOATIME, dir_fd=folder)
    except PermissionError:
        return os.open(name, _FOLDER, dir_fd=folder)


def _count(folder: int, most: int, deepest: int) -> int:
    """Count the files below a folder, and close it. What cannot be seen does not count.

    :param most: files.
    :param deepest: how many levels.
    """
    try:
        folders, found = _listed(folder)
        for name in folders if deepest else ():
            if found >= most:
                break
            with contextlib.suppress(OSError):
                found += _count(_open(name, folder), most - found, deepest - 1)
        return min(found, most)
    finally:
        os.close(folder)


def _listed(folder: int) -> tuple[list[str], int]:
    """Return the names of the folders in a folder, and the number of files."""
    with os.scandir(folder) as entries:
        kinds = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    folders = [name for name, is_folder in kinds if is_folder]
    return folders, len(kinds) - len(folders)
