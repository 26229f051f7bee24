# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of evaluated settings."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at


def test_settings_are_evaluated(tmp_path: Path) -> None:
    """A relative STATIC_URL gets the script prefix, a path object becomes a path."""
    answer = ask(project_at(make_project(tmp_path, 'FORCE_SCRIPT_NAME = "/sub"\n')), "static_info")
    assert answer["static_url"] == "/sub/static/"
    assert answer["static_root"] == str(tmp_path / "collected")
    assert answer["sqlite_databases"] == [str(tmp_path / "db.sqlite3")]
    assert {file["path"] for file in answer["files"]} == {"app/a.css", "app/b.js"}
    assert {file["app"] for file in answer["files"]} == {"app"}
