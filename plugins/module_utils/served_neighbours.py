# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that lie beside a static tree: what a client gets when it can climb out of the tree."""

from __future__ import annotations

import itertools
import os
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.served_leaks import START, what_leaked

MAX_NEIGHBOURS = 5
_SMALLEST = 16
"""Bytes; fewer may stand in another file too."""
_MAX_ENTRIES = 200
_MAX_FOLDERS = 20
_SOURCES = (b".py", b".env", b".cfg", b".ini", b".toml", b".yml", b".yaml", b".sh", b".sqlite3", b".sql", b".lock", b".key", b".pem", b".log")


class Neighbour(t.NamedTuple):
    """A file outside of the tree.

    :param path: relative to the folder that is reached.
    :param climb: how many folders that is above the tree; 1 is the one in which the tree lies.
    :param file: its absolute path.
    :param content: its beginning, at most :data:`~.served_leaks.START` bytes.
    :param source: by its name or content it is nothing that anybody publishes.
    """

    path: bytes
    climb: int
    file: bytes
    content: bytes
    source: bool


def neighbours(root: str, given: str, served: t.Sequence[bytes]) -> list[Neighbour]:
    """Choose files beside the tree, sources and secrets first.

    :param root: the tree, without links.
    :param given: its path as the user gave it; a server that resolves ``..`` by itself climbs along this one.
    :param served: relative paths of the tree's files; a file whose content is among them under its name proves nothing.
    """
    chosen: dict[bytes, Neighbour] = {}
    for base in dict.fromkeys((os.fsencode(root), os.fsencode(os.path.abspath(given)))):
        folder = base
        for climb, wanted in ((1, 2), (2, 1)):
            folder = os.path.dirname(folder)
            if folder in (b"/", b""):
                break
            new = (one for one in _files(folder, climb, os.fsencode(root)) if one.file not in chosen and not _is_in_tree(one, root, served))
            for neighbour in itertools.islice(new, wanted):
                chosen[neighbour.file] = neighbour
    return list(chosen.values())[:MAX_NEIGHBOURS]


def _files(folder: bytes, climb: int, root: bytes) -> t.Iterator[Neighbour]:
    """Yield the readable files of a folder and of the folders in it, sources first, those that lie near first."""
    paths, folders = _entries(folder)
    for name in folders[:_MAX_FOLDERS]:
        if not _leads_to(os.path.join(folder, name), root):
            paths += [os.path.join(name, inside) for inside in _entries(os.path.join(folder, name))[0]]
    for path in sorted(paths, key=lambda path: (not path.endswith(_SOURCES), path.count(b"/"), path)):
        file = os.path.realpath(os.path.join(folder, path))
        content = b"" if _leads_to(file, root) else _start_of(file)
        if len(content) >= _SMALLEST:
            yield Neighbour(path, climb, file, content, path.endswith(_SOURCES) or bool(what_leaked(path, content)))


def _entries(folder: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the names of some files and folders in a folder."""
    files: list[bytes] = []
    folders: list[bytes] = []
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(itertools.islice(entries, _MAX_ENTRIES), key=lambda entry: entry.name):
                (folders if entry.is_dir() else files).append(entry.name)
    except OSError:
        # What cannot be read here is not compared.
        pass
    return files, folders


def _leads_to(path: bytes, root: bytes) -> bool:
    real = os.path.realpath(path)
    return real == root or real.startswith(root + b"/")


def _start_of(file: bytes) -> bytes:
    """Return the beginning of a plain file; nothing where it cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):
            return b""
        with open(file, "rb") as opened:
            return opened.read(START)
    except OSError:
        return b""


def _is_in_tree(neighbour: Neighbour, root: str, served: t.Sequence[bytes]) -> bool:
    name = b"/" + os.path.basename(neighbour.path)
    same_name = (path for path in served if path.endswith(name) or path == name[1:])
    # A copy of the tree beside it may be called as the URL is: then /static/../static/x is /static/x, of the tree itself. Its manifest
    # and compressed siblings are not among the files that must be served.
    parts = neighbour.path.split(b"/")
    same_place = (b"/".join(parts[number:]) for number in range(len(parts)))
    return any(_start_of(os.path.join(os.fsencode(root), path)) == neighbour.content for path in (*same_name, *same_place))
