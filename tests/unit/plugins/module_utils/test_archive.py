# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives: ours are always the same, anybody's are read, hostile ones refused."""

from __future__ import annotations

import io
import os
import tarfile
import typing as t
import zipfile
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.archive import Writer, read_archive
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.source_tree import Entry, Excluder, digest_tree, entries


def pack(root: Path) -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream)
    digest_tree(os.fsencode(root), entries(os.fsencode(root), Excluder(())), writer.add)
    writer.close()
    return stream.getvalue()


def read(path: Path, exclude: t.Iterable[str] = ()) -> dict[bytes, t.Any]:
    found: dict[bytes, t.Any] = {}

    def put(entry: Entry, content: t.Any) -> None:
        found[entry.name] = content.read() if content else (entry.kind, entry.target)

    read_archive(os.fsencode(path), Excluder(exclude), put)
    return found


def tar(path: Path, *members: tuple[str, t.Any], mode: str = "w:gz") -> Path:
    """Write a tar; a member's content is bytes, or a function that changes its TarInfo."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                content(info)
                archive.addfile(info)
    return path


def is_a(kind: bytes, target: str = "") -> t.Callable[[tarfile.TarInfo], None]:
    def change(info: tarfile.TarInfo) -> None:
        info.type = kind
        info.linkname = target

    return change


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "only").mkdir(parents=True)
    (root / "only/manage.py").write_text("run")
    (root / "only/manage.py").chmod(0o755)
    (root / "only" / os.fsdecode(b"\xff n\xc3\xa4h")).write_text("odd")
    (root / "only" / ("long" * 50)).write_text("long")
    os.symlink("manage.py", root / "only/link")
    return root


def test_our_archive_is_the_same_for_the_same_tree(tree: Path) -> None:
    first = pack(tree)
    os.utime(tree / "only/manage.py", (1, 1))
    (tree / "only/manage.py").chmod(0o700)
    assert pack(tree) == first
    (tree / "only/manage.py").chmod(0o600)
    assert pack(tree) != first


def test_our_archive_gives_the_tree_back(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(pack(tree))
    assert read(tmp_path / "a.tar.gz") == {
        b"only": ("folder", b""),
        b"only/manage.py": b"run",
        b"only/link": ("link", b"manage.py"),
        b"only/\xff n\xc3\xa4h": b"odd",
        b"only/" + b"long" * 50: b"long",
    }


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_the_single_folder_at_the_top_is_stripped(tmp_path: Path, mode: str) -> None:
    path = tar(tmp_path / "a", ("./shop-1.0/manage.py", b"run"), ("./shop-1.0/app/x", b"x"), mode=mode)
    assert read(path) == {b"manage.py": b"run", b"app/x": b"x"}


def test_several_things_at_the_top_stay(tmp_path: Path) -> None:
    assert read(tar(tmp_path / "a", ("shop/x", b"x"), ("manage.py", b"run"))) == {b"shop/x": b"x", b"manage.py": b"run"}


def test_a_single_file_stays(tmp_path: Path) -> None:
    assert read(tar(tmp_path / "a", ("manage.py", b"run"))) == {b"manage.py": b"run"}


def test_what_is_excluded_does_not_count_as_top(tmp_path: Path) -> None:
    path = tar(tmp_path / "a", ("shop/x", b"x"), ("shop/.env", b"secret"), ("__MACOSX/._x", b"junk"), (".DS_Store", b"junk"))
    assert read(path, ["__MACOSX", ".DS_Store", ".env"]) == {b"x": b"x"}


def test_a_hard_link_in_the_folder_at_the_top(tmp_path: Path) -> None:
    path = tar(tmp_path / "a", ("shop/x", b"x"), ("shop/y", is_a(tarfile.LNKTYPE, "shop/x")))
    assert read(path) == {b"x": b"x", b"y": ("hard link", b"x")}


def test_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("shop/", "")
        archive.writestr("shop/grün.css", "body")
        link = zipfile.ZipInfo("shop/link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "grün.css")
    assert read(tmp_path / "a.zip") == {"grün.css".encode(): b"body", b"link": ("link", "grün.css".encode())}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "a/.."])
@pytest.mark.parametrize("kind", ["tar", "zip"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "a"
    if kind == "tar":
        tar(path, ("good", b"x"), (name, b"x"))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("good", "x")
            archive.writestr(name, "x")
    with pytest.raises(ExplainedError, match="leads out"):
        read(path)


def test_a_hard_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExplainedError, match="leads out"):
        read(tar(tmp_path / "a", ("x", is_a(tarfile.LNKTYPE, "/etc/shadow"))))


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(ExplainedError, match="dev/x, a device"):
        read(tar(tmp_path / "a", ("dev/x", is_a(kind)), ("y", b"y")))


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08damaged", b"PK\x03\x04" + b"\0" * 40, b"BZh91AY&SYjunk", b"\xfd7zXZ\0junk"])
def test_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ExplainedError, match="damaged"):
        read(tmp_path / "a")


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_truncated_archive(tmp_path: Path, mode: str, part: float) -> None:
    path = tar(tmp_path / "a", ("x", os.urandom(100_000)), ("y", os.urandom(100_000)), mode=mode)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
    found: dict[bytes, int] = {}
    with pytest.raises(ExplainedError, match="damaged"):
        read_archive(os.fsencode(path), Excluder(()), lambda entry, file: check_size(entry, file, found))


def check_size(entry: Entry, file: t.Any, found: dict[bytes, int]) -> None:
    found[entry.name] = len(file.read())
    if found[entry.name] != entry.size:
        raise ExplainedError("damaged")


def test_damage_within_gzip_is_noticed(tmp_path: Path) -> None:
    path = tar(tmp_path / "a", ("x", os.urandom(100_000)))
    content = bytearray(path.read_bytes())
    content[50_000] ^= 255
    path.write_bytes(content)
    with pytest.raises(ExplainedError, match="damaged"):
        read(path)


def test_an_encrypted_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x", "x")
    content = bytearray((tmp_path / "a.zip").read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ExplainedError, match="encrypted"):
        read(tmp_path / "a.zip")


def test_a_missing_archive(tmp_path: Path) -> None:
    with pytest.raises(ExplainedError, match="No such file"):
        read(tmp_path / "none.tar.gz")
