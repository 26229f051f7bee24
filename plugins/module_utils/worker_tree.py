# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A static tree as it lies on disk: its files, its broken links, and whether compressed siblings hold what their files hold."""

from __future__ import annotations

import collections
import errno
import os
import re
import stat
import time
import typing as t
import zlib

from ansible_collections.webops.django.plugins.module_utils import brotli_codec
from ansible_collections.webops.django.plugins.module_utils.encodings import EncodingError, decoded
from ansible_collections.webops.django.plugins.module_utils.served_tree import MANIFEST, MAX_VISITS, PRECOMPRESSED
from ansible_collections.webops.django.plugins.module_utils.worker_process import Place, ask
from ansible_collections.webops.django.plugins.module_utils.worker_questions import error_name

SUFFIXES = {"gzip": b".gz", "br": b".br"}
MOST_FILES = 200_000
MOST_BYTES = 64 << 20
"""A larger file, or one whose sibling is larger, is not compared."""
SECONDS = 3.0
"""How long siblings are compared."""
SMALL = 1 << 17
"""Bytes up to which a file is read at once."""
MOST_FOLDERS = 2000
LEVELS = 3
"""So deep nginx nests the folders below a temp path (proxy_temp_path takes up to three levels)."""
_HASHED = re.compile(r"[0-9a-f]{1,3}$")
"""How nginx names them: digits of a file's number, or of a cache key's MD5. What else lies there is not nginx's."""


class Tree(t.NamedTuple):
    """What lies in a tree. Paths are absolute; ``files`` are those that a client may ask for, sorted."""

    files: list[str]
    broken: list[dict[str, str]]
    stale: list[dict[str, str]]
    siblings: int
    notes: list[str]


def read(root: str, encodings: t.Sequence[str], place: Place | None) -> Tree:
    """Read a tree.

    :param encodings: the siblings that are compared: of ``gzip`` and ``br``.
    :param place: the root folder that the path counts from, None: ours.
    """
    known = [encoding for encoding in encodings if encoding == "gzip" or (encoding == "br" and brotli_codec.can_decode())]
    tree = Tree([], [], [], 0, [])
    if "br" in encodings and "br" not in known:
        tree.notes.append("Siblings that end in .br were not compared: there is no brotli on this host.")
    pairs: list[tuple[str, str]] = []
    listed = ask(lambda: _entries(os.fsencode(root)), place, None)
    for kind, path, more in listed.told:
        if kind == "file":
            tree.files.append(path)
            pairs.extend((path, encoding) for encoding in known if os.fsdecode(SUFFIXES[encoding]) in more)
        elif kind == "broken":
            tree.broken.append({"path": path, "target": more[0], "error": more[1]})
        else:
            tree.notes.append(f"{path} could not be read ({more[0]}).")
    compared = ask(lambda: _stale(pairs), place, None) if pairs else listed
    tree.stale.extend({"path": path, "encoding": encoding} for (path, encoding), stale in zip(pairs, compared.told) if stale)
    unknown = sum(stale is None for stale in compared.told) if pairs else 0
    if unknown:
        tree.notes.append(f"{unknown} of {len(pairs)} compressed siblings were not compared: they are large, many, or cannot be read.")
    troubles = dict.fromkeys((listed.trouble, compared.trouble))
    tree.notes.extend(f"The tree was not read to its end: {trouble}." for trouble in troubles if trouble)
    tree.files.sort()
    return tree._replace(siblings=len(pairs))


