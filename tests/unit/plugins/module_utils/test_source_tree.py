# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a source tree holds, and its digest."""

from __future__ import annotations

import os
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import source_tree
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.source_tree import DEFAULT_EXCLUDE, Excluder, digest_tree, entries


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def unlinked(path: Path) -> Path:
    path.unlink()
    return path


def names(root: Path, exclude: t.Iterable[str] = ()) -> list[bytes]:
    return [entry.name for entry in entries(os.fsencode(root), Excluder(exclude))]


def digest(root: Path, exclude: t.Iterable[str] = ()) -> str:
    return digest_tree(os.fsencode(root), entries(os.fsencode(root), Excluder(exclude)))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    write(root / "manage.py", "run")
    write(root / "app/static/a b.css", "body")
    write(root / "app/static/grün.css", "body")
    os.symlink("../manage.py", root / "app/manage")
    return root


def test_entries_are_sorted_with_folders_first(tree: Path) -> None:
    assert names(tree) == [b"app", b"app/manage", b"app/static", b"app/static/a b.css", "app/static/grün.css".encode(), b"manage.py"]


@pytest.mark.parametrize(
    ("pattern", "excluded"),
    [
        ("*.pyc", [b"a.pyc", b"deep/b.pyc"]),
        ("deep", [b"deep/b.pyc", b"deep/c.py", b"x/deep/d"]),
        ("deep/", [b"deep/b.pyc", b"deep/c.py", b"x/deep/d"]),
        ("/deep", [b"deep/b.pyc", b"deep/c.py"]),
        ("deep/*.py", [b"deep/c.py"]),
        ("x/*", [b"x/deep/d"]),
        ("", []),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, excluded: list[bytes]) -> None:
    files = [b"a.pyc", b"deep/b.pyc", b"deep/c.py", b"x/deep/d"]
    for name in files:
        write(tmp_path / os.fsdecode(name))
    left = names(tmp_path, [pattern])
    assert [name for name in files if name not in left] == excluded


@pytest.mark.parametrize(
    "name", [".git/HEAD", "app/__pycache__/x.pyc", "venv/bin/python", "node_modules/a/b.js", ".env", "db.sqlite3", "data/db.sqlite3-wal"]
)
def test_default_patterns(tree: Path, name: str) -> None:
    before = digest(tree, DEFAULT_EXCLUDE)
    write(tree / name)
    assert os.fsencode(name) not in names(tree, DEFAULT_EXCLUDE)
    write(tree / "environment.py")
    assert digest(tree, DEFAULT_EXCLUDE) != before


def test_digest_does_not_depend_on_times_owners_and_umask(tree: Path) -> None:
    before = digest(tree)
    os.utime(tree / "manage.py", (1, 1))
    (tree / "manage.py").chmod(0o600)
    (tree / "app").chmod(0o700)
    assert digest(tree) == before


def test_digest_does_not_depend_on_the_order_of_creation(tmp_path: Path) -> None:
    for root, order in (("a", ["1", "2"]), ("b", ["2", "1"])):
        for name in order:
            write(tmp_path / root / name, name)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root / "manage.py", "ran"),
        lambda root: (root / "manage.py").chmod(0o755),
        lambda root: (root / "manage.py").rename(root / "manage2.py"),
        lambda root: write(root / "more", ""),
        lambda root: (root / "empty").mkdir(),
        lambda root: unlinked(root / "app/manage").symlink_to("static"),
        lambda root: unlinked(root / "app/manage").write_text("../manage.py"),
    ],
)
def test_digest_tells_changes(tree: Path, change: t.Callable[[Path], object]) -> None:
    before = digest(tree)
    change(tree)
    assert digest(tree) != before


def test_digest_does_not_mix_up_names_and_contents(tmp_path: Path) -> None:
    write(tmp_path / "a/x", "1\0file")
    write(tmp_path / "b/x\n1", "")
    write(tmp_path / "b/file", "")
    assert digest(tmp_path / "a") != digest(tmp_path / "b")


def test_names_that_are_no_text(tmp_path: Path) -> None:
    write(tmp_path / os.fsdecode(b"\xff\xfe"))
    write(tmp_path / "line\nbreak")
    assert names(tmp_path) == [b"line\nbreak", b"\xff\xfe"]
    assert len(digest(tmp_path)) == 64


@pytest.mark.parametrize("target", ["/etc/passwd", "..", "../other", "app/../../other", "through/../../tree2/x"])
def test_links_out_of_the_tree_are_refused(tree: Path, target: str) -> None:
    (tree / "sub/deep").mkdir(parents=True)
    os.symlink("sub/deep", tree / "through")
    os.symlink(target, tree / "link")
    with pytest.raises(ExplainedError, match="The link link -> .*`exclude`"):
        entries(os.fsencode(tree), Excluder(()))
    assert b"link" not in names(tree, ["link"])


def test_a_link_that_leaves_through_another_link_is_refused(tree: Path) -> None:
    (tree / "sub").mkdir()
    os.symlink("../app", tree / "sub/up")
    os.symlink("up/../../outside", tree / "sub/link")
    with pytest.raises(ExplainedError, match="points out"):
        entries(os.fsencode(tree), Excluder(()))


def test_links_within_the_tree_stay(tree: Path) -> None:
    os.symlink("app/static", tree / "assets")
    os.symlink("nowhere", tree / "dangling")
    os.symlink("loop", tree / "loop")
    assert {b"assets", b"dangling", b"loop"} <= set(names(tree))


def test_a_socket_is_refused(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("app.sock")
        with pytest.raises(ExplainedError, match=r"app\.sock is a socket"):
            entries(os.fsencode(tree), Excluder(()))


def test_a_file_that_becomes_a_link_while_it_is_read_is_refused(tree: Path) -> None:
    listed = entries(os.fsencode(tree), Excluder(()))
    (tree / "manage.py").unlink()
    os.symlink("/etc/hostname", tree / "manage.py")
    with pytest.raises(ExplainedError, match="manage.py cannot be read"):
        digest_tree(os.fsencode(tree), listed)


@pytest.mark.parametrize("text", ["longer", ""])
def test_a_file_that_changes_size_while_it_is_read_is_refused(tree: Path, text: str) -> None:
    listed = entries(os.fsencode(tree), Excluder(()))
    write(tree / "manage.py", text)
    with pytest.raises(ExplainedError, match="changed while it was read"):
        digest_tree(os.fsencode(tree), listed)


def test_a_file_that_vanishes_is_explained(tree: Path) -> None:
    listed = entries(os.fsencode(tree), Excluder(()))
    (tree / "manage.py").unlink()
    with pytest.raises(ExplainedError, match=r"manage\.py cannot be read: No such file"):
        digest_tree(os.fsencode(tree), listed)


def test_a_folder_that_is_missing_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ExplainedError, match="none/ cannot be read"):
        entries(os.fsencode(tmp_path / "none"), Excluder(()))


def test_printable() -> None:
    assert source_tree.printable(b"a\xffb") == "a\\xffb"
    assert source_tree.printable("grün") == "grün"
