# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing the collected tree with the files that the finders know: by bytes, for times are no proof."""

from __future__ import annotations

import collections
import fnmatch
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.info_manifest import Manifest

BLOCK = 1 << 18

EXAMPLES = 10
"""Names that are told of each state."""

STATES = ("missing", "no_file", "different", "hashed_missing", "hashed_different", "not_in_manifest")
"""What may be wrong with a collected file. ``vanished`` and ``unreadable`` are no faults of the tree, and ``same`` and ``unknown`` none at all."""


class Tree(t.NamedTuple):
    """What is known of the folder that files are collected into."""

    path: str
    exists: bool
    is_folder: bool
    readable: bool
    is_empty: bool


def look_at(path: str) -> Tree:
    """Look at a folder, without going into it."""
    try:
        now = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Tree(path, False, False, True, True)
    except OSError:
        return Tree(path, True, False, False, False)
    if not stat.S_ISDIR(now.st_mode):
        return Tree(path, True, False, True, True)
    try:
        return Tree(path, True, True, True, not _holds_files(path))
    except OSError:
        return Tree(path, True, True, False, False)


def _holds_files(path: str) -> bool:
    # A folder that lacks files, but not folders, was made by somebody and never filled.
    os.scandir(path).close()
    return any(files for _folder, _folders, files in os.walk(path))


def compare(files: t.Iterable[dict[str, t.Any]], root: str, manifest: Manifest, details: dict[str, t.Any]) -> t.Iterator[tuple[str, str]]:
    """Tell the state of each file that collectstatic takes.

    :param details: ``storage_details`` of the project's answer.
    :returns: relative path and state: ``same``, ``unknown`` (there, but its content cannot be compared), ``vanished`` or ``unreadable`` (the source),
        or one of :data:`STATES`.
    """
    for file in files:
        if not file["shadowed"]:
            yield file["path"], _state(file["path"], file["source"], root, manifest, details)


def _state(name: str, source: str, root: str, manifest: Manifest, details: dict[str, t.Any]) -> str:
    hashed = manifest.names.get(name)
    if manifest.names and hashed is None:
        return "not_in_manifest"
    comparable = bool(source) and details["keeps_content"]
    state = _copy_state(os.path.join(root, name), source if comparable else "")
    if state == "missing" and hashed and details["keeps_only_hashed"]:
        state = "same"
    if state not in ("same", "unknown") or not hashed or hashed == name:
        return state
    rewritten = any(fnmatch.fnmatchcase(name, pattern) for pattern in details["rewrites"])
    of_hashed = _copy_state(os.path.join(root, hashed), source if comparable and not rewritten else "")
    return {"missing": "hashed_missing", "no_file": "hashed_missing", "different": "hashed_different"}.get(of_hashed, state)


def _copy_state(copy: str, source: str) -> str:
    """Compare a copy with its source, if one is given."""
    try:
        now = os.stat(copy)
    except OSError as error:
        return "missing" if isinstance(error, (FileNotFoundError, NotADirectoryError)) else "unknown"
    if not stat.S_ISREG(now.st_mode):
        return "no_file"
    if not source:
        return "unknown"
    try:
        origin = os.stat(source)
    except FileNotFoundError:
        return "vanished"
    except OSError:
        return "unreadable"
    if (origin.st_dev, origin.st_ino) == (now.st_dev, now.st_ino):
        return "same"
    if not stat.S_ISREG(origin.st_mode):
        return "unreadable"
    return "different" if origin.st_size != now.st_size else _same_bytes(copy, source)


def _same_bytes(copy: str, source: str) -> str:
    try:
        with open(source, "rb", buffering=0) as one, open(copy, "rb", buffering=0) as other:
            while True:
                block = one.read(BLOCK)
                if block != other.read(BLOCK):
                    return "different"
                if not block:
                    return "same"
    except FileNotFoundError:
        return "vanished"
    except OSError:
        return "unreadable"


def summary(tree: Tree, states: t.Mapping[str, str], manifest: Manifest) -> dict[str, t.Any]:
    """Return counts and a few names of each state, however many files there are.

    :param states: state by name.
    """
    counted = collections.Counter(states.values())
    result: dict[str, t.Any] = dict(tree._asdict())
    result["compared_count"] = counted["same"] + counted["different"] + counted["hashed_different"]
    for state in (*STATES, "vanished", "unreadable"):
        examples = [name for name in states if states[name] == state][:EXAMPLES] if counted[state] else []
        result[state] = {"count": counted[state], "examples": examples}
    if tree.is_folder:
        gone = sorted(hashed for name, hashed in manifest.names.items() if name not in states and not os.path.exists(os.path.join(tree.path, hashed)))
        known = result["hashed_missing"]
        result["hashed_missing"] = {"count": known["count"] + len(gone), "examples": [*known["examples"], *gone][:EXAMPLES]}
    return result
