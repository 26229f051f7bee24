# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree of collected files: reading one, and comparing two.

Trees are compared by content, owner and mode. Times are no evidence: a checkout or an unpacked archive may set them to anything.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import stat
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

STAGING_PREFIX = ".collect-"
STATE_SUFFIX = ".webops.json"

BLOCK = 1 << 20
MANY_FILES = 64
"""Fewer files are not worth a second thread."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file or folder of a tree, as far as serving it is concerned.

    :ivar digest: SHA-256 of a file's content, in hex; empty for a folder.
    """

    is_folder: bool
    digest: str
    mode: int
    owner: int
    group: int


Tree = t.Dict[str, Entry]
"""Entries by path, relative to the tree."""


@dataclasses.dataclass(frozen=True)
class Rights:
    """Who owns a published tree, and its modes."""

    owner: int
    group: int
    file_mode: int
    folder_mode: int


@dataclasses.dataclass
class Difference:
    """What publishing would do. All names are relative paths, sorted."""

    added: list[str]
    changed: list[str]
    removed: list[str]
    rights: list[str]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed or self.rights)


def scan(root: str) -> dict[str, Entry]:
    """Read a tree; the root itself has the name ``.``.

    :returns: entries by relative path; empty if there is no such folder.
    :raises ExplainedError: a link, device or socket lies in the tree, or something cannot be read.
    """
    if not os.path.lexists(root):
        return {}
    entries: dict[str, Entry] = {}
    try:
        files: list[tuple[str, str, os.stat_result]] = []
        _scan_folder(root, ".", entries, files)
        for (name, _path, now), digest in zip(files, _digests([path for _name, path, _now in files])):
            entries[name] = Entry(False, digest, stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)
    except OSError as error:
        raise ExplainedError(f"{error.filename} cannot be read: {error.strerror}.") from error
    return entries


def _scan_folder(folder: str, name: str, entries: dict[str, Entry], files: list[tuple[str, str, os.stat_result]]) -> None:
    now = os.stat(folder)
    entries[name] = Entry(True, "", stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)
    with os.scandir(folder) as found:
        children = list(found)
    for child in children:
        path = child.name if name == "." else f"{name}/{child.name}"
        if is_ours(path):
            continue
        if child.is_symlink():
            # A link is judged by what it leads to when it is served; a tree that is ours holds none.
            entries[path] = Entry(False, "link:" + os.readlink(child.path), 0, 0, 0)
        elif child.is_dir():
            _scan_folder(child.path, path, entries, files)
        elif child.is_file():
            files.append((path, child.path, child.stat(follow_symlinks=False)))
        else:
            raise ExplainedError(f"{child.path} is neither a file nor a folder; remove it.")


def file_names(root: str) -> t.Iterator[str]:
    """Yield the names of a tree's files, relative to it.

    :raises OSError: a folder cannot be read.
    """
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{folder}{entry.name}/")
                else:
                    yield folder + entry.name


def is_ours(name: str) -> bool:
    """Tell whether a name at the top of a tree is of a staging folder or a state: they lie in a tree that a file system is mounted on."""
    return "/" not in name and name.startswith(".") and (name.startswith(STAGING_PREFIX) or name.endswith(STATE_SUFFIX))


def _digests(paths: list[str]) -> t.Iterable[str]:
    """Return the digests of files in the same order. Python lets other threads run while it hashes."""
    if len(paths) < MANY_FILES:
        return map(file_digest, paths)
    pieces = [paths[start : start + MANY_FILES] for start in range(0, len(paths), MANY_FILES)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [digest for digests in pool.map(lambda piece: list(map(file_digest, piece)), pieces) for digest in digests]


def file_digest(path: str) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def tree_digest(entries: dict[str, Entry]) -> str:
    """Return one SHA-256 over the names and contents of a tree's files, so that hosts can be compared."""
    digest = hashlib.sha256()
    for name in sorted(entries):
        if not entries[name].is_folder:
            digest.update(f"{name}\0{entries[name].digest}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def compare(wanted: dict[str, Entry], present: dict[str, Entry], rights: Rights, remove: bool) -> Difference:
    """Tell what must be done to a tree so that it holds the wanted files.

    :param rights: what a published tree must have; the rights in ``wanted`` do not count.
    :param remove: whether entries that are not wanted go.
    """
    difference = Difference([], [], [], [])
    for name in sorted(wanted):
        new, old = wanted[name], present.get(name)
        if old is None:
            difference.added.append(name)
        elif (new.is_folder, new.digest) != (old.is_folder, old.digest):
            difference.changed.append(name)
        elif (old.mode, old.owner, old.group) != (rights.folder_mode if old.is_folder else rights.file_mode, rights.owner, rights.group):
            difference.rights.append(name)
    if remove:
        difference.removed = sorted(set(present) - set(wanted))
    return difference
