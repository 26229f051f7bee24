# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading archives of anybody's making, and writing one that is the same for the same tree."""

from __future__ import annotations

import gzip
import posixpath
import stat
import tarfile
import typing as t
import zipfile
import zlib

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.source_tree import (
    CHUNK,
    FILE,
    FOLDER,
    LINK,
    Entry,
    Excluder,
    HashingReader,
    printable,
)

try:
    from lzma import LZMAError
except ImportError:  # a Python that was built without it, which tarfile explains when it meets such an archive
    LZMAError = EOFError  # type: ignore[misc,assignment]

SUFFIXES = (".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar", ".zip")
HARD_LINK = "hard link"
TOP = b"source"
"""The one folder at the top of our archives, which unpacking strips: so a tree that has a single folder at its top keeps that one."""

_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError, NotImplementedError, ValueError)
# RuntimeError: an encrypted zip; NotImplementedError: a compression this Python lacks; ValueError: a name that is no text.


class Writer:
    """Writes a tar.gz that depends on names, kinds, executable bits, link targets and contents alone, streamed.

    GNU format, for it stores names as the bytes they are.
    """

    def __init__(self, stream: t.BinaryIO) -> None:
        self._gzip = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=stream, mtime=0)
        self._tar = tarfile.TarFile(fileobj=self._gzip, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape")
        self.add(Entry(b"", FOLDER), None)

    def add(self, entry: Entry, content: HashingReader | None) -> None:
        """Add an entry, and a file's content."""
        info = tarfile.TarInfo(posixpath.join(TOP, entry.name).decode("utf-8", "surrogateescape"))
        info.mode = 0o755 if entry.executable or entry.kind != FILE else 0o644
        info.size = entry.size
        if entry.kind == FOLDER:
            info.type = tarfile.DIRTYPE
        elif entry.kind == LINK:
            info.type = tarfile.SYMTYPE
            info.linkname = entry.target.decode("utf-8", "surrogateescape")
        try:
            self._tar.addfile(info, t.cast(t.BinaryIO, content))
        except OSError as error:
            raise ExplainedError(f"{printable(entry.name)} cannot be archived: {error.strerror or error}.") from error

    def close(self) -> None:
        """Write the archive's end; the stream stays open."""
        self._tar.close()
        self._gzip.close()


class Member(t.NamedTuple):
    """An archive's member: the name as it stands there, and a way to read a file."""

    entry: Entry
    read: t.Callable[[], t.BinaryIO]


def read_archive(path: bytes, excluder: Excluder, put: t.Callable[[Entry, t.BinaryIO | None], None]) -> None:
    """Hand every member that is not excluded to ``put``, without the one folder at the top where there is just one.

    :param put: takes an entry, whose name is relative and free of ``..``, and a file's content.
    :raises ExplainedError: no archive, a damaged one, or one that holds a name or a kind of file that no release may hold.
    """
    try:
        if zipfile.is_zipfile(path.decode("utf-8", "surrogateescape")):
            with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
                _hand_over(lambda: _zip_members(archive), excluder, put)
        else:
            with open(path, "rb") as file, tarfile.open(fileobj=file, mode="r:*", encoding="utf-8", errors="surrogateescape") as tar:
                _hand_over(lambda: _tar_members(tar), excluder, put)
                # tarfile stops at the last member: a compressed file's checksum comes after it.
                while t.cast(t.BinaryIO, tar.fileobj).read(CHUNK):
                    pass
    except _DAMAGED as error:
        raise ExplainedError(f"{printable(path)} is damaged, or no tar or zip archive that this Python reads: {error}.") from error
    except OSError as error:
        # gzip and bz2 report damage as an OSError without a number; a full disk has one.
        what = "cannot be unpacked" if error.errno else "is damaged"
        at = f" ({printable(error.filename)})" if isinstance(error.filename, (str, bytes)) else ""
        raise ExplainedError(f"{printable(path)} {what}: {error.strerror or error}{at}.") from error


def _hand_over(members: t.Callable[[], t.Iterator[Member]], excluder: Excluder, put: t.Callable[[Entry, t.BinaryIO | None], None]) -> None:
    top = _single_top([member.entry for member in members()], excluder)
    for member in members():
        name = _below(top, member.entry.name)
        if not name or excluder(name):
            continue
        entry = member.entry._replace(name=name)
        if entry.kind == HARD_LINK:
            entry = entry._replace(target=_below(top, entry.target))
        if entry.kind != FILE:
            put(entry, None)
            continue
        with member.read() as content:
            put(entry, content)


def _below(top: bytes, name: bytes) -> bytes:
    """Return a name relative to the folder at the top; '' for that folder, and for what lies beside it, which is excluded."""
    if not top:
        return name
    return name[len(top) + 1 :] if name.startswith(top + b"/") else b""


def _single_top(members: list[Entry], excluder: Excluder) -> bytes:
    tops = {entry.name.split(b"/")[0] for entry in members if entry.name} - {b""}
    wanted = {top for top in tops if not excluder.component(top)}
    if len(wanted) != 1:
        return b""
    top = wanted.pop()
    is_folder = all(entry.kind == FOLDER for entry in members if entry.name == top)
    return top if is_folder and any(entry.name.startswith(top + b"/") for entry in members) else b""


def _clean(name: bytes) -> bytes:
    """Return a member's name without ``./``; refuse one that leads out of where it is unpacked."""
    components = [component for component in name.split(b"/") if component not in (b"", b".")]
    if name.startswith(b"/") or b".." in components or b"\0" in name:
        raise ExplainedError(
            f"The archive holds {printable(name)!r}, which leads out of the folder it is unpacked in; pack it anew with relative names."
        )
    return b"/".join(components)


def _tar_members(archive: tarfile.TarFile) -> t.Iterator[Member]:
    for info in archive:
        name = _clean(info.name.encode("utf-8", "surrogateescape"))
        target = info.linkname.encode("utf-8", "surrogateescape")
        executable = bool(info.mode & stat.S_IXUSR)
        if info.isdir():
            entry = Entry(name, FOLDER)
        elif info.issym():
            entry = Entry(name, LINK, target=target)
        elif info.islnk():
            entry = Entry(name, HARD_LINK, executable, target=_clean(target))
        elif info.isreg():
            entry = Entry(name, FILE, executable, info.size)
        else:
            raise ExplainedError(f"The archive holds {printable(name)}, a device or a pipe; pack it anew without.")
        yield Member(entry, lambda info=info: t.cast(t.BinaryIO, archive.extractfile(info)))  # type: ignore[misc]


def _zip_members(archive: zipfile.ZipFile) -> t.Iterator[Member]:
    for info in archive.infolist():
        name = _clean(info.filename.encode("utf-8", "surrogateescape"))
        mode = info.external_attr >> 16
        if info.is_dir():
            entry = Entry(name, FOLDER)
        elif stat.S_ISLNK(mode):
            entry = Entry(name, LINK, target=archive.read(info))
        elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
            entry = Entry(name, FILE, bool(mode & stat.S_IXUSR), info.file_size)
        else:
            raise ExplainedError(f"The archive holds {printable(name)}, a device or a pipe; pack it anew without.")
        yield Member(entry, lambda info=info: t.cast(t.BinaryIO, archive.open(info)))  # type: ignore[misc]
