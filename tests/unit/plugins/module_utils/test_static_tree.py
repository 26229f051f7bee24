# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing and publishing trees in real folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import static_tree
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from hypothesis import given, settings
from hypothesis import strategies as st

RIGHTS = static_tree.Rights(os.geteuid(), os.getegid(), 0o644, 0o755)

NAMES = st.sampled_from(["a", "b", "ä ö", "c%20d", "a.css"])
TREES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.sampled_from(["", "x", "y" * 100]), max_size=8)


def fill(root: Path, files: dict[str, str]) -> Path:
    """Write a tree, without names that are a file and a folder at once."""
    root.mkdir(parents=True)
    for name, content in files.items():
        if not any(other.startswith(f"{name}/") for other in files):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
    static_tree.set_rights(str(root), RIGHTS)
    return root


@settings(max_examples=200, deadline=None)
@given(old=TREES, new=TREES)
def test_publishing_makes_any_tree_any_other(old: dict[str, str], new: dict[str, str]) -> None:
    """Whatever was there, afterwards the target is the wanted tree, and comparing again finds nothing."""
    with tempfile.TemporaryDirectory() as name:
        target, staging = fill(Path(name, "target"), old), fill(Path(name, "staging"), new)
        wanted = static_tree.scan(str(staging))
        difference = static_tree.compare(wanted, static_tree.scan(str(target)), RIGHTS, remove=True)
        static_tree.publish(str(staging), str(target), difference, RIGHTS)
        assert static_tree.scan(str(target)) == wanted
        assert not static_tree.compare(wanted, static_tree.scan(str(target)), RIGHTS, remove=True)


def test_the_manifest_is_switched_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that has the new manifest finds every file that it names."""
    order: list[str] = []
    replace = os.replace

    def noted(source: str, target: str) -> None:
        order.append(os.path.basename(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", noted)
    target = fill(tmp_path / "target", {"staticfiles.json": "old"})
    staging = fill(tmp_path / "staging", {"staticfiles.json": "new", "z.css": "z", "a.css": "a"})
    difference = static_tree.compare(static_tree.scan(str(staging)), static_tree.scan(str(target)), RIGHTS, remove=False)
    static_tree.publish(str(staging), str(target), difference, RIGHTS, last=["staticfiles.json"])
    assert order == ["a.css", "z.css", "staticfiles.json"]


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    """Modes and times do not count: hosts are compared by it."""
    one, two = fill(tmp_path / "one", {"a/b": "x", "c": "y"}), fill(tmp_path / "two", {"c": "y", "a/b": "x"})
    (two / "c").chmod(0o600)
    os.utime(two / "c", (0, 0))
    assert static_tree.tree_digest(static_tree.scan(str(one))) == static_tree.tree_digest(static_tree.scan(str(two)))
    (two / "c").write_text("z")
    assert static_tree.tree_digest(static_tree.scan(str(one))) != static_tree.tree_digest(static_tree.scan(str(two)))


def test_a_link_in_a_collected_tree_is_refused(tmp_path: Path) -> None:
    """collectstatic --link, or a project that lays a trap for the owner's change of rights."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/link").symlink_to("/etc/shadow")
    with pytest.raises(ExplainedError, match="left a link"):
        static_tree.set_rights(str(tmp_path / "tree"), RIGHTS)


def test_a_socket_is_no_static_file(tmp_path: Path) -> None:
    """It is named."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExplainedError, match="neither a file nor a folder"):
        static_tree.scan(str(tmp_path))


def test_nothing_there_is_an_empty_tree(tmp_path: Path) -> None:
    """And publishing into nothing is one rename."""
    target = tmp_path / "target"
    assert static_tree.scan(str(target)) == {}
    staging = fill(tmp_path / "staging", {"a": "x"})
    difference = static_tree.compare(static_tree.scan(str(staging)), {}, RIGHTS, remove=True)
    static_tree.publish(str(staging), str(target), difference, RIGHTS)
    assert (target / "a").read_text() == "x"
    assert not staging.exists()
    shutil.rmtree(target)
