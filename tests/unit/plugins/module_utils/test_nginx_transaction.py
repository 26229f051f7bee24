# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_transaction: all of the files or none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.nginx_transaction import Transaction, look


def test_a_failure_puts_everything_back(tmp_path: Path) -> None:
    """Changed, removed, replaced and new files, links, modes and folders."""
    changed, removed, link, replaced = (tmp_path / name for name in ("changed", "removed", "link", "replaced"))
    changed.write_text("old")
    changed.chmod(0o600)
    removed.write_text("old")
    link.symlink_to("nowhere")
    replaced.symlink_to("changed")
    before = {name: look(str(tmp_path / name)) for name in ("changed", "removed", "link", "replaced", "new")}
    wanted = {str(tmp_path / "new"): b"new", str(tmp_path / "folder" / "new"): b"new", str(changed): b"new", str(replaced): b"new"}
    with pytest.raises(KeyboardInterrupt), Transaction() as transaction:
        transaction.apply({**wanted, str(removed): None, str(link): None}, 0o644)
        assert sorted(os.listdir(tmp_path)) == ["changed", "folder", "new", "replaced"]
        assert changed.stat().st_mode & 0o777 == 0o644 and not replaced.is_symlink()
        raise KeyboardInterrupt
    assert {name: look(str(tmp_path / name)) for name in before} == before
    assert sorted(os.listdir(tmp_path)) == ["changed", "link", "removed", "replaced"]


def test_success_stays(tmp_path: Path) -> None:
    """What was applied stays."""
    with Transaction() as transaction:
        transaction.apply({str(tmp_path / "new"): b"new"}, 0o640)
    assert look(str(tmp_path / "new"))[1:3] == (b"new", 0o640)


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    """What is neither file nor link is not touched, and what was done before is put back."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExplainedError, match="no plain file"), Transaction() as transaction:
        transaction.apply({str(tmp_path / "first"): b"new", str(tmp_path / "folder"): b"new"}, 0o644)
    assert os.listdir(tmp_path) == ["folder"]
