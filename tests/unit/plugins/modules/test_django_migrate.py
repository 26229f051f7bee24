# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations of a real project on a real database."""

from __future__ import annotations

import sys
from pathlib import Path

from ansible_collections.webops.django.tests.unit.support.django_projects import four_steps, make_project, run_module

NAME = "django_migrate"


def test_changed_is_what_the_database_lacked(tmp_path: Path) -> None:
    """Check mode predicts it without making the database."""
    project = make_project(tmp_path)
    predicted, done = four_steps(NAME, project_path=str(project), python=sys.executable)
    assert predicted["pending"] == done["pending"] == ["contenttypes.0001_initial", "contenttypes.0002_remove_content_type_name"]


def test_an_unknown_database_is_told(tmp_path: Path) -> None:
    """With those that there are."""
    result = run_module(NAME, project_path=str(make_project(tmp_path)), python=sys.executable, database="other")
    assert result["failed"]
    assert "no database other; they know default" in result["msg"]


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """Django's own words, and whose database it is."""
    project = make_project(tmp_path, 'DATABASES["default"]["NAME"] = "/proc/nothing/db.sqlite3"\n')
    result = run_module(NAME, project_path=str(project), python=sys.executable)
    assert result["failed"]
    assert "migrations on the database default fail: OperationalError" in result["msg"]
