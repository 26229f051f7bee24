# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing a tree over another one, while it is being served."""

from __future__ import annotations

import contextlib
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.static_tree import Difference, Rights, Tree

SIBLINGS = (".gz", ".br")
"""What nginx adds to a file's name to find its compressed form (gzip_static, brotli_static)."""


def set_rights(root: str, rights: Rights, time: int | None = None) -> None:
    """Give a whole tree, made by somebody else's process, its owner and modes.

    The root is taken first and closed for everybody else: whoever wrote the tree can then no longer put a link where a file was.

    :param time: of modification for all files, in nanoseconds since the epoch; as it is if not given.
    """
    os.chown(root, rights.owner, rights.group)
    os.chmod(root, 0o700)
    waiting = [root]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_symlink():
                    raise ExplainedError(f"collectstatic left a link at {entry.path}; a published tree holds files only.")
                is_folder = entry.is_dir()
                now = entry.stat(follow_symlinks=False)
                if (now.st_uid, now.st_gid) != (rights.owner, rights.group):
                    os.chown(entry.path, rights.owner, rights.group)
                mode = rights.folder_mode if is_folder else rights.file_mode
                # chown(2) may take set-id bits away.
                if stat.S_IMODE(now.st_mode) != mode or mode > 0o777:
                    os.chmod(entry.path, mode)
                if is_folder:
                    waiting.append(entry.path)
                elif time is not None:
                    os.utime(entry.path, ns=(time, time))
    os.chmod(root, rights.folder_mode)


def refuse_blocked(wanted: Tree, present: Tree, difference: Difference, target: str) -> None:
    """Refuse to put a file where a folder stands that holds something which is not to go.

    :raises ExplainedError: names the folder.
    """
    removed = set(difference.removed)
    for name in difference.changed:
        if not wanted[name].is_folder and any(old.startswith(f"{name}/") and old not in removed for old in present):
            raise ExplainedError(
                f"{target}/{name} is a folder where a file must be; move it away, or let the module remove what is not collected (clear: true)."
            )


def publish(staging: str, target: str, difference: Difference, rights: Rights, last: t.Collection[str] = ()) -> None:
    """Make a tree what was compared, out of a staging tree on the same filesystem which already has its rights.

    Each file is switched by rename(2). A manifest comes after the files that it names, and nothing is removed before all is there: a
    reader never meets a name without its file, and a run that is killed has left nothing half-written.

    A compressed sibling is the exception: nginx sends it in its file's place, so it goes before its file changes and comes after. In between,
    and after a kill in between, nginx sends the file itself.

    :param staging: folder with the wanted files; it is used up.
    :param last: relative names that are switched after all others but siblings.
    """
    if not os.path.lexists(target):
        os.rename(staging, target)
        return
    gone = {name for name in _outdated_siblings(difference) if not _is_real_folder(os.path.join(target, name))}
    _remove(target, gone)

    def order(name: str) -> tuple[bool, bool, str]:
        return (name.endswith(SIBLINGS) and not os.path.isdir(os.path.join(staging, name)), name in last, name)

    names = sorted({*difference.added, *difference.changed} - {"."}, key=order)
    # Only what stands in the way of a new name goes first.
    in_the_way = [old for old in difference.removed if any(old.startswith(f"{name}/") for name in difference.changed)]
    _remove(target, set(in_the_way) - gone)
    for name in difference.changed:
        if not os.path.isdir(os.path.join(staging, name)) and _is_real_folder(os.path.join(target, name)):
            os.rmdir(os.path.join(target, name))
    for name in names:
        _place(os.path.join(staging, name), os.path.join(target, name), rights)
    for name in difference.rights:
        path = os.path.join(target, name)
        os.chown(path, rights.owner, rights.group)
        os.chmod(path, rights.folder_mode if os.path.isdir(path) else rights.file_mode)
    gone.update(in_the_way)
    _remove(target, [name for name in difference.removed if name not in gone])


def _outdated_siblings(difference: Difference) -> set[str]:
    """Return the published siblings that are not what will lie beside their files, whose content or whose own is about to change."""
    moving = {*difference.added, *difference.changed, *difference.removed}
    old = {*difference.removed, *(name for name in difference.changed if name[:-3] in moving)}
    return {name for name in old if name.endswith(SIBLINGS)}


def _remove(target: str, names: t.Iterable[str]) -> None:
    # Backwards, so that a folder comes after what lies in it.
    for name in sorted(names, reverse=True):
        path = os.path.join(target, name)
        if _is_real_folder(path):
            os.rmdir(path)
        else:
            os.unlink(path)


def _is_real_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def _place(source: str, target: str, rights: Rights) -> None:
    if not os.path.isdir(source):
        os.replace(source, target)
        return
    if os.path.lexists(target) and not _is_real_folder(target):
        os.unlink(target)
    with contextlib.suppress(FileExistsError):
        os.mkdir(target)
    os.chown(target, rights.owner, rights.group)
    os.chmod(target, rights.folder_mode)
