# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unit files, and what they were before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.unit_files import Before, Journal, differing, diffs, install, newest, snapshot


def test_install_and_take_back(tmp_path: Path) -> None:
    old, new = str(tmp_path / "old"), str(tmp_path / "below/new")
    Path(old).write_text("1\n")
    Path(old).chmod(0o644)
    wanted = {old: "2\n", new: "3\n"}
    before = snapshot(wanted, True, False)
    assert before == Before({old: "1\n", new: None}, True, False)
    assert differing(wanted) == [old, new]
    assert diffs(wanted, [new]) == [{"before_header": new, "after_header": new, "before": "", "after": "3\n"}]
    install(wanted)
    assert (differing(wanted), Path(new).stat().st_mode & 0o7777) == ([], 0o644)
    install(before.texts)
    assert (Path(old).read_text(), os.path.exists(new)) == ("1\n", False)


def test_a_mode_that_differs_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1")
    (tmp_path / "x").chmod(0o666)
    assert differing({str(tmp_path / "x"): "1"}) == [str(tmp_path / "x")]


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExplainedError, match="The folder of .* cannot be made"):
        install({str(tmp_path / "file/x"): "1"})


def test_newest_does_not_believe_a_time_that_was_set(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("1")
    os.utime(tmp_path / "x", (1, 1))
    assert newest([str(tmp_path / "x"), str(tmp_path / "none")]) > 1_000_000_000
    assert newest([]) == 0.0


def test_the_journal_remembers_until_it_is_told_to_forget(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), "x")
    assert journal.read() is None
    before = Before({"/a": None, "/b": "caf\udce9"}, True, True)
    journal.write(before)
    assert Journal(str(tmp_path), "x").read() == before
    assert [path.stat().st_mode & 0o7777 for path in tmp_path.iterdir()] == [0o600]
    journal.forget()
    journal.forget()
    assert journal.read() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"texts": {}}'])
def test_a_damaged_journal_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / ".x.webops-before.json").write_text(content)
    assert Journal(str(tmp_path), "x").read() is None


def test_the_umask_does_not_close_a_files_folder(tmp_path: Path) -> None:
    """The service's user reads its settings there, whatever umask root has."""
    old = os.umask(0o077)
    try:
        install({str(tmp_path / "django-shop/gunicorn.conf.py"): "x"})
    finally:
        os.umask(old)
    assert (tmp_path / "django-shop").stat().st_mode & 0o777 == 0o755
