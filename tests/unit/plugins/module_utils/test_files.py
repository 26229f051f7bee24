# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and links in real folders."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import make_folders, read_file, switch_link, write_chunks, write_file


def test_a_file_is_written_once(tmp_path: Path) -> None:
    """Content and mode decide; check mode writes nothing."""
    path = tmp_path / "file"
    assert write_file(str(path), b"x", 0o640, check_mode=True)
    assert not path.exists()
    assert write_file(str(path), b"x", 0o640)
    assert not write_file(str(path), b"x", 0o640)
    path.chmod(0o666)
    assert write_file(str(path), b"x", 0o640)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"x", 0o640)
    assert os.listdir(tmp_path) == ["file"]


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    """What it led to stays as it was."""
    (tmp_path / "other").write_text("other")
    (tmp_path / "file").symlink_to("other")
    assert write_file(str(tmp_path / "file"), b"x", 0o600)
    assert (tmp_path / "other").read_text() == "other"
    assert not (tmp_path / "file").is_symlink()


def test_a_reader_never_meets_half_a_file(tmp_path: Path) -> None:
    """An open file goes on being the old one."""
    path = tmp_path / "file"
    write_file(str(path), b"old" * 1000, 0o644)
    with path.open("rb") as reader:
        write_file(str(path), b"new", 0o644)
        assert reader.read() == b"old" * 1000


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """And a file that is missing is None."""
    with pytest.raises(ExplainedError, match="cannot be written: No such file"):
        write_file(str(tmp_path / "no/file"), b"", 0o644)
    assert read_file(str(tmp_path / "no/file")) is None


def test_a_link_is_switched_by_rename(tmp_path: Path) -> None:
    """Also one that is broken."""
    link = tmp_path / "link"
    assert switch_link(str(link), "a", check_mode=True)
    assert not link.is_symlink()
    assert switch_link(str(link), "a")
    assert not switch_link(str(link), "a")
    assert switch_link(str(link), "b")
    assert (os.readlink(link), os.listdir(tmp_path)) == ("b", ["link"])


def test_a_link_does_not_replace_a_file(tmp_path: Path) -> None:
    """It says what stands there."""
    (tmp_path / "link").write_text("kept")
    with pytest.raises(ExplainedError, match="exists and is no symbolic link"):
        switch_link(str(tmp_path / "link"), "a")
    assert (tmp_path / "link").read_text() == "kept"


def test_folders_are_made_with_their_mode_under_any_umask(tmp_path: Path) -> None:
    """And told, outermost first."""
    old = os.umask(0o077)
    try:
        made = make_folders(str(tmp_path / "a/b"), 0o755)
    finally:
        os.umask(old)
    assert made == [str(tmp_path / "a"), str(tmp_path / "a/b")]
    assert all(os.stat(folder).st_mode & 0o777 == 0o755 for folder in made)
    assert make_folders(str(tmp_path / "a/b")) == []
    (tmp_path / "file").touch()
    with pytest.raises(ExplainedError, match="cannot be made"):
        make_folders(str(tmp_path / "file/x"))


def test_a_file_that_comes_in_chunks_gets_its_name_when_it_is_complete(tmp_path: Path) -> None:
    """With its rights and its time; also one with a long name of long characters."""
    path = tmp_path / ("ä" * 127)
    path.write_text("old")

    def chunks() -> t.Iterator[bytes]:
        yield b"a"
        assert path.read_text() == "old"
        yield b"bc"

    assert write_chunks(str(path), chunks(), 0o604, os.geteuid(), os.getegid(), 12_345_678_901) == 3
    assert (path.read_bytes(), path.stat().st_mode & 0o777, path.stat().st_mtime_ns) == (b"abc", 0o604, 12_345_678_901)
    assert os.listdir(tmp_path) == [path.name]


def test_chunks_that_end_in_an_error_leave_nothing(tmp_path: Path) -> None:
    """The old file stays."""
    (tmp_path / "file").write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_chunks(str(tmp_path / "file"), (b"%d" % (1 // (2 - number)) for number in range(4)), 0o644, -1, -1, 0)
    assert os.listdir(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "old"
