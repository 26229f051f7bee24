# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told, and that it stays small."""

from __future__ import annotations

import json

from ansible_collections.webops.django.plugins.module_utils.collect_result import changes, diff, no_changes, no_diff
from ansible_collections.webops.django.plugins.module_utils.static_tree import Difference, Entry, Rights

RIGHTS = Rights(0, 33, 0o644, 0o755)


def file(digest: str, mode: int = 0o644) -> Entry:
    """Return a file."""
    return Entry(False, digest * 64, mode, 0, 33)


def test_each_kind_of_change_is_in_the_diff() -> None:
    """Added, changed, removed, and files and folders of which only the rights change."""
    present = {"a": file("1"), "old": file("2"), "mode": file("3", 0o600), "d": Entry(True, "", 0o700, 1, 1)}
    wanted = {"a": file("4"), "new": file("5"), "mode": file("3"), "d": Entry(True, "", 0o755, 0, 33)}
    told = diff("/srv/static", wanted, present, Difference(["new"], ["a"], ["old"], ["d", "mode"]), RIGHTS)
    assert told["before"].splitlines() == ["a " + "1" * 12, "old " + "2" * 12, "d 0700 1:1", "mode 0600 0:33"]
    assert told["after"].splitlines() == ["a " + "4" * 12, "new " + "5" * 12, "d 0755 0:33", "mode 0644 0:33"]


def test_folders_come_and_go_with_their_files() -> None:
    """They count as a change, but are in no list of files."""
    told = changes(Difference(["d", "d/a"], [], [], []), {"d": Entry(True, "", 0o755, 0, 0), "d/a": file("1")})
    assert (told["changed"], told["added"], told["added_count"]) == (True, ["d/a"], 1)


def test_a_hundred_thousand_files_stay_under_64_kb() -> None:
    """The counts are whole, the lists are not."""
    wanted = {f"some/folder/of/an/application/file-{number:06}.0123456789ab.css": file("1") for number in range(100_000)}
    names = sorted(wanted)
    difference = Difference(names[:30_000], names[30_000:60_000], names[60_000:], [])
    told = dict(changes(difference, wanted), diff=diff("/srv/static", wanted, wanted, difference, RIGHTS))
    assert (told["added_count"], told["changed_count"], told["removed_count"]) == (30_000, 30_000, 40_000)
    assert len(json.dumps(told)) < 64 * 1024
    assert told["diff"]["after"].endswith("... and 59900 more\n")


def test_nothing_changed() -> None:
    """All that a change would tell is there."""
    assert set(no_changes()) == set(changes(Difference([], [], [], []), {}))
    assert not no_changes()["changed"]
    assert no_diff("/srv")["before"] == no_diff("/srv")["after"] == ""
