# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling a release: modes of our own, links last, nothing outside."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.release_tree import Builder, fill
from ansible_collections.webops.django.plugins.module_utils.source_tree import FILE, FOLDER, LINK, Entry, Excluder


def unpack(source: Path, destination: Path, *exclude: str) -> None:
    fill(os.fsencode(destination), os.fsencode(source), Excluder(exclude), os.getuid(), os.getgid())


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", content: bytes = b"", mode: int = 0o777) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size, info.mode, info.uid = kind, target, len(content), mode, 4711
    return info, content


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "app").mkdir(parents=True)
    (root / "manage.py").write_text("run")
    (root / "manage.py").chmod(0o4777)
    (root / "app/x.css").write_text("body")
    (root / "app/x.css").chmod(0o604)
    (root / "app").chmod(0o2777)
    os.symlink("app/x.css", root / "link")
    return root


@pytest.mark.parametrize("umask", [0, 0o22, 0o77])
@pytest.mark.parametrize("kind", ["folder", "archive"])
def test_modes_are_ours(folder: Path, tmp_path: Path, kind: str, umask: int) -> None:
    source = folder
    if kind == "archive":
        source = tmp_path / "a.tar"
        with tarfile.open(source, "w") as archive:
            archive.add(folder, "project")
    old = os.umask(umask)
    try:
        unpack(source, tmp_path / "out")
    finally:
        os.umask(old)
    found = {
        path.relative_to(tmp_path / "out").as_posix(): path.lstat().st_mode & 0o7777
        for path in (tmp_path / "out").rglob("*")
        if not path.is_symlink()
    }
    assert found == {"app": 0o750, "app/x.css": 0o640, "manage.py": 0o750}
    assert (tmp_path / "out").stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "out/link").read_text() == "body"


def test_owner_and_group_are_ours(tmp_path: Path) -> None:
    source = tar(tmp_path / "a.tar", member("d/x", content=b"x"), member("d/l", tarfile.SYMTYPE, "x"))
    fill(os.fsencode(tmp_path / "out"), os.fsencode(source), Excluder(()), 12345, 54321)
    assert {(path.lstat().st_uid, path.lstat().st_gid) for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]} == {(12345, 54321)}


def test_no_file_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    source = tar(tmp_path / "a.tar", member("d", tarfile.SYMTYPE, str(tmp_path / "victim")), member("d/x", content=b"evil"), member("y"))
    with pytest.raises(ExplainedError):
        unpack(source, tmp_path / "out")
    assert list((tmp_path / "victim").iterdir()) == []


@pytest.mark.parametrize("target", ["/etc/passwd", "../victim", "d/../../victim"])
def test_links_out_are_refused(tmp_path: Path, target: str) -> None:
    source = tar(tmp_path / "a.tar", member("l", tarfile.SYMTYPE, target), member("d/x"))
    with pytest.raises(ExplainedError, match="The link l"):
        unpack(source, tmp_path / "out")


def test_two_links_that_lead_out_together_are_refused(tmp_path: Path) -> None:
    source = tar(tmp_path / "a.tar", member("a/b/up", tarfile.SYMTYPE, "../.."), member("a/b/l", tarfile.SYMTYPE, "up/../victim"), member("x"))
    with pytest.raises(ExplainedError, match="points out"):
        unpack(source, tmp_path / "out")


def test_the_later_member_counts(tmp_path: Path) -> None:
    source = tar(
        tmp_path / "a.tar",
        member("x", content=b"old"),
        member("x", content=b"new"),
        member("y", tarfile.SYMTYPE, "x"),
        member("y", content=b"file"),
        member("z", content=b"file"),
        member("z", tarfile.SYMTYPE, "x"),
    )
    unpack(source, tmp_path / "out")
    assert [(tmp_path / "out" / name).read_text() for name in "xyz"] == ["new", "file", "new"]
    assert (tmp_path / "out/z").is_symlink()
    assert not (tmp_path / "out/y").is_symlink()


def test_a_hard_link_becomes_the_file(tmp_path: Path) -> None:
    unpack(tar(tmp_path / "a.tar", member("p/x", content=b"same"), member("p/y", tarfile.LNKTYPE, "p/x")), tmp_path / "out")
    assert (tmp_path / "out/y").read_text() == "same"


@pytest.mark.parametrize("target", ["p/none", "p/link", "p/d"])
def test_a_hard_link_to_no_file_is_refused(tmp_path: Path, target: str) -> None:
    members = [member("p/link", tarfile.SYMTYPE, "x"), member("p/d", tarfile.DIRTYPE), member("p/x"), member("p/y", tarfile.LNKTYPE, target)]
    with pytest.raises(ExplainedError, match="y is a hard link"):
        unpack(tar(tmp_path / "a.tar", *members), tmp_path / "out")


def test_zip_modes_and_names(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        script = zipfile.ZipInfo("manage.py")
        script.external_attr = 0o100755 << 16
        archive.writestr(script, "run")
        archive.writestr("naïve name.css", "body")
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert (tmp_path / "out/manage.py").stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "out/naïve name.css").read_text() == "body"


@pytest.mark.parametrize("exclude", [["*"], ["project"]])
def test_nothing_to_release(folder: Path, tmp_path: Path, exclude: list[str]) -> None:
    source = tmp_path / "a.tar"
    with tarfile.open(source, "w") as archive:
        archive.add(folder, "project")
    with pytest.raises(ExplainedError, match="nothing to release"):
        unpack(source, tmp_path / "out", *exclude)


def test_a_missing_source(tmp_path: Path) -> None:
    with pytest.raises(ExplainedError, match="none does not exist"):
        unpack(tmp_path / "none", tmp_path / "out")


def test_a_short_file_is_noticed(tmp_path: Path) -> None:
    builder = Builder(os.fsencode(tmp_path / "out"), -1, -1)
    with pytest.raises(ExplainedError, match="x holds 2 of 5 bytes"):
        builder.put(Entry(b"x", FILE, size=5), io.BytesIO(b"ab"))


def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    class Full(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(28, "No space left on device")

    builder = Builder(os.fsencode(tmp_path / "out"), -1, -1)
    builder.put(Entry(b"d", FOLDER), None)
    builder.put(Entry(b"l", LINK, target=b"d"), None)
    with pytest.raises(OSError, match="No space left"):
        builder.put(Entry(b"x", FILE, size=5), Full())
