# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting up as manage.py does it, with manage.py files and settings as they are met."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import MANAGE, make_project, project_at


def test_manage_py_is_run_up_to_the_command(tmp_path: Path) -> None:
    """It may set environment variables and the import path."""
    manage = MANAGE.replace(
        "import os, sys\n", 'import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), "src"))\nos.environ["SHOP"] = "x"\n'
    )
    project = make_project(tmp_path, 'import os, found_in_src\nassert os.environ["SHOP"] == "x"\n', manage=manage)
    (project / "src").mkdir()
    (project / "src/found_in_src.py").touch()
    assert ask(project_at(project), "static_info")["debug"] is False


def test_the_given_settings_win_over_manage_py(tmp_path: Path) -> None:
    """Also over one that assigns instead of setting a default."""
    manage = MANAGE.replace(
        'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf.settings")', 'os.environ["DJANGO_SETTINGS_MODULE"] = "conf.settings"'
    )
    project = make_project(tmp_path, manage=manage)
    (project / "conf/production.py").write_text('from .settings import *\nSTATIC_URL = "/p/"\n')
    assert ask(project_at(project, "conf.production"), "static_info")["static_url"] == "/p/"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("import nothing_of_that_name\n", r"conf\.settings does not import: ModuleNotFoundError.*settings\.py, line \d+"),
        ("raise KeyError('DATABASE_URL')\n", "KeyError: 'DATABASE_URL'"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("import os\nos._exit(7)\n", "ended with code 7"),
        ('INSTALLED_APPS = ["absent"]\n', "Django does not start with conf.settings: ModuleNotFoundError"),
        ("def f(:\n", "SyntaxError"),
    ],
)
def test_settings_that_fail_are_explained(tmp_path: Path, settings: str, words: str) -> None:
    """What failed, and where in the project's files."""
    with pytest.raises(ExplainedError, match=words):
        ask(project_at(make_project(tmp_path, settings)), "static_info")


def test_a_manage_py_that_fails_is_explained(tmp_path: Path) -> None:
    """With the exception and the place in the file."""
    project = make_project(tmp_path, manage='import os\nif __name__ == "__main__":\n    raise RuntimeError("no .env here")\n')
    with pytest.raises(ExplainedError, match=r"manage\.py fails: RuntimeError: no \.env here \(.*manage\.py, line 3\)"):
        ask(project_at(project), "static_info")


def test_a_project_that_names_no_settings_is_told(tmp_path: Path) -> None:
    """Neither manage.py nor the environment does."""
    project = make_project(tmp_path, manage="from django.core.management import execute_from_command_line\nexecute_from_command_line()\n")
    with pytest.raises(ExplainedError, match=r"has no manage\.py that names a settings module"):
        ask(project_at(project), "static_info")
