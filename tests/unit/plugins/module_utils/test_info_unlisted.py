# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Static files that lie where no finder looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import info_unlisted
from ansible_collections.webops.django.plugins.module_utils.info_unlisted import unlisted_folders
from ansible_collections.webops.django.tests.unit.support.django_projects import write


def test_of_an_app_that_is_not_installed_and_beside_staticfiles_dirs(tmp_path: Path) -> None:
    for name in ("news/static/news/news.css", "news/__init__.py", "assets/css/site.css", "catalog/static/catalog/a.css", "collected/static/x.css"):
        write(tmp_path / name, "")
    for name in ("venv/lib/static/a.css", "venv/pyvenv.cfg", "node_modules/a/dist/a.js", ".git/static/a", "media/static/a.css", "static/empty/.keep"):
        write(tmp_path / name, "")
    found = unlisted_folders(str(tmp_path), [{"path": str(tmp_path / "catalog/static")}], [str(tmp_path / "collected"), ""])
    assert found == [
        {"path": str(tmp_path / "assets"), "app": "", "names": ["css/site.css"]},
        {"path": str(tmp_path / "static"), "app": "", "names": ["empty/.keep"]},
        {"path": str(tmp_path / "news/static"), "app": "news", "names": ["news/news.css"]},
    ]


def test_a_huge_project_is_looked_at_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info_unlisted, "MOST_FILES", 5)
    for number in range(10):
        write(tmp_path / f"app{number}/static/a/{number}.css", "")
        write(tmp_path / f"app{number}/static/b/{number}.css", "")
    assert sum(len(folder["names"]) for folder in unlisted_folders(str(tmp_path), [], [])) == 5


def test_a_project_that_is_gone_has_none(tmp_path: Path) -> None:
    assert unlisted_folders(str(tmp_path / "gone"), [], []) == []
