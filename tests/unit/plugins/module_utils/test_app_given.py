# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_given: what the user says, where nothing runs or too little was found."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_given import completed, given_application, given_project
from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, write


def application(path: str, python: str = "/usr/bin/python3", settings: str = "a.b") -> FoundApplication:
    """An application that was found."""
    return FoundApplication({"project_path": path, "python": python, "settings_module": settings, "environment_names": []}, {})


def test_what_the_user_says_counts_more_than_what_was_found() -> None:
    """Of the only application, or of the one that is named: what was found may be wrong, and he must have a way out."""
    options = {"project_path": "/srv/shop", "python": "/v/bin/python", "settings_module": "c.d", "environment": {"A": 1}}
    only = application("", "", "")
    assert completed([only], options) == [only]
    assert (only.record["project_path"], only.record["python"], only.record["settings_module"]) == ("/srv/shop", "/v/bin/python", "c.d")
    assert only.environment == {"A": "1"} and only.record["environment_names"] == ["A"]
    shop, blog = application("/srv/shop", "", "a.b"), application("/srv/blog", "", "")
    completed([shop, blog], options)
    assert (shop.record["python"], shop.record["settings_module"]) == ("/v/bin/python", "c.d") and blog.record["python"] == ""
    alone = application("/srv/blog", "", "")
    completed([alone], {"virtualenv": "/srv/venv"})
    assert alone.record["python"] == "/srv/venv/bin/python"
    other = application("/srv/blog", "", "")
    completed([other], options)
    assert other.record["python"] == ""


def test_an_application_that_does_not_run(tmp_path: Path) -> None:
    make_project(tmp_path)
    notes: list[dict[str, str]] = []
    found = given_application([], {"project_path": str(tmp_path), "python": sys.executable, "environment": {"A": "b"}}, notes)
    assert found is not None and notes == []
    assert (found.record["kind"], found.record["settings_module"], found.record["pids"], found.record["binds"]) == ("given", "conf.settings", [], [])
    assert found.environment == {"A": "b"} and found.record["environment_names"] == ["A"]
    assert given_application([application(str(tmp_path))], {"project_path": str(tmp_path), "python": sys.executable}, notes) is None
    assert given_application([], {}, notes) is None and notes == []


@pytest.mark.parametrize(
    ("options", "variable"),
    [
        ({}, "django_app_python"),
        ({"python": "/none/python"}, "django_app_python"),
        ({"project_path": "/none", "python": sys.executable}, "django_app_project_path"),
        ({"project_path": "/usr", "python": sys.executable}, "django_app_settings_module"),
    ],
)
def test_the_variable_that_is_missing_is_named(tmp_path: Path, options: dict[str, t.Any], variable: str) -> None:
    make_project(tmp_path)
    notes: list[dict[str, str]] = []
    assert given_application([], {"project_path": str(tmp_path), **options}, notes) is None
    assert [(note["what"], note["needs"]) for note in notes] == [("application_given", variable)] and variable in notes[0]["message"]


def test_a_virtual_environment_at_a_usual_place(tmp_path: Path) -> None:
    """One is taken, two are a question."""
    make_project(tmp_path / "shop")
    options = {"project_path": str(tmp_path / "shop")}
    with pytest.raises(ExplainedError, match="python"):
        given_project(options)
    for name in ("shop/.venv", "venv"):
        write(tmp_path / name / "pyvenv.cfg", "")
        (tmp_path / name / "bin").mkdir()
        (tmp_path / name / "bin" / "python").symlink_to(sys.executable)
        if name == "shop/.venv":
            assert given_project(options).python == f"{tmp_path}/shop/.venv/bin/python"
    with pytest.raises(ExplainedError, match="python"):
        given_project(options)
