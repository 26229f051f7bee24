# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A project's source as a list of entries and as one digest.

Names are bytes: a file name on Linux is any bytes but NUL and slash, and a release must hold all of them, whatever the locale.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import posixpath
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

DEFAULT_EXCLUDE = (
    ".git",
    ".hg",
    ".svn",
    "__pycache__",
    "*.pyc",
    ".venv",
    "venv",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "node_modules",
    ".DS_Store",
    "__MACOSX",
    ".env",
    "*.sqlite3",
    "*.sqlite3-journal",
    "*.sqlite3-wal",
    "*.sqlite3-shm",
)
"""What no release holds: version control, caches, virtualenvs, secrets, and databases, which outlive a release."""

FOLDER = "folder"
FILE = "file"
LINK = "link"
CHUNK = 1024 * 1024


class Entry(t.NamedTuple):
    """One thing below the tree's root; ``name`` is relative to it, ``target`` is a link's text."""

    name: bytes
    kind: str
    executable: bool = False
    size: int = 0
    target: bytes = b""


class Excluder:
    """Patterns as the shell writes them.

    A pattern without a slash matches any component of a path, one with a slash matches the path relative to the tree's root
    (a leading slash only says so; ``*`` matches slashes too). A slash at the end is ignored.
    """

    def __init__(self, patterns: t.Iterable[str]) -> None:
        wanted = [os.fsencode(pattern).rstrip(b"/") for pattern in patterns]
        self._components = [pattern for pattern in wanted if pattern and b"/" not in pattern]
        self._paths = [pattern.lstrip(b"/") for pattern in wanted if b"/" in pattern]

    def component(self, component: bytes) -> bool:
        """Tell whether a single component of a path is excluded wherever it stands."""
        return any(fnmatch.fnmatchcase(component, pattern) for pattern in self._components)

    def __call__(self, name: bytes) -> bool:
        """Tell whether a relative path, or a folder above it, is excluded."""
        components = name.split(b"/")
        if any(self.component(component) for component in components):
            return True
        above = [b"/".join(components[: count + 1]) for count in range(len(components))]
        return any(fnmatch.fnmatchcase(path, pattern) for pattern in self._paths for path in above)


def printable(path: bytes | str) -> str:
    """Return a path as text that any terminal and JSON take: bytes that are no UTF-8 are written as ``\\xff``."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def check_link(root: bytes, name: bytes, target: bytes) -> None:
    """Refuse a link that would point elsewhere once the tree has moved, or that leaves the tree.

    :param root: the tree's folder; links that stand below it already are followed.
    :param name: the link, relative to the root.
    :param target: the link's text.
    :raises ExplainedError: the target is absolute or outside.
    """
    shown = f"The link {printable(name)} -> {printable(target)}"
    cure = "replace it by what it points to, or name it in `exclude`."
    if target.startswith(b"/"):
        raise ExplainedError(f"{shown} is absolute, so it would point out of the release; make it relative, {cure}")
    lexical = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    real_root = os.path.realpath(root)
    # Both: "through/../x" differs where "through" is itself a link.
    real = os.path.realpath(os.path.join(real_root, posixpath.dirname(name), target))
    if lexical == b".." or lexical.startswith(b"../") or os.path.commonpath([real_root, real]) != real_root:
        raise ExplainedError(f"{shown} points out of the source, which the release would not hold; {cure}")


def entries(root: bytes, excluder: Excluder) -> list[Entry]:
    """List a folder's content, sorted by name, a folder before what it holds; links are listed, never followed.

    :raises ExplainedError: something cannot be read, is no file, folder or link, or is a link out of the tree.
    """
    try:
        found = sorted(_walk(root, b"", excluder))
    except OSError as error:
        raise unreadable(error, root) from error
    return found


def _walk(root: bytes, below: bytes, excluder: Excluder) -> t.Iterator[Entry]:
    with os.scandir(os.path.join(root, below)) as listing:
        items = list(listing)
    for item in items:
        name = posixpath.join(below, item.name)
        if excluder(name):
            continue
        info = item.stat(follow_symlinks=False)
        if stat.S_ISDIR(info.st_mode):
            yield Entry(name, FOLDER)
            yield from _walk(root, name, excluder)
        elif stat.S_ISLNK(info.st_mode):
            target = os.readlink(item.path)
            check_link(root, name, target)
            yield Entry(name, LINK, target=target)
        elif stat.S_ISREG(info.st_mode):
            yield Entry(name, FILE, bool(info.st_mode & stat.S_IXUSR), info.st_size)
        else:
            raise ExplainedError(f"{printable(item.path)} is a socket, a pipe or a device; remove it, or name it in `exclude`.")


def unreadable(error: OSError, path: bytes | str) -> ExplainedError:
    """Return the explanation of a file or folder that cannot be read."""
    name = error.filename if isinstance(error.filename, (str, bytes)) else path
    return ExplainedError(f"{printable(name)} cannot be read: {error.strerror or error}.")


def open_file(root: bytes, entry: Entry) -> t.BinaryIO:
    """Open a listed file; one that became a link or a pipe since is refused, so root never reads what a user slipped in."""
    path = os.path.join(root, entry.name)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(handle, "rb")
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise ExplainedError(f"{printable(path)} changed while it was read; run again when nothing writes there.")
    return file


class TreeDigest:
    """SHA-256 over names, kinds, executable bits, link targets and contents; nothing else of a tree counts.

    Each field ends with NUL, which no name holds, and a content enters as its own digest: two trees never give the same text.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256(b"webops tree 1\0")

    def add(self, entry: Entry, content_digest: str = "") -> None:
        """Add the next entry; the order counts, so entries come sorted."""
        what = content_digest.encode() if entry.kind == FILE else entry.target
        flag = b"x" if entry.executable else b"-"
        self._hash.update(b"\0".join([entry.kind.encode(), flag, entry.name, what, b""]))

    def hexdigest(self) -> str:
        """Return the digest of all that was added."""
        return self._hash.hexdigest()


class HashingReader:
    """A file whose bytes are counted and hashed as they are read, so that a digest tells of the very bytes that were copied."""

    def __init__(self, file: t.BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """Read like the file."""
        data = self._file.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    def drain(self) -> None:
        """Read what is left."""
        while self.read(CHUNK):
            pass

    def hexdigest(self) -> str:
        """Return the digest of what was read."""
        return self._hash.hexdigest()


def file_digest(path: bytes | str) -> str:
    """Return the SHA-256 of a file's bytes.

    :raises OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        reader = HashingReader(file)
        reader.drain()
    return reader.hexdigest()


def digest_tree(root: bytes, listed: t.Iterable[Entry], copy: t.Callable[[Entry, HashingReader | None], None] | None = None) -> str:
    """Return the digest of listed entries, and hand each on to ``copy`` while its bytes are read.

    :param copy: takes an entry and, for a file, what to read it from.
    :raises ExplainedError: a file cannot be read, or changed since it was listed.
    """
    digest = TreeDigest()
    for entry in listed:
        if entry.kind != FILE:
            digest.add(entry)
            if copy:
                copy(entry, None)
            continue
        try:
            file = open_file(root, entry)
        except OSError as error:
            raise unreadable(error, os.path.join(root, entry.name)) from error
        with file:
            reader = HashingReader(file)
            if copy:
                copy(entry, reader)
            reader.drain()
        if reader.size != entry.size:
            raise ExplainedError(f"{printable(os.path.join(root, entry.name))} changed while it was read; run again when nothing writes there.")
        digest.add(entry, reader.hexdigest())
    return digest.hexdigest()
