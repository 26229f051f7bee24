# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about paths, as the host sees them and as nginx's workers do."""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.path_chain import Chains, attribute
from ansible_collections.webops.django.plugins.module_utils.path_hidden import hidden_files
from ansible_collections.webops.django.plugins.module_utils.path_mounts import Mounts, read_mounts
from ansible_collections.webops.django.plugins.module_utils.worker_view import Worker, open_paths

MOST_BYTES = 64 << 20
"""A larger file gets no digest."""
MOST_HIDDEN = 50
"""Paths of which it is asked what a mount hides there."""
_KINDS = ((stat.S_ISREG, "file"), (stat.S_ISDIR, "directory"), (stat.S_ISLNK, "link"))


def look_at_paths(requests: t.Sequence[t.Mapping[str, t.Any]], workers: t.Mapping[str, Worker]) -> dict[str, dict[str, t.Any]]:
    """Look at paths.

    :param requests: ``path``, ``nginx`` (the id of the one whose worker is asked; may be empty), ``digest`` (whether SHA-256 is wanted).
    :param workers: by the id of their nginx.
    :returns: a PATH record by path.
    """
    chains, mounts = Chains(), read_mounts()
    digests = {request["path"] for request in requests if request.get("digest")}
    records = {path: _record(path, path in digests, chains, mounts) for path in dict.fromkeys(request["path"] for request in requests)}
    _note_hidden(records.values())
    for name, worker in workers.items():
        paths = list(dict.fromkeys(request["path"] for request in requests if request.get("nginx") == name))
        if not paths:
            continue
        theirs = read_mounts(worker["pid"]) if worker.get("pid") else None
        for path, opened in zip(paths, open_paths(paths, worker)):
            record = records[path]
            record["worker"][name] = dict(opened, mount=theirs.of(record["realpath"] or path) if theirs else record["mount"])
    return records


def _record(path: str, digest: bool, chains: Chains, mounts: Mounts) -> dict[str, t.Any]:
    """Return all but what the workers say. What cannot be seen is None."""
    record: dict[str, t.Any] = {
        "path": path,
        "exists": None,
        "kind": None,
        "realpath": None,
        "acl": None,
        "sha256": None,
        "selinux": "",
        "mount": None,
    }
    record.update(dict.fromkeys(("mode", "owner", "group", "uid", "gid", "size", "mtime", "ctime", "inode")), chain=[], worker={})
    if not path.startswith("/") or "\0" in path:
        record["exists"] = False
        return record
    try:
        chain = chains.chain(path)
        record["chain"] = chain.components
        record["realpath"] = chain.realpath or os.path.realpath(path)
        record["mount"] = mounts.of(record["realpath"])
        record["exists"], status = _status(path)
    except (OSError, ValueError):
        return record
    if status:
        label = attribute(path, "security.selinux") if record["exists"] else None
        record.update(
            chains.rights(status),
            kind=next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), "other"),
            size=status.st_size,
            mtime=status.st_mtime,
            ctime=status.st_ctime,
            inode=f"{status.st_dev}:{status.st_ino}",
            acl=bool(record["exists"] and chain.components[-1]["acl"]),
            selinux=(label or b"").decode(errors="replace").rstrip("\0"),
            sha256=_digest(path) if digest and stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES else None,
        )
    return record


def _note_hidden(records: t.Iterable[dict[str, t.Any]]) -> None:
    """Tell of places where nothing is seen how many files a mount hides there: in its ``hides``, None where that cannot be seen."""
    empty = [record for record in records if (record["mount"] or {}).get("point") not in (None, "/") and _is_empty(record)]
    for record in empty[:MOST_HIDDEN]:
        record["mount"] = dict(record["mount"], hides=hidden_files(record["mount"]["point"], record["realpath"]))


def _is_empty(record: t.Mapping[str, t.Any]) -> bool:
    if record["exists"] is not True:
        return record["exists"] is False and record["kind"] is None
    try:
        with os.scandir(record["realpath"]) as entries:
            # A new file system holds this folder.
            return record["kind"] == "directory" and all(entry.name == "lost+found" for entry in itertools.islice(entries, 2))
    except OSError:
        return False


def _status(path: str) -> tuple[bool | None, os.stat_result | None]:
    """Return whether a path leads to something, and what it is: a link that leads nowhere is a link."""
    try:
        return True, os.stat(path)
    except PermissionError:
        return None, None
    except OSError:
        try:
            return False, os.lstat(path)
        except PermissionError:
            return None, None
        except OSError:
            return False, None


def _digest(path: str) -> str | None:
    """Return a file's SHA-256, read without a trace where that is allowed."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        try:
            descriptor = os.open(path, flags | os.O_NOATIME)
        except PermissionError:
            descriptor = os.open(path, flags)
        digest, left = hashlib.sha256(), MOST_BYTES + 1
        with os.fdopen(descriptor, "rb") as file:
            while left > 0:
                chunk = file.read(min(1 << 20, left))
                if not chunk:
                    return digest.hexdigest()
                left -= len(chunk)
                digest.update(chunk)
    except OSError:
        return None
    return None
