# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that files are collected in before they are published; one run at a time for a destination; what killed runs left."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.accounts import Account
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.static_tree import STAGING_PREFIX

ELSEWHERE = "webops-collect-"
"""How staging folders of the check mode begin, in the folder for temporary files."""

ABANDONED = 60
"""Seconds after which a staging folder that nobody holds is of a killed run, and not of one that is about to take hold of it."""


def workplace(target: str) -> str:
    """Return the folder for staging folders and the state: the destination's parent, or the destination where a file system is mounted on it.

    rename(2) does not cross mounts, not even those of one file system (bind mounts).
    """
    return target if _is_mounted_on(target) else os.path.dirname(target)


def _is_mounted_on(path: str) -> bool:
    if os.path.ismount(path):
        return True
    # proc(5): the fifth field is the mount point, with blanks and the like in octal.
    written = path.replace("\\", "\\134").replace(" ", "\\040")
    with contextlib.suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return any(line.split(" ", 5)[4] == written for line in file)
    return False


@contextlib.contextmanager
def locked(folder: str, seconds: float) -> t.Iterator[None]:
    """Let no other run publish below a folder meanwhile. The lock is the kernel's: it ends with the process, and leaves no file.

    :param folder: the destination's parent, since the destination itself may be made and be renamed over.
    :param seconds: how long to wait for another run.
    :raises ExplainedError: another run takes longer.
    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        # Whoever may not read a folder cannot publish there either, and will be told so.
        yield
        return
    try:
        until = time.monotonic() + seconds
        while not _try_lock(handle):
            if time.monotonic() > until:
                raise ExplainedError(
                    f"Another run has been collecting static files in {folder} for {seconds:g} s; nothing was changed. Run this again when it ends.",
                    kind="locked",
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A network file system may know no locks, or none for folders; then two runs must not meet by other means.
        return error.errno not in (errno.EWOULDBLOCK, errno.EINTR)
    return True


@contextlib.contextmanager
def staging_tree(beside: str | None, account: Account) -> t.Iterator[str]:
    """Make an empty folder that the project may write to, and remove what is left of it in the end.

    It lies in a folder that only this process's user may change, so the project cannot put something else in its place.

    :param beside: folder to make it in: rename(2) does not cross file systems. The one for temporary files if it is None.
    """
    outer = tempfile.mkdtemp(prefix=STAGING_PREFIX, dir=beside) if beside else tempfile.mkdtemp(prefix=ELSEWHERE)
    handle = os.open(outer, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # As long as this lock is held, the folder is no leftover.
        _try_lock(handle)
        tree = os.path.join(outer, "tree")
        os.mkdir(tree, 0o700)
        if account.uid != os.geteuid():
            os.chown(tree, account.uid, account.gid)
        os.chmod(outer, 0o711)
        yield tree
    finally:
        shutil.rmtree(outer, ignore_errors=True)
        os.close(handle)


def remove_leftovers(beside: str) -> None:
    """Remove staging folders of runs that were killed: those that no process holds.

    :param beside: folder in which no other run is about to make one; the caller has locked it.
    """
    for folder, prefix, age in ((beside, STAGING_PREFIX, 0), (tempfile.gettempdir(), ELSEWHERE, ABANDONED)):
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                if name.startswith(prefix):
                    _remove_abandoned(os.path.join(folder, name), age)


def _remove_abandoned(path: str, age: int) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            now = os.fstat(handle)
            if now.st_uid == os.geteuid() and time.time() - now.st_mtime >= age:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(handle)
