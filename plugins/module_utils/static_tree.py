# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree of collected files: reading one, comparing two, and publishing one over the other.

Trees are compared by content, owner and mode. Times are no evidence: a checkout or an unpacked archive may set them to anything.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

BLOCK = 1 << 20


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
        _scan_folder(root, ".", entries)
    except OSError as error:
        raise ExplainedError(f"{error.filename} cannot be read: {error.strerror}.") from error
    return entries


def _scan_folder(folder: str, name: str, entries: dict[str, Entry]) -> None:
    now = os.stat(folder)
    entries[name] = Entry(True, "", stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)
    with os.scandir(folder) as found:
        children = list(found)
    for child in children:
        path = child.name if name == "." else f"{name}/{child.name}"
        if child.is_symlink():
            # A link is judged by what it leads to when it is served; a tree that is ours holds none.
            entries[path] = Entry(False, "link:" + os.readlink(child.path), 0, 0, 0)
        elif child.is_dir():
            _scan_folder(child.path, path, entries)
        elif child.is_file():
            now = child.stat(follow_symlinks=False)
            entries[path] = Entry(False, file_digest(child.path), stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid)
        else:
            raise ExplainedError(f"{child.path} is neither a file nor a folder; remove it.")


def file_digest(path: str) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
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


def set_rights(root: str, rights: Rights) -> None:
    """Give a whole tree, made by somebody else's process, its owner and modes.

    The root is taken first and closed for everybody else: whoever wrote the tree can then no longer put a link where a file was.
    """
    os.chown(root, rights.owner, rights.group)
    os.chmod(root, 0o700)
    for folder, folders, files in os.walk(root):
        for name in folders:
            _set_entry_rights(os.path.join(folder, name), rights, rights.folder_mode)
        for name in files:
            _set_entry_rights(os.path.join(folder, name), rights, rights.file_mode)
    os.chmod(root, rights.folder_mode)


def _set_entry_rights(path: str, rights: Rights, mode: int) -> None:
    if os.path.islink(path):
        raise ExplainedError(f"collectstatic left a link at {path}; a published tree holds files only.")
    os.chown(path, rights.owner, rights.group)
    os.chmod(path, mode)


def publish(staging: str, target: str, difference: Difference, rights: Rights, last: t.Collection[str] = ()) -> None:
    """Make a tree what was compared, out of a staging tree on the same filesystem which already has its rights.

    Each file is switched by rename(2). A manifest comes after the files that it names, and nothing is removed before all is there: a
    reader never meets a name without its file, and a run that is killed has left nothing half-written.

    :param staging: folder with the wanted files; it is used up.
    :param last: relative names that are switched after all others.
    """
    if not os.path.lexists(target):
        os.rename(staging, target)
        return
    names = sorted({*difference.added, *difference.changed} - {"."}, key=lambda name: (name in last, name))
    # Only what stands in the way of a new name goes first.
    in_the_way = [old for old in difference.removed if any(old.startswith(f"{name}/") for name in difference.changed)]
    _remove(target, in_the_way)
    for name in difference.changed:
        if in_the_way and not os.path.isdir(os.path.join(staging, name)) and os.path.isdir(os.path.join(target, name)):
            os.rmdir(os.path.join(target, name))
    for name in names:
        _place(os.path.join(staging, name), os.path.join(target, name), rights)
    for name in difference.rights:
        path = os.path.join(target, name)
        os.chown(path, rights.owner, rights.group)
        os.chmod(path, rights.folder_mode if os.path.isdir(path) else rights.file_mode)
    _remove(target, [name for name in difference.removed if name not in in_the_way])


def _remove(target: str, names: t.Iterable[str]) -> None:
    # Backwards, so that a folder comes after what lies in it.
    for name in sorted(names, reverse=True):
        path = os.path.join(target, name)
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        else:
            os.unlink(path)


def _place(source: str, target: str, rights: Rights) -> None:
    if not os.path.isdir(source):
        if os.path.isdir(target) and not os.path.islink(target):
            raise ExplainedError(f"{target} is a folder where a file must be; move it away, or let the module remove what is not collected.")
        os.replace(source, target)
        return
    if os.path.lexists(target) and (os.path.islink(target) or not os.path.isdir(target)):
        os.unlink(target)
    with contextlib.suppress(FileExistsError):
        os.mkdir(target)
    os.chown(target, rights.owner, rights.group)
    os.chmod(target, rights.folder_mode)
