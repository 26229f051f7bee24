# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking real projects, awkward ones among them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_project import ask, redact
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import MANAGE, make_project, project_at


def test_settings_are_evaluated(tmp_path: Path) -> None:
    """A relative STATIC_URL gets the script prefix, a path object becomes a path."""
    answer = ask(project_at(make_project(tmp_path, 'FORCE_SCRIPT_NAME = "/sub"\n')), "static_info")
    assert answer["static_url"] == "/sub/static/"
    assert answer["static_root"] == str(tmp_path / "collected")
    assert answer["sqlite_databases"] == [str(tmp_path / "db.sqlite3")]
    assert {file["path"] for file in answer["files"]} == {"app/a.css", "app/b.js"}
    assert {file["app"] for file in answer["files"]} == {"app"}


def test_settings_that_print_do_not_disturb(tmp_path: Path) -> None:
    """The answer has a channel of its own."""
    project = make_project(tmp_path, 'import sys\nprint("{}" * 100000)\nprint("x", file=sys.stderr)\n')
    assert ask(project_at(project), "static_info")["settings_module"] == "conf.settings"


def test_settings_that_start_threads_do_not_hang(tmp_path: Path) -> None:
    """A thread that is no daemon would keep the interpreter alive."""
    project = make_project(tmp_path, "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n")
    assert ask(project_at(project, timeout=60), "static_info")["debug"] is False


def test_a_project_that_does_not_answer_ends_at_its_deadline(tmp_path: Path) -> None:
    """What the project has started ends with it."""
    project = make_project(tmp_path, 'import subprocess\nsubprocess.run(["sleep", "600"])\n')
    with pytest.raises(ExplainedError, match="did not answer within 2 s"):
        ask(project_at(project, timeout=2), "static_info")


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


def test_environment_is_the_services_and_not_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the connection's shell must not decide."""
    monkeypatch.setenv("CALLERS", "1")
    project = make_project(tmp_path, 'import os\nassert "CALLERS" not in os.environ\nSTATIC_URL = os.environ["URL"]\n')
    assert ask(project_at(project, URL="/u/"), "static_info")["static_url"] == "/u/"


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


def test_secrets_are_taken_out_of_errors(tmp_path: Path) -> None:
    """An error about a URL quotes the URL."""
    project = make_project(tmp_path, 'import os\nprint(os.environ["DB"])\nraise ValueError("cannot parse " + os.environ["DB"])\n')
    with pytest.raises(ExplainedError, match="cannot parse \\*{8}") as caught:
        ask(project_at(project, DB="postgres://shop:canary@db"), "static_info")
    assert "canary" not in str(caught.value) + str(caught.value.details)
    assert redact("1 is short", {"N": "1"}) == "1 is short"


def test_sqlite_database_is_not_made_by_looking(tmp_path: Path) -> None:
    """Check mode asks for migrations and writes nothing."""
    project = make_project(tmp_path)
    assert ask(project_at(project), "migrations", apply=False)["pending"] == [
        "contenttypes.0001_initial",
        "contenttypes.0002_remove_content_type_name",
    ]
    assert not (tmp_path / "db.sqlite3").exists()


def test_another_user_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the project then runs as this user is shown in Molecule, where the database belongs to it."""
    project = project_at(make_project(tmp_path), user="nobody")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ExplainedError, match="Only root can run the project as nobody"):
        ask(project, "static_info")
