# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding broken links in real folders."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.webops.django.plugins.module_utils.django_probe_links import LINKS_LIMIT, broken_links


def told(folder: Path, *patterns: str) -> list[tuple[str, str]]:
    """Return relative path and kind of each broken link."""
    return sorted((os.path.relpath(link["path"], folder), link["kind"]) for link in broken_links([str(folder)], patterns))


def test_every_kind_of_link(tmp_path: Path) -> None:
    """Healthy ones are followed; a folder that is linked twice is no loop."""
    tree, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    (tree / "a/b").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "file").write_text("")
    (tree / "dangling").symlink_to("nowhere")
    (tree / "through_file").symlink_to(f"{elsewhere}/file/x")
    (tree / "itself").symlink_to("itself")
    (tree / "a/b/up").symlink_to("..")
    (tree / "a/b/top").symlink_to(tree)
    (tree / "file").symlink_to(elsewhere / "file")
    (tree / "one").symlink_to(elsewhere)
    (tree / "two").symlink_to(elsewhere)
    (elsewhere / "gone").symlink_to("nowhere")
    (tree / ".#lock").symlink_to("user@host.1")
    assert told(tree, "CVS", ".*") == [
        ("a/b/top", "loop"),
        ("a/b/up", "loop"),
        ("dangling", "dangling"),
        ("itself", "loop"),
        ("one/gone", "dangling"),
        ("through_file", "dangling"),
        ("two/gone", "dangling"),
    ]


def test_what_is_told_is_bounded_and_a_missing_folder_is_none(tmp_path: Path) -> None:
    """A thousand links need no thousand lines."""
    for number in range(LINKS_LIMIT + 50):
        (tmp_path / str(number)).symlink_to("nowhere")
    assert len(broken_links([str(tmp_path), str(tmp_path)])) == LINKS_LIMIT
    assert broken_links([str(tmp_path / "none")]) == []


def test_two_loops_in_one_folder_end(tmp_path: Path) -> None:
    """Walking round both would take 2 to the power of 40 steps."""
    (tmp_path / "one").symlink_to(".")
    (tmp_path / "two").symlink_to(".")
    assert told(tmp_path) == [("one", "loop"), ("two", "loop")]
