# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing files and links so that a reader sees the old or the new one, never half of one."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

KEEP = -1
"""As an owner or a group: leave it as it is (the meaning that chown(2) gives to -1)."""


def read_file(path: str) -> bytes | None:
    """Return the content of a file, or None where there is no such file."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_file(path: str, content: bytes, mode: int, owner: int = KEEP, group: int = KEEP, check_mode: bool = False) -> bool:
    """Make a file hold this content with this mode and owner.

    The content is written beside the file, synced, and renamed over it, so that a reader, and a machine that loses its
    power, have the old or the new file.

    :param path: the file; its folder must exist.
    :param mode: permission bits, such as 0o644.
    :param owner: user id, or :data:`KEEP`.
    :param group: group id, or :data:`KEEP`.
    :param check_mode: only tell what would be done.
    :returns: whether content, mode or owner differed.
    :raises ExplainedError: the file cannot be written.
    """
    if is_as_wanted(path, content, mode, owner, group):
        return False
    if check_mode:
        return True
    try:
        _replace(path, content, mode, owner, group)
    except OSError as error:
        raise ExplainedError(f"{path} cannot be written: {error.strerror or error}.") from error
    return True


def is_as_wanted(path: str, content: bytes, mode: int, owner: int = KEEP, group: int = KEEP) -> bool:
    """Tell whether a plain file has this content, mode and owner."""
    try:
        now = os.lstat(path)
    except FileNotFoundError:
        return False
    return (
        stat.S_ISREG(now.st_mode)
        and stat.S_IMODE(now.st_mode) == mode
        and owner in (KEEP, now.st_uid)
        and group in (KEEP, now.st_gid)
        and read_file(path) == content
    )


def _replace(path: str, content: bytes, mode: int, owner: int, group: int) -> None:
    with _replacing(path, mode, owner, group) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def write_chunks(path: str, chunks: t.Iterable[bytes], mode: int, owner: int, group: int, time: int) -> int:
    """Write a file whose content arrives in chunks. It gets its name when it is complete; it is not synced.

    :param path: the file; its folder must exist.
    :param mode: permission bits, such as 0o644.
    :param time: of its modification, in nanoseconds since the epoch.
    :returns: its size in bytes.
    :raises OSError: the file cannot be written; then nothing is left of it, as where the chunks raise something.
    """
    size = 0
    with _replacing(path, mode, owner, group) as file:
        for chunk in chunks:
            size += file.write(chunk)
        file.flush()
        os.utime(file.fileno(), ns=(time, time))
    return size


@contextlib.contextmanager
def _replacing(path: str, mode: int, owner: int, group: int) -> t.Iterator[t.BinaryIO]:
    """Open a file beside a path; it is renamed to the path if all goes well, and removed if not."""
    # A name may have 255 bytes, and a character four of them.
    handle, beside = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=f".{os.path.basename(path)[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            # The owner first: chown(2) clears set-id bits that the mode may hold.
            os.fchown(file.fileno(), owner, group)
            os.fchmod(file.fileno(), mode)
            yield file
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        raise


def switch_link(path: str, target: str, check_mode: bool = False) -> bool:
    """Make a symbolic link point to a target, by rename(2): no moment without a link.

    :param path: the link; its folder must exist.
    :param target: what it points to, as it shall stand in the link.
    :returns: whether it pointed elsewhere, or did not exist.
    :raises ExplainedError: something that is no link stands at the path.
    """
    try:
        if os.readlink(path) == target:
            return False
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ExplainedError(f"{path} exists and is no symbolic link; move it away, nothing was changed there.") from error
    if check_mode:
        return True
    folder, name = os.path.split(path)
    beside = os.path.join(folder, f".{name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(beside)
    os.symlink(target, beside)
    os.replace(beside, path)
    return True


def make_folders(path: str, mode: int = 0o755) -> list[str]:
    """Make a folder and those above it that are missing, with this mode whatever the umask is.

    :returns: the folders that were made, outermost first.
    :raises ExplainedError: one of them cannot be made.
    """
    missing: list[str] = []
    folder = path
    while not os.path.isdir(folder):
        missing.insert(0, folder)
        folder = os.path.dirname(folder)
    for folder in missing:
        try:
            os.mkdir(folder)
            os.chmod(folder, mode)
        except OSError as error:
            raise ExplainedError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    return missing
