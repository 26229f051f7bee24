# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links in real folders, with something in their way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.site_links import Link, place


def link(path: Path, target: Path, existing: str = "refuse", folder: bool = False) -> Link:
    """Describe a link whose target belongs to the tests' own user."""
    return Link(str(path), str(target), existing, folder, os.geteuid(), os.getegid(), 0o750)


def test_a_link_and_its_folders_are_made(tmp_path: Path) -> None:
    """The target, too, when it is a folder."""
    wanted = link(tmp_path / "a/b/link", tmp_path / "c/target", folder=True)
    assert place(wanted, check_mode=True).changed
    assert not (tmp_path / "a").exists()
    assert place(wanted, check_mode=False).changed
    assert (tmp_path / "a/b/link").resolve() == tmp_path / "c/target"
    assert (tmp_path / "c/target").stat().st_mode & 0o777 == 0o750
    assert not place(wanted, check_mode=False).changed


def test_a_link_that_leads_elsewhere_is_switched(tmp_path: Path) -> None:
    """Whether the old target exists or not."""
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "new").mkdir()
    assert place(link(tmp_path / "link", tmp_path / "new"), check_mode=False).changed
    assert os.readlink(tmp_path / "link") == str(tmp_path / "new")
    assert os.listdir(tmp_path) == ["link", "new"] or sorted(os.listdir(tmp_path)) == ["link", "new"]


def test_what_stands_in_the_way_is_refused(tmp_path: Path) -> None:
    """It is still there afterwards."""
    (tmp_path / "link").mkdir()
    (tmp_path / "link/file").write_text("kept")
    with pytest.raises(ExplainedError, match="no symbolic link"):
        place(link(tmp_path / "link", tmp_path / "new"), check_mode=False)
    assert (tmp_path / "link/file").read_text() == "kept"


def test_a_leftover_folder_is_moved_aside(tmp_path: Path) -> None:
    """A STATIC_ROOT that somebody collected into by hand is not lost."""
    (tmp_path / "static").mkdir()
    (tmp_path / "static/old.css").write_text("old")
    (tmp_path / "tree").mkdir()
    wanted = link(tmp_path / "static", tmp_path / "tree", existing="aside")
    assert place(wanted, check_mode=True).changed
    outcome = place(wanted, check_mode=False)
    assert Path(outcome.moved_to, "old.css").read_text() == "old"
    assert (tmp_path / "static").resolve() == tmp_path / "tree"
    assert not place(wanted, check_mode=False).changed


def test_seeds_are_copied_and_the_target_wins(tmp_path: Path) -> None:
    """Uploaded files are newer than what a release brings."""
    for name, content in {"media/a/seed.png": "seed", "media/both.png": "of the release", "shared/both.png": "uploaded"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    outcome = place(link(tmp_path / "media", tmp_path / "shared", existing="seed", folder=True), check_mode=False)
    assert outcome.seeded
    assert (tmp_path / "media/a/seed.png").read_text() == "seed"
    assert (tmp_path / "shared/both.png").read_text() == "uploaded"


def test_a_database_in_the_source_is_a_seed(tmp_path: Path) -> None:
    """A file, whose target's folder is made."""
    (tmp_path / "db.sqlite3").write_text("seed")
    place(link(tmp_path / "db.sqlite3", tmp_path / "shared/data/db.sqlite3", existing="seed"), check_mode=False)
    assert (tmp_path / "shared/data/db.sqlite3").read_text() == "seed"
    assert (tmp_path / "db.sqlite3").is_symlink()
    assert (tmp_path / "shared/data").stat().st_mode & 0o777 == 0o750


def test_a_path_that_is_the_target_is_left_alone(tmp_path: Path) -> None:
    """Collected in place, STATIC_ROOT is what is served."""
    (tmp_path / "static").mkdir()
    assert not place(link(tmp_path / "static", tmp_path / "static", existing="aside"), check_mode=False).changed
    assert not (tmp_path / "static").is_symlink()
