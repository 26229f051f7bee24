# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file on disk: whole in memory or in pieces, compared to its end, and noticed when it changes."""

from __future__ import annotations

import os
import pathlib

import pytest
from ansible_collections.webops.django.plugins.module_utils.served_files_disk import WHOLE, DiskFile, why_unreadable
from hypothesis import given
from hypothesis import strategies as st


def on_disk(path: pathlib.Path, content: bytes) -> DiskFile:
    path.write_bytes(content)
    return DiskFile(os.fsencode(path))


@pytest.mark.parametrize("size", [0, 1, WHOLE - 1, WHOLE, WHOLE + 1, 3 * WHOLE])
def test_a_file_of_any_size(tmp_path: pathlib.Path, size: int) -> None:
    content = os.urandom(size)
    disk = on_disk(tmp_path / "a", content)
    pieces = [content[start : start + 10000] for start in range(0, size, 10000)]
    # Several answers are compared with one opened file.
    for _number in range(2):
        assert disk.difference(pieces) == ""
    assert (disk.size, disk.first, disk.changed()) == (size, content[:2], False)
    assert disk.difference([*pieces, b"x"]) == f"more than its {size} bytes"
    if size:
        assert disk.difference([content[:-1]] if size > 1 else []) == f"only the first {size - 1} of {size} bytes"
        assert disk.difference([*pieces[:-1], pieces[-1][:-1] + bytes([content[-1] ^ 1])]) == f"other bytes from byte {size - 1} on"
    disk.close()
    disk.close()


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(1, 50))
def test_two_contents_are_told_apart(tmp_path_factory: pytest.TempPathFactory, one: bytes, other: bytes, piece: int) -> None:
    disk = on_disk(tmp_path_factory.getbasetemp() / "generated", one)
    assert bool(disk.difference(other[start : start + piece] for start in range(0, len(other), piece))) is (one != other)
    assert not disk.difference(one[start : start + piece] for start in range(0, len(one), piece))


@pytest.mark.parametrize("size", [100, 3 * WHOLE])
def test_a_change_is_noticed(tmp_path: pathlib.Path, size: int) -> None:
    for number, change in enumerate((lambda path: path.unlink(), lambda path: os.truncate(path, 50), lambda path: os.utime(path, (1, 1)))):
        path = tmp_path / str(number)
        disk = on_disk(path, bytes(size))
        change(path)
        assert disk.changed()
        disk.close()


def test_a_file_that_shrinks_under_the_reader(tmp_path: pathlib.Path) -> None:
    disk = on_disk(tmp_path / "a", bytes(3 * WHOLE))
    os.truncate(tmp_path / "a", WHOLE)
    assert disk.difference([bytes(WHOLE)] * 3) == f"more than its {3 * WHOLE} bytes"
    assert disk.changed()
    disk.close()


def test_another_file_of_the_same_size_and_time_is_a_change(tmp_path: pathlib.Path) -> None:
    disk = on_disk(tmp_path / "a", b"abc")
    status = os.stat(tmp_path / "a")
    (tmp_path / "b").write_bytes(b"xyz")
    os.utime(tmp_path / "b", ns=(status.st_atime_ns, status.st_mtime_ns))
    os.replace(tmp_path / "b", tmp_path / "a")
    assert disk.changed()


def test_the_etag_is_nginxs(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 26)
    os.utime(tmp_path / "a", (255.9, 255.9))
    assert DiskFile(os.fsencode(tmp_path / "a")).etag == "ff-1a"


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a pipe", "device", "loop", "gone", "dangling"])
def test_what_is_no_file_to_read(tmp_path: pathlib.Path, kind: str) -> None:
    path = tmp_path / "a"
    words = {"loop": "a link on disk that leads in a circle", "gone": "a file that has vanished from the disk since the folder was listed"}
    if kind == "folder":
        path.mkdir()
    elif kind.endswith("pipe"):
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to(tmp_path / "pipe")
    elif kind != "gone":
        path.symlink_to({"loop": "a", "device": "/dev/zero", "dangling": "nowhere"}[kind])
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError) as caught:
        DiskFile(os.fsencode(path))
    default = "No such file or directory" if kind == "dangling" else "it is no regular file"
    assert why_unreadable(os.fsencode(path), caught.value) == words.get(kind, default)
    assert len(os.listdir("/proc/self/fd")) == before
