# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing a tree with its sources, on real files."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.info_manifest import Manifest
from ansible_collections.webops.django.plugins.module_utils.info_tree import compare, look_at, summary
from ansible_collections.webops.django.tests.unit.support.django_projects import write

NO_MANIFEST = Manifest("", False, "", "", {})
DETAILS: dict[str, t.Any] = {"keeps_content": True, "keeps_only_hashed": False, "rewrites": ["*.css"]}


def file(folder: Path, name: str, content: str = "content", **more: t.Any) -> dict[str, t.Any]:
    """Make a source and describe it."""
    write(folder / "source" / name, content)
    return {"path": name, "source": str(folder / "source" / name), "app": "", "shadowed": False, **more}


def state(folder: Path, described: dict[str, t.Any], manifest: Manifest = NO_MANIFEST, **details: t.Any) -> str:
    """Return the state of one file."""
    ((_name, told),) = compare([described], str(folder / "root"), manifest, {**DETAILS, **details})
    return told


def manifest(**names: str) -> Manifest:
    """Make a manifest of names whose dots are underscores."""
    return Manifest("m", True, "", "", {name.replace("_", "."): hashed for name, hashed in names.items()})


def test_content_decides(tmp_path: Path) -> None:
    """Size first, then every byte, past the first block."""
    one = file(tmp_path, "a/b.bin", "x" * 600000)
    assert state(tmp_path, one) == "missing"
    write(tmp_path / "root/a/b.bin", "x" * 600000)
    assert state(tmp_path, one) == "same"
    write(tmp_path / "root/a/b.bin", "x" * 599999 + "y")
    assert state(tmp_path, one) == "different"
    write(tmp_path / "root/a/b.bin", "x")
    assert state(tmp_path, one) == "different"
    assert state(tmp_path, one, keeps_content=False) == "unknown"
    assert state(tmp_path, {**one, "source": ""}) == "unknown"


def test_something_else_in_the_place_of_a_file(tmp_path: Path) -> None:
    """A folder, a pipe, a file in the place of the folder above; a link to the source is as good as a copy."""
    (tmp_path / "root/a.js").mkdir(parents=True)
    assert state(tmp_path, file(tmp_path, "a.js")) == "no_file"
    os.mkfifo(tmp_path / "root/p.js")
    assert state(tmp_path, file(tmp_path, "p.js")) == "no_file"
    write(tmp_path / "root/folder", "")
    assert state(tmp_path, file(tmp_path, "folder/c.js")) == "missing"
    linked = file(tmp_path, "l.js")
    (tmp_path / "root/l.js").symlink_to(linked["source"])
    assert state(tmp_path, linked) == "same"


def test_a_source_that_vanishes_or_is_no_file_is_no_fault_of_the_tree(tmp_path: Path) -> None:
    """It was there when the finder told of it."""
    gone = file(tmp_path, "a.js")
    write(tmp_path / "root/a.js", "content")
    os.unlink(gone["source"])
    assert state(tmp_path, gone) == "vanished"
    os.mkfifo(gone["source"])
    assert state(tmp_path, gone) == "unreadable"


def test_hashed_copies_belong_to_it(tmp_path: Path) -> None:
    """They exist, and equal the source unless the storage rewrites such files."""
    for name in ("a.js", "a.css"):
        described = file(tmp_path, name)
        write(tmp_path / "root" / name, "content")
        known = manifest(**{name.replace(".", "_"): f"hashed-{name}"})
        assert state(tmp_path, described, known) == "hashed_missing"
        write(tmp_path / f"root/hashed-{name}", "rewritten")
        assert state(tmp_path, described, known) == ("hashed_different" if name == "a.js" else "same")
    assert state(tmp_path, file(tmp_path, "new.js"), known) == "not_in_manifest"


def test_plain_copies_may_be_gone_where_the_storage_removes_them(tmp_path: Path) -> None:
    """WhiteNoise with WHITENOISE_KEEP_ONLY_HASHED_FILES."""
    described = file(tmp_path, "a.js")
    write(tmp_path / "root/h.js", "content")
    assert state(tmp_path, described, manifest(a_js="h.js")) == "missing"
    assert state(tmp_path, described, manifest(a_js="h.js"), keeps_only_hashed=True) == "same"
    assert state(tmp_path, described, manifest(a_js="gone.js"), keeps_only_hashed=True) == "hashed_missing"


def test_a_shadowed_file_is_not_compared(tmp_path: Path) -> None:
    """Nobody collects it."""
    assert list(compare([file(tmp_path, "a.js", shadowed=True)], str(tmp_path), NO_MANIFEST, DETAILS)) == []


def test_a_summary_is_bounded(tmp_path: Path) -> None:
    """Counts, and a few names."""
    (tmp_path / "root").mkdir()
    states = {f"{number:05}.js": "missing" if number % 2 else "same" for number in range(10000)}
    known = Manifest("m", True, "", "", {"left.js": "left.0.js"})
    told = summary(look_at(str(tmp_path / "root")), states, known)
    assert (told["missing"]["count"], told["compared_count"], len(told["missing"]["examples"])) == (5000, 5000, 10)
    assert told["hashed_missing"] == {"count": 1, "examples": ["left.0.js"]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", (True, True, True, True)),
        ("none", (False, False, True, True)),
        ("file", (True, False, True, True)),
        ("file/x", (False, False, True, True)),
    ],
)
def test_a_tree_is_looked_at(tmp_path: Path, name: str, expected: tuple[bool, ...]) -> None:
    """There, a folder, readable, empty: folders without a file in them count for nothing."""
    write(tmp_path / "other/file", "")
    (tmp_path / "root/empty/er").mkdir(parents=True)
    folder = tmp_path / "root" if not name else tmp_path / "other" / name
    assert look_at(str(folder))[1:] == expected
    assert not look_at(str(tmp_path / "other")).is_empty


def test_a_tree_that_cannot_be_read_is_not_called_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads everything, so the refusal is made up."""

    def refuse(path: str) -> t.NoReturn:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert look_at(str(tmp_path))[1:] == (True, True, False, False)
