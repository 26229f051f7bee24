# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashed files of earlier collects: a page that a browser loaded before asks for the names of its time."""

from __future__ import annotations

import contextlib
import errno
import filecmp
import json
import os
import re
import shutil
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import make_folders
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights

HASHED_NAME = re.compile(r"\.[0-9a-f]{12}(\.[^./]+)?$")
"""A name as HashedFilesMixin.hashed_name makes it: twelve hex digits before the extension (django/contrib/staticfiles/storage.py)."""


def manifest_names(path: str) -> set[str]:
    """Read the hashed names that a manifest gives out.

    :raises ExplainedError: the manifest is missing or no manifest.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return {str(name) for name in json.load(file)["paths"].values()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ExplainedError(f"{path} is no manifest of Django's: {type(error).__name__}: {error}.") from error


def other_trees(folders: t.Sequence[str], target: str) -> list[str]:
    """List the trees that folders are or hold, without the one that is being made. Unfinished ones start with a full stop."""
    inside = [os.path.join(folder, name) for folder in folders if os.path.isdir(folder) for name in os.listdir(folder) if not name.startswith(".")]
    return sorted({os.path.realpath(path) for path in [*folders, *inside]} - {target})


def hashed_files(tree: str, manifest: str) -> t.Iterator[str]:
    """Yield the hashed names that a tree's manifest gives out and that are plain files there. None where the tree has no manifest."""
    if not manifest or not os.path.isfile(os.path.join(tree, manifest)):
        return
    yield from (name for name in sorted(manifest_names(os.path.join(tree, manifest))) if is_kept_file(tree, name))


def is_kept_file(tree: str, name: str) -> bool:
    """Tell whether a name is a hashed one, and a plain file of a tree."""
    path = os.path.join(tree, name)
    return is_safe(name) and bool(HASHED_NAME.search(name)) and not os.path.islink(path) and os.path.isfile(path)


def is_safe(name: str) -> bool:
    """Tell whether a name that a file gives stays below the folder that it is relative to."""
    return bool(name) and not name.startswith("/") and ".." not in name.split("/")


def keep_hashed(staging: str, tree: str, names: t.Iterable[str], rights: Rights, links: bool = True) -> set[str]:
    """Take hashed files of a published tree into a staging tree, as hard links where that is possible.

    What the staging tree has stays; the manifest is its own.

    :param links: whether hard links may be made; each changes the ctime of the published file.
    :returns: the names that were taken.
    """
    kept = set()
    for name in names:
        target = os.path.join(staging, name)
        if os.path.lexists(target):
            continue
        for folder in make_folders(os.path.dirname(target), rights.folder_mode):
            os.chown(folder, rights.owner, rights.group)
        _link_or_copy(os.path.join(tree, name), target, rights, links)
        kept.add(name)
    return kept


def share_unchanged(staging: str, trees: t.Iterable[str], names: t.Iterable[str], rights: Rights) -> int:
    """Replace files of a staging tree by hard links to the same files of other trees: same name, bytes, mode and owner.

    With the time of modification, nginx's ETag stays the same, so that browsers do not fetch the file again. The latest tree comes first.

    :param staging: a tree that has its rights already.
    :returns: how many were replaced.
    """
    latest = sorted(filter(os.path.isdir, trees), key=lambda tree: os.stat(tree).st_mtime_ns, reverse=True)
    return sum(any(_share(os.path.join(staging, name), os.path.join(tree, name), rights) for tree in latest) for name in names) if latest else 0


def _share(path: str, other: str, rights: Rights) -> bool:
    with contextlib.suppress(OSError):
        now = os.lstat(other)
        same = (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (rights.file_mode, rights.owner, rights.group)
        if same and stat.S_ISREG(now.st_mode) and filecmp.cmp(path, other, shallow=False):
            beside = f"{path}.shared"
            os.link(other, beside, follow_symlinks=False)
            os.replace(beside, path)
            return True
    return False


def kept_lines(trees: t.Iterable[str], manifest: str) -> t.Iterator[str]:
    """Describe what there is to be kept, for a fingerprint."""
    for tree in trees:
        yield tree
        for name in hashed_files(tree, manifest):
            now = os.stat(os.path.join(tree, name))
            # Not the ctime: each hard link changes it.
            yield f"{name} {now.st_size} {now.st_mtime_ns} {now.st_ino}"


def _link_or_copy(source: str, target: str, rights: Rights, links: bool) -> None:
    now = os.stat(source)
    if links and (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (rights.file_mode, rights.owner, rights.group):
        try:
            os.link(source, target)
            return
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                raise
    shutil.copy2(source, target)
    os.chown(target, rights.owner, rights.group)
    os.chmod(target, rights.file_mode)


def lookalikes(names: t.Iterable[str], hashed: set[str]) -> list[str]:
    """List names that look hashed by Django but are not, so their content may change under the same name."""
    return sorted(name for name in names if HASHED_NAME.search(name) and name not in hashed)
