# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A collected file on disk: opened once for all answers about it, and compared with what comes."""

from __future__ import annotations

import errno
import os
import stat
import typing as t

WHOLE = 65536
"""Bytes up to which a file is read at once; a larger one stays open and is read in pieces."""


class DiskFile:
    """A file that was opened, and what it was like then.

    :param path: absolute.
    :raises OSError: it cannot be opened or read.
    """

    __slots__ = ("_content", "_descriptor", "_identity", "etag", "first", "path", "size")

    def __init__(self, path: bytes) -> None:
        self.path = path
        # Not to wait for a writer, where the name is a link to a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            self.size = status.st_size
            self.etag = f"{int(status.st_mtime):x}-{status.st_size:x}"
            """What nginx gives the file (ngx_http_set_etag): time of modification in seconds and size, both hexadecimal."""
            self._identity = _identity(status)
            self._content = os.read(descriptor, WHOLE + 1) if self.size <= WHOLE else None
            self.first = (os.pread(descriptor, 2, 0) if self._content is None else self._content)[:2]
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        if self._content is not None:
            self.close()

    def difference(self, chunks: t.Iterable[bytes]) -> str:
        """Compare, and stop at the first difference.

        :returns: how they differ, or an empty string.
        :raises OSError: the file cannot be read.
        """
        content, offset = self._content, 0
        for chunk in chunks:
            if content is None:
                wanted = os.pread(self._descriptor, len(chunk), offset)
                if chunk != wanted:
                    return _difference(chunk, wanted, offset, self.size)
            elif not content.startswith(chunk, offset):
                return _difference(chunk, content[offset : offset + len(chunk)], offset, self.size)
            offset += len(chunk)
        return f"only the first {offset} of {self.size} bytes" if offset < self.size else ""

    def changed(self) -> bool:
        """Tell whether the name now leads to something else, or to nothing, or the content was written anew."""
        try:
            return _identity(os.stat(self.path)) != self._identity or (self._content is not None and len(self._content) != self.size)
        except OSError:
            return True

    def close(self) -> None:
        """Close it, as soon as the last answer was compared."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _difference(chunk: bytes, wanted: bytes, offset: int, size: int) -> str:
    if chunk.startswith(wanted):
        return f"more than its {size} bytes"
    first = next(index for index, (one, other) in enumerate(zip(chunk, wanted)) if one != other)
    return f"other bytes from byte {offset + first} on"


def why_unreadable(path: bytes, error: OSError) -> str:
    """Say in words why a file that was listed cannot be read."""
    if error.errno == errno.ELOOP:
        return "a link on disk that leads in a circle"
    if not os.path.lexists(path):
        return "a file that has vanished from the disk since the folder was listed"
    return error.strerror or str(error)
