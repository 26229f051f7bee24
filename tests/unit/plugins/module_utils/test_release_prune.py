# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Old releases: which go, and which never do."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.release import Layout
from ansible_collections.webops.django.plugins.module_utils.release_prune import prune


def name(number: int) -> str:
    return f"{number:012x}"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Six complete releases, 1 the oldest, whose ids do not tell their age; and an unfinished one, 9."""
    layout = Layout(str(tmp_path))
    for age, number in enumerate([1, 5, 2, 4, 3, 6]):
        add(layout, number, f"2026-01-0{age + 1}T00:00:00Z")
    os.makedirs(os.path.join(layout.release(name(9)), "source"))
    return layout


def add(layout: Layout, number: int, created: str) -> None:
    os.makedirs(os.path.join(layout.release(name(number)), "source"))
    os.makedirs(os.path.join(layout.base, "trees", name(number)))
    Path(layout.record(name(number))).write_text(json.dumps({"created": created}))


def left(layout: Layout) -> list[int]:
    return sorted(int(entry, 16) for entry in os.listdir(layout.releases))


def trees(layout: Layout) -> list[int]:
    return sorted(int(entry, 16) for entry in os.listdir(os.path.join(layout.base, "trees")))


def test_the_oldest_and_the_unfinished_go(layout: Layout) -> None:
    expected = [name(1), name(2), name(5), name(9)]
    assert prune(layout, 3, check_mode=True) == expected
    assert left(layout) == [1, 2, 3, 4, 5, 6, 9]
    assert prune(layout, 3) == expected
    assert left(layout) == trees(layout) == [3, 4, 6]
    assert prune(layout, 3) == []


def test_current_and_previous_stay(layout: Layout) -> None:
    os.symlink(f"releases/{name(1)}", layout.link("current"))
    os.symlink(f"releases/{name(5)}", layout.link("previous"))
    prune(layout, 1)
    assert left(layout) == trees(layout) == [1, 5, 6]


def test_a_live_process_protects_its_release(layout: Layout) -> None:
    with subprocess.Popen(["sleep", "60"], cwd=os.path.join(layout.release(name(1)), "source")) as inside:
        with subprocess.Popen(["sh", "-c", "read line", os.path.join(layout.release(name(9)), "venv/bin/python")], stdin=subprocess.PIPE) as named:
            try:
                prune(layout, 1)
                assert left(layout) == [1, 6, 9]
            finally:
                inside.kill()
                named.kill()
    prune(layout, 1)
    assert left(layout) == [6]


def test_what_killed_runs_left_goes(layout: Layout) -> None:
    making = Path(layout.releases) / f".{name(6)}.making"
    making.mkdir()
    removing = Path(layout.releases) / f".{name(7)}.removing/removed"
    removing.mkdir(parents=True)
    (Path(layout.base) / "trees" / name(7)).mkdir()
    assert prune(layout, 5) == [name(1), name(6), name(7), name(9)]
    assert left(layout) == trees(layout) == [2, 3, 4, 5, 6]


def test_foreign_names_and_link_targets_stay(layout: Layout, tmp_path: Path) -> None:
    (Path(layout.releases) / "backup").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("x")
    os.symlink(tmp_path / "outside", os.path.join(layout.release(name(9)), "link"))
    os.mkdir(os.path.join(os.fsencode(layout.release(name(9))), b"\xff"))
    prune(layout, 1)
    assert (tmp_path / "outside/file").exists()
    assert sorted(os.listdir(layout.releases)) == [name(6), "backup"]


def test_a_record_that_is_no_json_counts_as_the_oldest(layout: Layout) -> None:
    Path(layout.record(name(6))).write_text("{")
    prune(layout, 1)
    assert left(layout) == [3]


def test_an_empty_host(tmp_path: Path) -> None:
    assert prune(Layout(str(tmp_path / "none")), 5) == []


def test_a_release_that_cannot_be_removed_is_explained(layout: Layout) -> None:
    os.rmdir(os.path.join(layout.base, "trees", name(1)))
    os.symlink("/nonexistent", os.path.join(layout.base, "trees", name(1)))
    with pytest.raises(ExplainedError, match="cannot be removed"):
        prune(layout, 5)


def test_trees_may_lie_elsewhere(layout: Layout, tmp_path: Path) -> None:
    """A base folder in a home that nginx may not enter keeps its trees outside of it."""
    os.rename(os.path.join(layout.base, "trees"), tmp_path / "elsewhere")
    prune(layout, 3, trees=str(tmp_path / "elsewhere"))
    assert sorted(int(entry, 16) for entry in os.listdir(tmp_path / "elsewhere")) == left(layout) == [3, 4, 6]
