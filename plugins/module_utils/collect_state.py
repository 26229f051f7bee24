# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run remembers for the next one: fingerprints of what went in and of what came out.

The state decides over nothing that is served: where it is missing, damaged or wrong, files are collected and compared as ever.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import inspect
import json
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.collect_kept import is_safe
from ansible_collections.webops.django.plugins.module_utils.collect_staging import workplace
from ansible_collections.webops.django.plugins.module_utils.django_probe_sources import has_settled, stat_line
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import write_file
from ansible_collections.webops.django.plugins.module_utils.static_tree import STATE_SUFFIX, is_ours

VERSION = 1


@dataclasses.dataclass
class State:
    """What the last run left.

    :ivar destination: the published tree.
    :ivar inputs: fingerprint of all that was collected from, and of how; empty where there is none.
    :ivar tree: fingerprint of the published tree.
    :ivar siblings: names of the compressed siblings that were made.
    :ivar earlier: hashed names that earlier manifests gave out, the latest manifest first.
    :ivar result: the run's return values.
    """

    destination: str
    inputs: str
    tree: str
    siblings: list[str]
    earlier: list[list[str]]
    result: dict[str, t.Any]


def state_path(target: str) -> str:
    """Return where the state of a tree is kept: beside it, under a name that no server lists, closed to everybody else."""
    return os.path.join(workplace(target), f".{os.path.basename(target)[:200]}{STATE_SUFFIX}")


def read_state(target: str) -> State | None:
    """Return the state of a tree; None where there is none, or none that can be relied on."""
    try:
        handle = os.open(state_path(target), os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, "rb") as file:
            now = os.fstat(handle)
            if not stat.S_ISREG(now.st_mode) or now.st_uid != os.geteuid() or now.st_mode & 0o077:
                return None
            content = json.loads(file.read().decode("utf-8", "surrogateescape"))
        version, state = content.pop("version"), State(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return state if version == VERSION and state.destination == target and _is_sound(state) else None


def _is_sound(state: State) -> bool:
    lists = [state.siblings, *state.earlier] if isinstance(state.earlier, list) else [None]
    names_are_safe = all(isinstance(names, list) and all(isinstance(name, str) and is_safe(name) for name in names) for names in lists)
    return names_are_safe and isinstance(state.inputs, str) and isinstance(state.tree, str) and isinstance(state.result, dict)


def write_state(state: State) -> None:
    """Remember a state.

    :raises ExplainedError: it cannot be written; then there is none.
    """
    path = state_path(state.destination)
    content = json.dumps(dict(dataclasses.asdict(state), version=VERSION)).encode("utf-8", "surrogateescape")
    try:
        write_file(path, content, 0o600)
    except ExplainedError:
        forget_state(state.destination)
        raise


def forget_state(target: str) -> None:
    """Remove a tree's state."""
    with contextlib.suppress(OSError):
        os.unlink(state_path(target))


def forget_states_without_tree(folder: str) -> None:
    """Remove the states of trees that are no longer beside them."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            tree = name[1 : -len(STATE_SUFFIX)]
            if is_ours(name) and name.endswith(STATE_SUFFIX) and tree != os.path.basename(folder) and not os.path.lexists(os.path.join(folder, tree)):
                os.unlink(os.path.join(folder, name))


def tree_fingerprint(root: str) -> str:
    """Return a fingerprint of a tree that whoever writes into it, or changes a mode or an owner, makes another one. No file is read.

    :returns: empty where there is no such folder, or where it does not come to rest.
    :raises OSError: a folder cannot be read.
    """
    if not os.path.isdir(root):
        return ""
    for _attempt in range(3):
        lines: list[str] = []
        newest = _describe(root, ".", lines)
        if has_settled(newest):
            return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()
    return ""


def _describe(folder: str, name: str, lines: list[str]) -> int:
    now = os.stat(folder)
    # What a folder holds shows in the names; its times change with each file that is switched.
    lines.append(f"{name}\0folder {now.st_mode} {now.st_uid} {now.st_gid}")
    newest = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{name}/{entry.name}"
            if is_ours(path[2:]):
                continue
            if entry.is_dir(follow_symlinks=False):
                newest = max(newest, _describe(entry.path, path, lines))
            else:
                now = entry.stat(follow_symlinks=False)
                lines.append(f"{stat_line(path, now)} {now.st_mode} {now.st_uid} {now.st_gid}")
                newest = max(newest, now.st_ctime_ns)
    return newest


def code_fingerprint(modules: t.Iterable[t.Any]) -> str:
    """Return a fingerprint of the source of modules, so that another version of this collection looks at everything anew."""
    digest = hashlib.sha256()
    for module in modules:
        digest.update(inspect.getsource(module).encode())
    return digest.hexdigest()
