# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and comparing trees, in real folders."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import static_tree, static_tree_publish
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

RIGHTS = static_tree.Rights(os.geteuid(), os.getegid(), 0o644, 0o755)


def fill(root: Path, files: dict[str, str]) -> Path:
    """Write a tree, without names that are a file and a folder at once."""
    root.mkdir(parents=True)
    for name, content in files.items():
        if not any(other.startswith(f"{name}/") for other in files):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
    static_tree_publish.set_rights(str(root), RIGHTS)
    return root


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    """Modes and times do not count: hosts are compared by it."""
    one, two = fill(tmp_path / "one", {"a/b": "x", "c": "y"}), fill(tmp_path / "two", {"c": "y", "a/b": "x"})
    (two / "c").chmod(0o600)
    os.utime(two / "c", (0, 0))
    assert static_tree.tree_digest(static_tree.scan(str(one))) == static_tree.tree_digest(static_tree.scan(str(two)))
    (two / "c").write_text("z")
    assert static_tree.tree_digest(static_tree.scan(str(one))) != static_tree.tree_digest(static_tree.scan(str(two)))


def test_a_socket_is_no_static_file(tmp_path: Path) -> None:
    """It is named."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExplainedError, match="neither a file nor a folder"):
        static_tree.scan(str(tmp_path))


def test_nothing_there_is_an_empty_tree(tmp_path: Path) -> None:
    """Not an error: it is the first collect."""
    assert static_tree.scan(str(tmp_path / "target")) == {}


def test_a_staging_folder_and_a_state_are_no_part_of_a_tree(tmp_path: Path) -> None:
    """They lie in a tree that is a mount; deeper down, such a name is a file like others."""
    for name in (".collect-x/tree/a", ".static.webops.json", "d/.static.webops.json", "a.webops.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert sorted(static_tree.scan(str(tmp_path))) == [".", "a.webops.json", "d", "d/.static.webops.json"]


def test_many_files_are_read_in_threads_with_the_same_result(tmp_path: Path) -> None:
    """Each digest belongs to its file."""
    for number in range(3 * static_tree.MANY_FILES):
        (tmp_path / str(number)).write_text(str(number))
    entries = static_tree.scan(str(tmp_path))
    assert all(entry.is_folder or entry.digest == hashlib.sha256(name.encode()).hexdigest() for name, entry in entries.items())
    assert sorted(static_tree.file_names(str(tmp_path))) == sorted(set(entries) - {"."})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that vanishes while the tree is read."""
    (tmp_path / "a").write_text("x")

    def vanished(path: str) -> str:
        raise FileNotFoundError(2, "No such file or directory", path)

    monkeypatch.setattr(static_tree, "file_digest", vanished)
    with pytest.raises(ExplainedError, match=r"/a cannot be read: No such file"):
        static_tree.scan(str(tmp_path))
