# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking real projects, awkward ones among them."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import django_project
from ansible_collections.webops.django.plugins.module_utils.django_project import ask, project_from, redact
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at


def test_a_project_that_does_not_answer_ends_at_its_deadline(tmp_path: Path) -> None:
    """What the project has started ends with it."""
    project = make_project(tmp_path, 'import subprocess\nsubprocess.run(["sleep", "600"])\n')
    with pytest.raises(ExplainedError, match="did not answer within 2 s"):
        ask(project_at(project, timeout=2), "static_info")


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ('while True:\n    print("x" * 10_000)\n', "settings_failed", "File too large"),
        ("import sys\nsys.exit(3)\n", "unexpected", "SystemExit: 3"),
        ("import os\nos._exit(0)\n", "died", "ended with code 0"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "died", "ended with code -9"),
        ('import os\nos.write(1, b"\\xff\\0" * 99)\nraise RuntimeError("\\udcff \\0")\n', "settings_failed", "RuntimeError"),
        ("def f(): f()\nf()\n", "settings_failed", "RecursionError"),
    ],
)
def test_settings_that_do_what_they_should_not(settings: str, kind: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django_project, "MOST_SAID", 1 << 20)
    with pytest.raises(ExplainedError) as caught:
        ask(project_at(make_project(tmp_path, settings)), "static_info")
    assert message in str(caught.value)
    assert caught.value.details["kind"] == kind
    assert len(str(caught.value.details["output"])) <= django_project.OUTPUT_LIMIT


def test_a_host_without_room_can_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full or read-only file system is no reason to know nothing."""

    def full(*_given: t.Any, **_named: t.Any) -> t.IO[bytes]:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert ask(project_at(make_project(tmp_path)), "static_info")["static_url"] == "/static/"


def test_an_old_kernel_has_files_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create")
    assert ask(project_at(make_project(tmp_path)), "static_info")["static_url"] == "/static/"


def test_environment_is_the_services_and_not_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the connection's shell must not decide."""
    monkeypatch.setenv("CALLERS", "1")
    project = make_project(tmp_path, 'import os\nassert "CALLERS" not in os.environ\nSTATIC_URL = os.environ["URL"]\n')
    assert ask(project_at(project, URL="/u/"), "static_info")["static_url"] == "/u/"


def test_secrets_are_taken_out_of_errors(tmp_path: Path) -> None:
    """An error about a URL quotes the URL."""
    project = make_project(tmp_path, 'import os\nprint(os.environ["DB"])\nraise ValueError("cannot parse " + os.environ["DB"])\n')
    with pytest.raises(ExplainedError, match="cannot parse \\*{8}") as caught:
        ask(project_at(project, DB="postgres://shop:canary@db"), "static_info")
    assert "canary" not in str(caught.value) + str(caught.value.details)
    assert redact("1 is short", {"N": "1"}) == "1 is short"


def test_another_user_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the project then runs as this user is shown in Molecule, where the database belongs to it."""
    project = project_at(make_project(tmp_path), user="nobody")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ExplainedError, match="Only root can run the project as nobody"):
        ask(project, "static_info")


def params(**given: t.Any) -> dict[str, t.Any]:
    """A module's parameters."""
    names = ("project_path", "unit", "python", "virtualenv", "user", "environment_file")
    return {**dict.fromkeys(names), "settings_module": "", "python_path": [], "environment": {}, "timeout": 60, **given}


def systemctl(folder: Path, program: str, *lines: str) -> t.Callable[[list[str]], tuple[int, str, str]]:
    """Answer as systemctl does for a service in a folder."""
    start = f"ExecStart={{ path={program} ; argv[]={program} -m gunicorn ; ignore_errors=no ; }}"
    said = ["LoadState=loaded", f"WorkingDirectory={folder}", start, *lines]
    return lambda command: (0, "" if command[1] == "show-environment" else "\n".join(said), "")


def test_a_unit_tells_what_the_options_leave_out(tmp_path: Path) -> None:
    """Folder, interpreter, user, environment and settings; a question needs nothing else."""
    project = make_project(tmp_path, 'import os\nSTATIC_URL = os.environ["URL"]\n')
    (project / "conf/other.py").write_text("from conf.settings import *\nDEBUG = True\n")
    run = systemctl(project, sys.executable, "User=root", "Environment=DJANGO_SETTINGS_MODULE=conf.other URL=/u/", "UMask=0027")
    described = project_from(params(unit="shop.service"), run)
    assert (described.path, described.python, described.umask, described.options) == (str(project), sys.executable, 0o027, {"unit": "shop.service"})
    answer = ask(described, "static_info")
    assert (answer["settings_module"], answer["static_url"], answer["debug"]) == ("conf.other", "/u/", True)


