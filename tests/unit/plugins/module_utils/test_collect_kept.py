# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of earlier collects are taken along."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.collect_kept import (
    hashed_files,
    is_safe,
    keep_hashed,
    kept_lines,
    lookalikes,
    manifest_names,
    other_trees,
    share_unchanged,
)
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights

RIGHTS = Rights(os.geteuid(), os.getegid(), 0o644, 0o755)


def manifest(tree: Path, *names: str) -> None:
    """Write the manifest of a tree, and the files that it names."""
    tree.mkdir(parents=True, exist_ok=True)
    (tree / "staticfiles.json").write_text(json.dumps({"paths": {name: name for name in names}}))
    for name in names:
        if is_safe(name):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(name)


@pytest.mark.parametrize(
    ("name", "looks_hashed"),
    [
        ("a.0123456789ab.css", True),
        ("a/b.min.0123456789ab.js", True),
        ("LICENSE.0123456789ab", True),
        ("a.css", False),
        ("a.0123456789abc.css", False),
        ("a.0123456789AB.css", False),
        ("a.0123456789ab.min.css", False),
        ("a.0123456789ab/b.css", False),
    ],
)
def test_what_looks_hashed(name: str, looks_hashed: bool) -> None:
    """As HashedFilesMixin.hashed_name writes it; a name that the manifest gives out is hashed, and no lookalike."""
    assert lookalikes([name], set()) == ([name] if looks_hashed else [])
    assert lookalikes([name], {name}) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"paths": []}', '{"paths": null}', "\0"])
def test_a_manifest_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    """With its path."""
    path = tmp_path / "staticfiles.json"
    path.write_text(content)
    with pytest.raises(ExplainedError, match=r"staticfiles\.json is no manifest of Django's"):
        manifest_names(str(path))


def test_a_manifest_gives_out_its_hashed_names(tmp_path: Path) -> None:
    """The values, not the keys."""
    path = tmp_path / "staticfiles.json"
    path.write_text(json.dumps({"version": "1.1", "paths": {"a.css": "a.0123456789ab.css"}}))
    assert manifest_names(str(path)) == {"a.0123456789ab.css"}


def test_only_plain_hashed_files_below_the_tree_are_kept(tmp_path: Path) -> None:
    """A manifest may name anything."""
    manifest(tmp_path / "tree", "a.0123456789ab.css", "plain.css", "../out.0123456789ab.css", "/etc/x.0123456789ab.css", "link.0123456789ab.css")
    (tmp_path / "out.0123456789ab.css").write_text("outside")
    (tmp_path / "tree/link.0123456789ab.css").unlink()
    (tmp_path / "tree/link.0123456789ab.css").symlink_to("/etc/passwd")
    assert list(hashed_files(str(tmp_path / "tree"), "staticfiles.json")) == ["a.0123456789ab.css"]
    assert list(hashed_files(str(tmp_path / "tree"), "")) == []
    assert list(hashed_files(str(tmp_path), "staticfiles.json")) == []


def test_they_become_hard_links_and_replace_nothing(tmp_path: Path) -> None:
    """What the new tree has is its own. A file with other rights is copied, since a link would have the old ones."""
    names = ["a.0123456789ab.css", "d/b.0123456789ab.css", "c.0123456789ab.css"]
    manifest(tmp_path / "old", *names)
    for name in names[:2]:
        (tmp_path / "old" / name).chmod(0o644)
    (tmp_path / "old" / names[2]).chmod(0o600)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / names[0]).write_text("new")
    assert keep_hashed(str(tmp_path / "new"), str(tmp_path / "old"), names, RIGHTS) == set(names[1:])
    assert (tmp_path / "new" / names[0]).read_text() == "new"
    assert (tmp_path / "new" / names[1]).stat().st_ino == (tmp_path / "old" / names[1]).stat().st_ino
    assert (tmp_path / "new" / names[2]).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "old" / names[2]).stat().st_mode & 0o777 == 0o600


def test_unchanged_files_are_those_of_the_latest_tree(tmp_path: Path) -> None:
    """Their times, and so nginx's ETag, stay. What differs in bytes or mode is the new tree's own."""
    for number, tree in enumerate(("first", "second", "new")):
        for name, content in {"same": "s", "d/same": "s", "changed": tree, "mode": "m"}.items():
            (tmp_path / tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / tree / name).write_text(content)
            (tmp_path / tree / name).chmod(0o644)
            os.utime(tmp_path / tree / name, (number, number))
        os.utime(tmp_path / tree, (number, number))
        (tmp_path / tree / "mode").chmod(0o644 if tree == "new" else 0o600)
    trees = [str(tmp_path / tree) for tree in ("first", "second", "nowhere")]
    assert share_unchanged(str(tmp_path / "new"), trees, ["same", "d/same", "changed", "mode"], RIGHTS) == 2
    assert (tmp_path / "new/same").stat().st_ino == (tmp_path / "second/same").stat().st_ino
    assert (tmp_path / "new/same").stat().st_mtime == 1
    assert ((tmp_path / "new/changed").read_text(), (tmp_path / "new/changed").stat().st_mtime) == ("new", 2)
    assert (tmp_path / "new/mode").stat().st_nlink == 1
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["changed", "d", "mode", "same"]


def test_trees_are_the_folders_and_what_they_hold(tmp_path: Path) -> None:
    """Neither unfinished ones nor the one that is being made."""
    for name in ("trees/1", "trees/2", "trees/.collect-x"):
        (tmp_path / name).mkdir(parents=True)
    found = other_trees([str(tmp_path / "trees"), "/nowhere"], str(tmp_path / "trees/2"))
    assert found == sorted(["/nowhere", str(tmp_path / "trees"), str(tmp_path / "trees/1")])


def test_another_file_to_keep_is_another_fingerprint(tmp_path: Path) -> None:
    """And so is one that is gone. Another hard link is not."""
    manifest(tmp_path / "tree", "a.0123456789ab.css", "b.0123456789ab.css")
    before = list(kept_lines([str(tmp_path / "tree")], "staticfiles.json"))
    (tmp_path / "link").hardlink_to(tmp_path / "tree/a.0123456789ab.css")
    assert list(kept_lines([str(tmp_path / "tree")], "staticfiles.json")) == before
    (tmp_path / "tree/a.0123456789ab.css").unlink()
    assert list(kept_lines([str(tmp_path / "tree")], "staticfiles.json")) != before
