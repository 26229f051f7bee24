# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at migrations without touching a database; applying them is tested with the module."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at


def test_sqlite_database_is_not_made_by_looking(tmp_path: Path) -> None:
    """Check mode asks for migrations and writes nothing."""
    project = make_project(tmp_path)
    assert ask(project_at(project), "migrations", apply=False)["pending"] == [
        "contenttypes.0001_initial",
        "contenttypes.0002_remove_content_type_name",
    ]
    assert not (tmp_path / "db.sqlite3").exists()


def test_an_unknown_database_is_refused(tmp_path: Path) -> None:
    """The sentence tells which there are."""
    with pytest.raises(ExplainedError, match="no database other; they know default"):
        ask(project_at(make_project(tmp_path)), "migrations", database="other", apply=False)
