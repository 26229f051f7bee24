# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered, and fingerprints of trees."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import collect_state, static_tree
from ansible_collections.webops.django.plugins.module_utils.collect_state import State, read_state, state_path, tree_fingerprint, write_state
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError


def test_a_state_comes_back(tmp_path: Path) -> None:
    """With names that are no UTF-8, and closed to others."""
    state = State(str(tmp_path / "tree"), "in", "out", ["a.gz", "\udcff.gz"], [["b"]], {"files_count": 1})
    assert read_state(state.destination) is None
    write_state(state)
    assert read_state(state.destination) == state
    assert os.stat(state_path(state.destination)).st_mode & 0o777 == 0o600


def test_a_state_that_is_a_link_is_none(tmp_path: Path) -> None:
    """The folder beside a tree may be writable to the project."""
    state = State(str(tmp_path / "tree"), "in", "out", [], [], {})
    write_state(state)
    os.rename(state_path(state.destination), tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", state_path(state.destination))
    assert read_state(state.destination) is None


def test_where_it_cannot_be_written_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old one would speak of another tree."""
    state = State(str(tmp_path / "tree"), "in", "out", [], [], {})
    write_state(state)

    def full(*_args: t.Any, **_more: t.Any) -> bool:
        raise ExplainedError("No space left on device")

    monkeypatch.setattr(collect_state, "write_file", full)
    with pytest.raises(ExplainedError):
        write_state(state)
    assert list(tmp_path.iterdir()) == []


def test_states_of_trees_that_are_gone_go(tmp_path: Path) -> None:
    """Others' files stay."""
    (tmp_path / "here").mkdir()
    for name in (".here.webops.json", ".gone.webops.json", f".{tmp_path.name}.webops.json", "gone.webops.json"):
        (tmp_path / name).write_text("{}")
    collect_state.forget_states_without_tree(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [".here.webops.json", f".{tmp_path.name}.webops.json", "gone.webops.json", "here"]
    )


def edit(path: Path) -> None:
    """Change a byte, and set the time of modification back."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(b"z")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


TOUCHES: dict[str, t.Callable[[Path], t.Any]] = {
    "edit": lambda tree: edit(tree / "d/a"),
    "mode": lambda tree: (tree / "d/a").chmod(0o600),
    "folder_mode": lambda tree: (tree / "d").chmod(0o700),
    "root_mode": lambda tree: tree.chmod(0o750),
    "new": lambda tree: (tree / "d/new").write_text(""),
    "new_folder": lambda tree: (tree / "e").mkdir(),
    "gone": lambda tree: (tree / "d/a").unlink(),
    "renamed": lambda tree: (tree / "d/a").rename(tree / "d/b"),
    "link": lambda tree: (tree / "d/link").symlink_to("a"),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_whoever_touches_a_tree_changes_its_fingerprint(tmp_path: Path, touch: str) -> None:
    """Right after it was taken, too."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/a").write_text("aaaa")
    before = tree_fingerprint(str(tmp_path))
    assert before
    assert tree_fingerprint(str(tmp_path)) == before
    TOUCHES[touch](tmp_path)
    assert tree_fingerprint(str(tmp_path)) != before


def test_no_tree_has_no_fingerprint(tmp_path: Path) -> None:
    """It is the first collect."""
    assert tree_fingerprint(str(tmp_path / "tree")) == ""


def test_other_code_is_another_fingerprint() -> None:
    """The source is what counts."""
    assert collect_state.code_fingerprint([static_tree]) != collect_state.code_fingerprint([collect_state])
    assert collect_state.code_fingerprint([static_tree]) == collect_state.code_fingerprint([static_tree])
