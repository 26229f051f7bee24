# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling a release's folder from an archive or a folder, with owners and modes of our own, whatever the source's and the umask are."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.archive import HARD_LINK, read_archive
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.source_tree import (
    FILE,
    FOLDER,
    LINK,
    Entry,
    Excluder,
    check_link,
    digest_tree,
    entries,
    printable,
)

FOLDER_MODE = 0o750
EXECUTABLE_MODE = 0o750
FILE_MODE = 0o640


class Builder:
    """Puts entries below a folder that is empty at first and that nobody else writes to.

    Links are made last: no file is ever written through one, so none can lead a file out of the folder.
    """

    def __init__(self, root: bytes, owner: int, group: int) -> None:
        self._root = root
        self._owner = owner
        self._group = group
        self._links: dict[bytes, bytes] = {}
        self._hard_links: dict[bytes, bytes] = {}
        self._made: set[bytes] = set()
        self._folder(b"")

    def put(self, entry: Entry, content: t.Any) -> None:
        """Put one entry; of two with the same name the later one counts, as in tar."""
        self._links.pop(entry.name, None)
        self._hard_links.pop(entry.name, None)
        if entry.kind == FOLDER:
            self._folder(entry.name)
            return
        self._folder(os.path.dirname(entry.name))
        if entry.kind == LINK:
            self._links[entry.name] = entry.target
        elif entry.kind == HARD_LINK:
            self._hard_links[entry.name] = entry.target
        else:
            self._file(entry, content)

    def finish(self) -> None:
        """Make the links.

        :raises ExplainedError: a link leads out of the folder.
        """
        for name, target in self._hard_links.items():
            source = self._path(target)
            if target == name:
                continue
            if not (os.path.lexists(source) and stat.S_ISREG(os.lstat(source).st_mode)):
                raise ExplainedError(f"{printable(name)} is a hard link to {printable(target)}, which is no file of the source; pack it anew.")
            self._unlink(name)
            os.link(source, self._path(name))
        for name, target in self._links.items():
            self._unlink(name)
            os.symlink(target, self._path(name))
            os.chown(self._path(name), self._owner, self._group, follow_symlinks=False)
        for name, target in self._links.items():
            check_link(self._root, name, target)

    def _path(self, name: bytes) -> bytes:
        return os.path.join(self._root, name)

    def _unlink(self, name: bytes) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(name))

    def _folder(self, name: bytes) -> None:
        if name in self._made:
            return
        if name:
            self._folder(os.path.dirname(name))
        path = self._path(name)
        if not os.path.isdir(path):
            os.mkdir(path, 0o700)
        os.chown(path, self._owner, self._group)
        os.chmod(path, FOLDER_MODE)
        self._made.add(name)

    def _file(self, entry: Entry, content: t.Any) -> None:
        self._unlink(entry.name)
        handle = os.open(self._path(entry.name), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(content, file, 1024 * 1024)
            size = file.tell()
            os.fchown(handle, self._owner, self._group)
            os.fchmod(handle, EXECUTABLE_MODE if entry.executable else FILE_MODE)
        if size != entry.size:
            raise ExplainedError(f"The source is damaged: {printable(entry.name)} holds {size} of {entry.size} bytes; pack or copy it anew.")


def fill(destination: bytes, source: bytes, excluder: Excluder, owner: int, group: int) -> None:
    """Put an archive's or a folder's content into a folder.

    :param destination: an empty or missing folder, whose parent exists.
    :raises ExplainedError: the source is missing, damaged, unreadable, empty, or holds what no release may hold; or the disk is full.
    """
    failure = f"{printable(source)} cannot be copied to {printable(destination)}"
    try:
        builder = Builder(destination, owner, group)
        if os.path.isdir(source):
            digest_tree(source, entries(source, excluder), builder.put)
        elif os.path.exists(source):
            read_archive(source, excluder, builder.put)
        else:
            raise ExplainedError(f"{printable(source)} does not exist; `source` is an archive or a folder on the target.")
        builder.finish()
    except OSError as error:
        raise ExplainedError(f"{failure}: {error.strerror or error}.") from error
    if not any(entry.kind == FILE for entry in entries(destination, Excluder(()))):
        raise ExplainedError(f"{printable(source)} holds no file that is not excluded; there is nothing to release.")
