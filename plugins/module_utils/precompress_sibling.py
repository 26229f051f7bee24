# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One precompressed sibling of one file: is it right, can it be taken over, and writing it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.files import write_chunks
from ansible_collections.webops.django.plugins.module_utils.precompress_encodings import (
    BLOCK,
    Encoding,
    NotEncodedError,
    NotWorthItError,
    largest_worth_it,
)
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights


@dataclasses.dataclass
class Source:
    """A file that gets siblings.

    :ivar name: relative to its tree.
    :ivar identity: what tells whether it changed meanwhile: inode, size, time of modification.
    :ivar time: that its siblings get, in nanoseconds since the epoch: its own, or that of the same file where it is published already.
    """

    name: str
    path: str
    identity: tuple[int, int, int]
    time: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.identity[1]


def source_at(tree: str, name: str) -> Source | None:
    """Look at a file; None if it is something else.

    :raises OSError: it cannot be looked at.
    """
    path = os.path.join(tree, name)
    now = os.lstat(path)
    return Source(name, path, _identity(now), now.st_mtime_ns) if stat.S_ISREG(now.st_mode) else None


def has_changed(source: Source) -> bool:
    """Tell whether somebody wrote to the file since it was looked at.

    :raises OSError: it cannot be looked at.
    """
    return _identity(os.lstat(source.path)) != source.identity


def _identity(now: os.stat_result) -> tuple[int, int, int]:
    return now.st_ino, now.st_size, now.st_mtime_ns


def chunks_of(path: str) -> t.Iterator[bytes]:
    """Yield a file's content in blocks.

    :raises OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        yield from _blocks(file)


def _blocks(file: t.BinaryIO) -> t.Iterator[bytes]:
    return iter(lambda: file.read(BLOCK), b"")


@contextlib.contextmanager
def _plain_file(path: str) -> t.Iterator[t.BinaryIO | None]:
    """Open a file of a tree that is not ours; None where there is none. A link may lead anywhere, a pipe would wait for ever."""
    handle = -1
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if handle < 0:
        yield None
    elif stat.S_ISREG(os.fstat(handle).st_mode):
        with os.fdopen(handle, "rb") as file:
            yield file
    else:
        os.close(handle)
        yield None


def published_time(source: Source, live: str) -> int:
    """Return the time of modification with which a file will be published: a file that stays as it is keeps the one it has.

    :param live: the tree that is published over.
    """
    with _plain_file(os.path.join(live, source.name)) as file:
        if file:
            now = os.fstat(file.fileno())
            with contextlib.suppress(OSError):
                if now.st_ino == source.identity[0] or (now.st_size == source.size and _holds_the_same(source, _blocks(file))):
                    return now.st_mtime_ns
    return source.time


def has_place(path: str) -> bool:
    """Tell whether a sibling can have its name: nothing but a file has it, and it is not longer than Linux' NAME_MAX."""
    return len(os.fsencode(os.path.basename(path))) <= 255 and not os.path.isdir(path)


def is_right(source: Source, path: str, encoding: Encoding) -> bool:
    """Tell whether a file is the compressed form of a source."""
    with _plain_file(path) as file:
        return bool(file) and _decompresses_to(source, t.cast(t.BinaryIO, file), encoding)


def _decompresses_to(source: Source, file: t.BinaryIO, encoding: Encoding) -> bool:
    try:
        return _holds_the_same(source, encoding.decompressed(_blocks(file)))
    except NotEncodedError:
        return False


def _holds_the_same(source: Source, pieces: t.Iterable[bytes]) -> bool:
    """Compare up to the first difference: a bomb is not unpacked beyond the source's size."""
    with open(source.path, "rb") as file:
        return all(piece == file.read(len(piece)) for piece in pieces) and not file.read(1)


def write(source: Source, path: str, encoding: Encoding, rights: Rights, limit: int | None) -> bool:
    """Compress a source.

    :param limit: bytes that the sibling may have.
    :returns: whether it has no more; if not, nothing was written.
    :raises OSError: something cannot be read or written; nothing is left then.
    """
    try:
        chunks = encoding.compressed(chunks_of(source.path), source.size, limit)
        write_chunks(path, chunks, rights.file_mode, rights.owner, rights.group, source.time)
    except NotWorthItError:
        return False
    return True


def take_over(source: Source, path: str, other: str, encoding: Encoding, rights: Rights, links: bool = True) -> bool:
    """Put a sibling that another tree has beside a source, if it is right and as we would have made it.

    It becomes a hard link where its rights and its time are the wanted ones: a published file is only ever replaced, never written to.

    :param other: path of the other tree's sibling.
    :param links: whether it may become a hard link. That changes the other tree's sibling as far as its ctime and number of links go.
    :raises OSError: it cannot be written.
    """
    with _plain_file(other) as file:
        if not file:
            return False
        now = os.fstat(file.fileno())
        if now.st_size > largest_worth_it(source.size) or file.read(len(encoding.header)) != encoding.header:
            return False
        file.seek(0)
        if not _decompresses_to(source, file, encoding):
            return False
        if links and _is_as_wanted(now, source, rights) and _link(other, path, now.st_ino):
            return True
        file.seek(0)
        write_chunks(path, _blocks(file), rights.file_mode, rights.owner, rights.group, source.time)
    return True


def share(source: Source, path: str, origin: str, rights: Rights) -> None:
    """Give a source the sibling of another source with the same content.

    :param origin: path of that sibling, in the same tree.
    :raises OSError: it cannot be written.
    """
    now = os.lstat(origin)
    if not (_is_as_wanted(now, source, rights) and _link(origin, path, now.st_ino)):
        write_chunks(path, chunks_of(origin), rights.file_mode, rights.owner, rights.group, source.time)


def set_time(source: Source, path: str, rights: Rights) -> None:
    """Give a sibling that came along its source's time of modification. One that is a published tree's too becomes a file of its own.

    :raises OSError: it cannot be set.
    """
    now = os.lstat(path)
    if now.st_mtime_ns == source.time:
        return
    if now.st_nlink > 1:
        write_chunks(path, chunks_of(path), rights.file_mode, rights.owner, rights.group, source.time)
    else:
        os.utime(path, ns=(source.time, source.time), follow_symlinks=False)


def _is_as_wanted(now: os.stat_result, source: Source, rights: Rights) -> bool:
    wanted = (rights.file_mode, rights.owner, rights.group, source.time)
    return (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid, now.st_mtime_ns) == wanted


def _link(origin: str, path: str, inode: int) -> bool:
    """Make a hard link, if the file system can and the origin is still the file that was checked."""
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        os.link(origin, path, follow_symlinks=False)
    except OSError:
        # Another file system, one without hard links, or as many as it can hold: a copy does as well.
        return False
    if os.lstat(path).st_ino == inode:
        return True
    os.unlink(path)
    return False