def test_options_win_over_the_unit(tmp_path: Path) -> None:
    """Each on its own."""
    project = make_project(tmp_path)
    (tmp_path / "env").write_text("A=file\nB=file\n")
    run = systemctl(Path("/srv/elsewhere"), "/srv/python", "User=nobody", "Environment=A=unit B=unit C=unit DJANGO_SETTINGS_MODULE=unit")
    given = {"project_path": str(project), "python": sys.executable, "user": "root", "environment_file": str(tmp_path / "env")}
    described = project_from(params(unit="shop", environment={"B": "option"}, settings_module="conf.settings", **given), run)
    assert (described.path, described.python, described.account.name) == (str(project), sys.executable, "root")
    assert described.settings_module == "conf.settings"
    assert {name: described.environment[name] for name in "ABC"} == {"A": "file", "B": "option", "C": "unit"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "project_path is missing: name the folder that holds manage.py"),
        ({"project_path": "/nowhere", "python": "/bin/sh"}, "There is no folder /nowhere; project_path must name"),
        ({"project_path": "/usr", "python": "/bin/sh"}, "/usr holds no manage.py"),
        ({"project_path": "/usr", "settings_module": "x"}, "Give either python"),
        ({"project_path": "/usr", "settings_module": "x", "python": "/a", "virtualenv": "/b"}, "not both"),
        ({"project_path": "/usr", "settings_module": "x", "python": "/nowhere/python"}, "/nowhere/python is no program that can be run"),
        ({"project_path": "/usr", "settings_module": "x", "python": "/bin/sh", "environment_file": "/nowhere/env"}, "There is no environment file"),
        ({"project_path": "/usr", "settings_module": "x", "python": "/bin/sh", "environment_file": "/usr"}, "cannot be read: Is a directory"),
        ({"project_path": "/usr", "settings_module": "x", "python": "/bin/sh", "user": "nobody-at-all"}, "There is no user nobody-at-all"),
    ],
)
def test_what_is_wrong_or_missing_is_said(given: dict[str, t.Any], message: str) -> None:
    """With what to write instead."""
    with pytest.raises(ExplainedError, match=message):
        project_from(params(**given))


@pytest.mark.parametrize(
    ("folder", "program", "message"),
    [
        ("", sys.executable, "shop.service names no WorkingDirectory"),
        ("/nowhere", sys.executable, "WorkingDirectory of shop.service must name"),
        (os.path.dirname(__file__), "/bin/sh", "holds no manage.py"),
    ],
)
def test_a_unit_that_does_not_tell_enough_is_no_guess(folder: str, program: str, message: str) -> None:
    """The option that is missing is named."""
    with pytest.raises(ExplainedError, match=message):
        project_from(params(unit="shop"), systemctl(Path(folder) if folder else t.cast("Path", ""), program))


def test_a_program_that_is_no_python_needs_an_option(tmp_path: Path) -> None:
    """A start script may do anything."""
    with pytest.raises(ExplainedError, match="ExecStart of shop.service does not tell for certain which Python runs it; give python or virtualenv"):
        project_from(params(unit="shop"), systemctl(make_project(tmp_path), "/bin/sh"))


def test_a_python_without_django_is_told(tmp_path: Path) -> None:
    """By its path."""
    bare = project_from(params(project_path=str(make_project(tmp_path)), python="/usr/bin/python3"))
    with pytest.raises(ExplainedError, match="/usr/bin/python3 cannot import Django"):
        ask(bare, "static_info")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
        ("input('name? ')\n", "EOFError"),
        ("import os\nos._exit(4)\n", "ended with code 4 before it could answer"),
        ("raise RuntimeError('no')\n", "RuntimeError: no"),
        ("x = (\n", "SyntaxError"),
    ],
)
def test_settings_that_do_not_import_are_told(tmp_path: Path, settings: str, message: str) -> None:
    """Whatever they do."""
    with pytest.raises(ExplainedError, match=message):
        ask(project_at(make_project(tmp_path, settings)), "static_info")


def test_paths_stay_readable_and_secrets_do_not() -> None:
    """An error about a path must show the path."""
    environment = {"HOME": "/srv/shop-home", "DJANGO_SETTINGS_MODULE": "shop.settings", "KEY": "canary-value"}
    assert redact("/srv/shop-home: shop.settings: canary-value", environment) == "/srv/shop-home: shop.settings: ********"
    assert redact("canary-value", {"PYTHONANYWHERE_TOKEN": "canary-value"}) == "********"
