# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of several files that is made whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import read_file, switch_link, write_file


class Before(t.NamedTuple):
    """What stood at a path: nothing, a link, or a plain file with mode, owner and group."""

    link: str | None = None
    content: bytes | None = None
    mode: int = 0o644
    owner: int = -1
    group: int = -1


def look(path: str) -> Before:
    """Return what stands at a path.

    :raises ExplainedError: it is neither a plain file nor a link.
    """
    try:
        now = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Before()
    if stat.S_ISLNK(now.st_mode):
        return Before(link=os.readlink(path))
    if not stat.S_ISREG(now.st_mode):
        raise ExplainedError(f"{path} is no plain file; move it away, nothing was changed there.")
    return Before(None, read_file(path), stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)


class Transaction:
    """Writes and removes files, and puts all of them back where something fails.

    To be used as a context: an exception inside it takes the change back. Files are removed first and written in the given order, so
    that a process that is killed between two of them leaves a configuration that nginx accepts.
    """

    def __init__(self) -> None:
        self._before: dict[str, Before] = {}
        self._folders: list[str] = []

    def __enter__(self) -> Transaction:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_rest: object) -> None:
        if kind is not None:
            self.take_back()

    def apply(self, wanted: t.Mapping[str, bytes | None], mode: int) -> None:
        """Remove what shall not be there (None), then write the rest."""
        for path in (path for path, content in wanted.items() if content is None):
            self._before.setdefault(path, look(path))
            _remove(path)
        for path, content in wanted.items():
            if content is not None:
                self._before.setdefault(path, look(path))
                self._make_folder(os.path.dirname(path))
                write_file(path, content, mode)

    def _make_folder(self, folder: str) -> None:
        if not os.path.isdir(folder):
            try:
                os.mkdir(folder, 0o755)
            except OSError as error:
                raise ExplainedError(f"The folder {folder} cannot be made: {error.strerror}.") from error
            self._folders.append(folder)

    def take_back(self) -> None:
        """Put everything back, the last change first."""
        for path, before in reversed(list(self._before.items())):
            if before.link is None and before.content is not None:
                write_file(path, before.content, before.mode, before.owner, before.group)
                continue
            if before.link is None or not os.path.islink(path):
                _remove(path)
            if before.link is not None:
                switch_link(path, before.link)
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        raise ExplainedError(f"{path} cannot be removed: {error.strerror}.") from error