def _entries(root: bytes) -> t.Iterator[tuple[str, str, t.Sequence[str]]]:
    """Yield what lies in a tree: kind, path and more.

    For a ``file`` the suffixes of its siblings, for a ``broken`` link its target and the error, for ``unread`` what the kernel said.
    """
    count = 0
    visits: dict[tuple[int, int], int] = {}
    folders: collections.deque[tuple[bytes, frozenset[tuple[int, int]]]] = collections.deque([(root, frozenset())])
    while folders:
        folder, above = folders.popleft()
        try:
            status = os.stat(folder)
            with os.scandir(folder) as listing:
                entries = {entry.name: entry for entry in listing}
        except (OSError, ValueError) as error:
            yield "unread", os.fsdecode(folder), [error_name(error)]
            continue
        identity = (status.st_dev, status.st_ino)
        visits[identity] = visits.get(identity, 0) + 1
        # Links can make a few folders into millions of paths, and those that lead back up into endless ones.
        if identity in above or visits[identity] > MAX_VISITS:
            continue
        for name, entry in entries.items():
            if name.startswith(b".") or (folder == root and name == MANIFEST.encode()):
                continue
            kind, more = _kind(entry)
            if kind == "folder":
                folders.append((entry.path, above | {identity}))
            elif kind == "file" and not (name.endswith(PRECOMPRESSED) and name.rpartition(b".")[0] in entries):
                count += 1
                yield kind, os.fsdecode(entry.path), [os.fsdecode(suffix) for suffix in PRECOMPRESSED if name + suffix in entries]
            elif kind == "broken":
                yield kind, os.fsdecode(entry.path), more
        if count > MOST_FILES:
            yield "unread", os.fsdecode(root), [f"the tree holds more than {MOST_FILES} files"]
            return


def _kind(entry: os.DirEntry[bytes]) -> tuple[str, t.Sequence[str]]:
    """Tell a folder, a file, and a link that leads nowhere; what cannot be told is a file: the worker is asked."""
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            return "file", ()
        try:
            return "broken", (os.fsdecode(os.readlink(entry.path)), error_name(error))
        except OSError:
            return "gone", ()
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other", ()


def _stale(pairs: t.Iterable[tuple[str, str]]) -> t.Iterator[bool | None]:
    """Tell for each file and encoding whether the sibling holds something else; None where nobody looked."""
    until = time.monotonic() + SECONDS
    for path, encoding in pairs:
        raw = os.fsencode(path)
        yield is_stale(raw, raw + SUFFIXES[encoding], encoding) if time.monotonic() < until else None


def is_stale(path: bytes, sibling: bytes, encoding: str) -> bool | None:
    """Tell whether a sibling does not decompress to its file's bytes; None where one of them cannot be read or is large."""
    try:
        with _opened(path) as file, _opened(sibling) as other:
            if encoding == "gzip" and _is_plainly_right(file, other):
                return False
            for piece in decoded(iter(lambda: other.read(65536), b""), encoding):
                if file.read(len(piece)) != piece:
                    return True
            return bool(file.read(1))
    except EncodingError:
        return True
    except (OSError, ValueError):
        return None


def _is_plainly_right(file: t.BinaryIO, sibling: t.BinaryIO) -> bool:
    """Tell at once of a small file with a sibling of one member, as nearly all are; else leave both at their beginning."""
    content, packed = file.read(SMALL + 1), sibling.read(SMALL + 1)
    if len(content) <= SMALL and len(packed) <= SMALL:
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            # A byte more than there must be, so that a longer one shows.
            same = member.decompress(packed, len(content) + 1) == content
            same = same and not member.decompress(member.unconsumed_tail, 1) and member.eof and not member.unused_data
        except zlib.error:
            same = False
        if same:
            return True
    file.seek(0)
    sibling.seek(0)
    return False


def _opened(path: bytes) -> t.BinaryIO:
    """Open a plain file of bounded size, without a trace of the reading where that is allowed."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags | os.O_NOATIME)
    except PermissionError:
        # O_NOATIME is for the owner and root (open(2)).
        descriptor = os.open(path, flags)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_BYTES:
        os.close(descriptor)
        raise OSError(errno.EFBIG, "it is large, or no plain file")
    return os.fdopen(descriptor, "rb")


def folders_below(folders: t.Iterable[str]) -> t.Iterator[list[str]]:
    """Yield for each folder those that lie below it, as deep as nginx nests them."""
    for folder in folders:
        found: list[str] = []
        level = [folder]
        for _depth in range(LEVELS):
            level = [path for one in level for path in _folders_in(one)][: MOST_FOLDERS - len(found)]
            found += level
        yield found


def _folders_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if _HASHED.match(entry.name) and entry.is_dir(follow_symlinks=False))
    except (OSError, ValueError):
        return []
