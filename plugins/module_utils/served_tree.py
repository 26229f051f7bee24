# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a collected tree that a client must get, a sample of them, and which names are proven hashed."""

from __future__ import annotations

import collections
import hashlib
import itertools
import json
import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.content_types import extension
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.web_urls import printable

MANIFEST = "staticfiles.json"
"""Where Django's ManifestFilesMixin keeps its manifest, by default."""
PRECOMPRESSED = (b".gz", b".br", b".zst")
MAX_HIDDEN = 50
MAX_VISITS = 8
"""How often a folder is read again because links lead to it: links can make a few folders into millions of paths."""
_HASH = re.compile(rb"\.([0-9a-f]{12})(?:\.[^./]*)?$")
"""Where Django's HashedFilesMixin puts 12 digits of the content's MD5: before the last extension."""


class Listing(t.NamedTuple):
    """The files of a tree, by relative paths.

    :param served: all that must be served, sorted.
    :param hidden: dot files and what lies in dot folders, a few of them, sorted.
    """

    served: list[bytes]
    hidden: list[bytes]


def read_tree(root: str) -> Listing:
    """Return the files of a tree.

    In neither list: the manifest, the compressed siblings of a file, which nginx sends in the file's place, and
    ``.well-known``, which is public by its nature (RFC 8615).

    :raises ExplainedError: the folder, or one below it, cannot be read.
    """
    top = os.fsencode(root)
    found = Listing([], [])
    visits: dict[tuple[int, int], int] = {}
    # Near ones first, so that a folder's own path comes before those that links add.
    open_folders: collections.deque[tuple[bytes, tuple[tuple[int, int], ...]]] = collections.deque([(b"", ())])
    while open_folders:
        inside, above = open_folders.popleft()
        identity, entries = _read_folder(os.path.join(top, inside))
        visits[identity] = visits.get(identity, 0) + 1
        if visits[identity] > MAX_VISITS:
            continue
        for name, entry in entries.items():
            path = os.path.join(inside, name)
            if name.startswith(b"."):
                if len(found.hidden) < MAX_HIDDEN and name != b".well-known":
                    found.hidden.extend(_hidden_files(path, entry))
            elif _is_folder(entry):
                # A link that leads back up would be walked for ever.
                if identity not in above:
                    open_folders.append((path, (*above, identity)))
            elif _is_served(entry) and not (name.endswith(PRECOMPRESSED) and name.rpartition(b".")[0] in entries) and path != MANIFEST.encode():
                found.served.append(path)
    return Listing(sorted(found.served), sorted(found.hidden))


def _read_folder(folder: bytes) -> tuple[tuple[int, int], dict[bytes, os.DirEntry[bytes]]]:
    """Return device and inode, and what lies in the folder."""
    where = printable(os.fsdecode(folder))
    try:
        status = os.stat(folder)
        with os.scandir(folder) as entries:
            return (status.st_dev, status.st_ino), {entry.name: entry for entry in entries}
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ExplainedError(f"static_path: {where} went away while the tree was read; run again when nobody collects or publishes.") from error
    except PermissionError as error:
        raise ExplainedError(f"static_path: {where} cannot be read ({error.strerror}); run the task with become: true.") from error
    except OSError as error:
        raise ExplainedError(f"static_path: {where} cannot be read ({error.strerror}).") from error


def _hidden_files(path: bytes, entry: os.DirEntry[bytes]) -> list[bytes]:
    """Return a dot file, or the first few files of a dot folder."""
    try:
        if entry.is_file():
            return [path]
        if not entry.is_dir():
            return []
        with os.scandir(entry.path) as inside:
            return [os.path.join(path, file.name) for file in itertools.islice((one for one in inside if one.is_file()), 3)]
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[bytes]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_served(entry: os.DirEntry[bytes]) -> bool:
    """Tell a file from a socket or a pipe; a dangling link was collected too, and a client asks for it in vain."""
    try:
        return entry.is_symlink() or entry.is_file()
    except OSError:
        return True


def sample(paths: t.Sequence[bytes], size: int) -> list[bytes]:
    """Choose files, the same ones on every host: of every app, every extension and every folder as far as the size allows.

    :param size: files at most; 0: all.
    """
    if not size or len(paths) <= size:
        return list(paths)
    # By digest, so that a choice among equals does not favour names that come early in the alphabet.
    shuffled = sorted(paths, key=lambda path: hashlib.sha256(path).digest())
    chosen: dict[bytes, None] = {}
    for group in (_app, _extension, _folder, _folder_and_extension):
        if len(chosen) >= size:
            break
        seen = {group(path) for path in chosen}
        for path in shuffled:
            if group(path) not in seen:
                seen.add(group(path))
                chosen[path] = None
    for path in shuffled:
        if len(chosen) >= size:
            break
        chosen[path] = None
    return sorted(list(chosen)[:size])


def _app(path: bytes) -> object:
    return path.partition(b"/")[0] if b"/" in path else b""


def _extension(path: bytes) -> object:
    return extension(os.fsdecode(path))


def _folder(path: bytes) -> object:
    return os.path.dirname(path)


def _folder_and_extension(path: bytes) -> object:
    return _folder(path), _extension(path)


def hashed_names(manifest: str) -> set[bytes]:
    """Return the relative paths that a manifest proves to be named by their content.

    :param manifest: the manifest's path; empty: there is none.
    :raises ExplainedError: it is no manifest.
    """
    if not manifest:
        return set()
    try:
        with open(manifest, encoding="utf-8") as file:
            paths = json.load(file)["paths"]
        hashed = {os.fsencode(hashed) for name, hashed in paths.items() if name != hashed}
    except OSError as error:
        raise ExplainedError(f"The manifest {printable(manifest)} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ExplainedError(
            f"{printable(manifest)} is not a manifest of Django's static files: it must be a JSON object with 'paths'. Collect again."
        ) from error
    outside = sorted(name for name in hashed if name.startswith(b"/") or b".." in name.split(b"/"))
    if outside:
        raise ExplainedError(
            f"The manifest {printable(manifest)} names {printable(os.fsdecode(outside[0]))!r}, which lies outside of the static tree; collect again."
        )
    return hashed


def is_named_by_content(root: str, path: bytes) -> bool:
    """Tell whether a name holds the hash of the file's content: so do the kept files of earlier releases, which no manifest names."""
    match = _HASH.search(path)
    if not match:
        return False
    try:
        digest = _md5()
        with open(os.path.join(os.fsencode(root), path), "rb") as file:
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
    except (OSError, ValueError):
        return False
    return digest.hexdigest()[:12] == os.fsdecode(match.group(1))


def _md5() -> t.Any:
    try:
        return hashlib.new("md5", usedforsecurity=False)
    except TypeError:
        # Python 3.8 does not know the argument.
        return hashlib.new("md5")
