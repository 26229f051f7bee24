# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing over a tree that is being served, in real folders."""

from __future__ import annotations

import os
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import static_tree, static_tree_publish
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from hypothesis import given, settings
from hypothesis import strategies as st

RIGHTS = static_tree.Rights(os.geteuid(), os.getegid(), 0o644, 0o755)

NAMES = st.sampled_from(["a", "b", "ä ö", "c%20d", "a.css", "a.css.gz", "a.css.br", "a.gz"])
TREES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.sampled_from(["", "x", "y" * 100]), max_size=8)
VERSIONS = st.dictionaries(st.sampled_from(["a.css", "b.js", "d/c.css"]), st.sampled_from(["1", "2", "3"]), max_size=3)
CALLS = ("replace", "unlink", "rmdir", "mkdir")


def fill(root: Path, files: t.Mapping[str, str]) -> Path:
    """Write a tree, without names that are a file and a folder at once."""
    root.mkdir(parents=True)
    for name, content in files.items():
        if not any(other.startswith(f"{name}/") for other in files):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
    static_tree_publish.set_rights(str(root), RIGHTS)
    return root


def publish(staging: Path, target: Path, **more: t.Any) -> None:
    """Compare and publish, with clear."""
    difference = static_tree.compare(static_tree.scan(str(staging)), static_tree.scan(str(target)), RIGHTS, remove=True)
    static_tree_publish.publish(str(staging), str(target), difference, RIGHTS, **more)


@settings(max_examples=200, deadline=None)
@given(old=TREES, new=TREES)
def test_publishing_makes_any_tree_any_other(old: dict[str, str], new: dict[str, str]) -> None:
    """Whatever was there, afterwards the target is the wanted tree, and comparing again finds nothing."""
    with tempfile.TemporaryDirectory() as name:
        target, staging = fill(Path(name, "target"), old), fill(Path(name, "staging"), new)
        wanted = static_tree.scan(str(staging))
        publish(staging, target)
        assert static_tree.scan(str(target)) == wanted
        assert not static_tree.compare(wanted, static_tree.scan(str(target)), RIGHTS, remove=True)


def with_siblings(files: t.Mapping[str, str], which: t.Collection[str]) -> dict[str, str]:
    """Add siblings, which say of which content they are."""
    return {**files, **{name + end: f"packed {content}" for name, content in files.items() for end in (".gz", ".br") if name + end in which}}


def stale_siblings(tree: Path) -> list[str]:
    """List siblings that are of another content than their file, as nginx would send them."""
    stale = []
    for path in [*tree.rglob("*.gz"), *tree.rglob("*.br")]:
        base = path.with_suffix("")
        if base.exists() and path.read_text() != f"packed {base.read_text()}":
            stale.append(path.name)
    return stale


SIBLINGS = st.sets(st.sampled_from([name + end for name in ("a.css", "b.js", "d/c.css") for end in (".gz", ".br")]))


@settings(max_examples=150, deadline=None)
@given(old=VERSIONS, new=VERSIONS, old_siblings=SIBLINGS, new_siblings=SIBLINGS)
def test_no_sibling_is_stale_at_any_moment(old: dict[str, str], new: dict[str, str], old_siblings: set[str], new_siblings: set[str]) -> None:
    """Looked at between any two system calls that change the tree, which is also what a kill there leaves."""
    found: list[list[str]] = []
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        target, staging = fill(Path(name, "target"), with_siblings(old, old_siblings)), fill(Path(name, "staging"), with_siblings(new, new_siblings))
        for call in CALLS:
            original = getattr(os, call)

            def watched(*args: t.Any, _original: t.Callable[..., None] = original, **more: t.Any) -> None:
                _original(*args, **more)
                found.append(stale_siblings(target))

            patch.setattr(os, call, watched)
        publish(staging, target)
    assert not any(found)


def test_the_manifest_is_switched_last_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that has the new manifest finds every file that it names. Siblings may come later: without one, nginx sends the file."""
    order: list[str] = []
    replace = os.replace

    def noted(source: str, target: str) -> None:
        order.append(os.path.basename(target))
        replace(source, target)

    monkeypatch.setattr(os, "replace", noted)
    target = fill(tmp_path / "target", {"staticfiles.json": "old"})
    staging = fill(tmp_path / "staging", {"staticfiles.json": "new", "z.css": "z", "a.css": "a", "a.css.gz": "packed a"})
    publish(staging, target, last=["staticfiles.json"])
    assert order == ["a.css", "z.css", "staticfiles.json", "a.css.gz"]


def test_a_folder_where_a_file_must_be_is_named(tmp_path: Path) -> None:
    """Without clear, what it holds is somebody else's; an empty one is in nobody's way."""
    wanted = static_tree.scan(str(fill(tmp_path / "staging", {"a": "x"})))
    for files in ({"a/b": "x"}, {"a/b.css.gz": "x", "a/c": "y"}):
        present = static_tree.scan(str(fill(tmp_path / str(len(files)), files)))
        difference = static_tree.compare(wanted, present, RIGHTS, remove=False)
        difference.removed = [name for name in present if name.endswith(".gz")]
        with pytest.raises(ExplainedError, match="/srv/static/a is a folder where a file must be"):
            static_tree_publish.refuse_blocked(wanted, present, difference, "/srv/static")
    (tmp_path / "target/a").mkdir(parents=True)
    publish(tmp_path / "staging", tmp_path / "target")
    assert (tmp_path / "target/a").read_text() == "x"


def test_a_link_in_a_collected_tree_is_refused(tmp_path: Path) -> None:
    """collectstatic --link, or a project that lays a trap for the owner's change of rights."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/link").symlink_to("/etc/shadow")
    with pytest.raises(ExplainedError, match="left a link"):
        static_tree_publish.set_rights(str(tmp_path / "tree"), RIGHTS)


def test_rights_and_one_time_for_all_files(tmp_path: Path) -> None:
    """Whatever the umask was."""
    tree = fill(tmp_path / "tree", {"a/b": "x", "c": "y"})
    (tree / "a").chmod(0o700)
    (tree / "c").chmod(0o600)
    static_tree_publish.set_rights(str(tree), RIGHTS, 1_700_000_000_000_000_001)
    assert [(path.stat().st_mode & 0o777) for path in (tree, tree / "a", tree / "a/b", tree / "c")] == [0o755, 0o755, 0o644, 0o644]
    assert {path.stat().st_mtime_ns for path in (tree / "a/b", tree / "c")} == {1_700_000_000_000_000_001}


def test_publishing_into_nothing_is_one_rename(tmp_path: Path) -> None:
    """There is no moment with half of the files."""
    target, staging = tmp_path / "target", fill(tmp_path / "staging", {"a": "x"})
    publish(staging, target)
    assert (target / "a").read_text() == "x"
    assert not staging.exists()
