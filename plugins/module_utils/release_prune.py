# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which old releases go, and how: never one that somebody may still need."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import read_file
from ansible_collections.webops.django.plugins.module_utils.release import ID, Layout, leftovers


def prune(layout: Layout, keep: int, check_mode: bool = False, processes: str = "/proc", trees: str = "") -> list[str]:
    """Remove the oldest complete releases and all unfinished ones, with their trees. Returns their ids, sorted.

    The current and the previous release stay, and so does one that a live process works in.

    :param keep: how many complete releases stay, at least.
    :param processes: where the kernel shows the processes.
    :param trees: folder of the releases' collected trees; ``trees`` in the base folder if it is empty.
    :raises ExplainedError: a folder cannot be removed.
    """
    ids = [name for name in _names(layout.releases) if ID.match(name)]
    finished = sorted((release_id for release_id in ids if layout.is_complete(release_id)), key=lambda one: _age(layout, one), reverse=True)
    protected = {layout.linked("current"), layout.linked("previous")} | _in_use(layout, ids, processes)
    gone = sorted(set(ids) - set(finished[:keep]) - protected)
    abandoned = leftovers(layout)
    if not check_mode:
        try:
            _remove(layout, gone, abandoned, trees or os.path.join(layout.base, "trees"))
        except OSError as error:
            raise ExplainedError(f"An old release cannot be removed: {error.filename or layout.releases}: {error.strerror or error}.") from error
    return sorted({*gone, *(os.path.basename(path)[1:13] for path in abandoned)})


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def _age(layout: Layout, release_id: str) -> tuple[str, float, str]:
    """Order by what the release itself tells, so that touching or restoring a folder does not make it younger."""
    created = ""
    with contextlib.suppress(ValueError, AttributeError):
        created = str(json.loads(read_file(layout.record(release_id)) or b"{}").get("created", ""))
    return created, os.stat(layout.record(release_id)).st_mtime, release_id


def _in_use(layout: Layout, ids: t.Sequence[str], processes: str) -> set[str]:
    """Return the releases below which a live process has its working folder, its executable or an argument."""
    below = os.fsencode(os.path.realpath(layout.releases)) + b"/"
    used: set[bytes] = set()
    for pid in _names(processes):
        if not pid.isdigit():
            continue
        for path in _paths(os.path.join(processes, pid)):
            if path.startswith(below):
                used.add(path[len(below) :].split(b"/")[0])
    return {release_id for release_id in ids if release_id.encode() in used}


def _paths(process: str) -> t.Iterator[bytes]:
    for link in ("cwd", "exe"):
        # A process may end while we look, and a kernel thread has neither.
        with contextlib.suppress(OSError):
            yield os.readlink(os.fsencode(os.path.join(process, link)))
    with contextlib.suppress(OSError):
        # A virtualenv's interpreter is a link: the executable's path says nothing, its first argument does.
        yield from (read_file(os.path.join(process, "cmdline")) or b"").split(b"\0")


def _remove(layout: Layout, gone: t.Sequence[str], abandoned: t.Sequence[str], trees: str) -> None:
    doomed = list(abandoned)
    for release_id in gone:
        # Renamed first: a run that is killed here leaves no half release under a release's name.
        beside = tempfile.mkdtemp(dir=layout.releases, prefix=f".{release_id}.")
        os.rename(layout.release(release_id), os.path.join(beside, "removed"))
        doomed.append(beside)
    for path in doomed:
        release_id = os.path.basename(path)[1:13]
        tree = os.path.join(trees, release_id)
        if os.path.lexists(tree) and not os.path.lexists(layout.release(release_id)):
            shutil.rmtree(os.fsencode(tree))
        shutil.rmtree(os.fsencode(path))
