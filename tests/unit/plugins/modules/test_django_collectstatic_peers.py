# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What community.general.django_manage, or collectstatic behind it, gets wrong; and the same with ours, side by side.

tools/setup puts django_manage where these tests find it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support.django_projects import (
    DJANGOS,
    MANIFEST_STORAGE,
    make_project,
    run_module,
    run_module_here,
    write,
)

PEERS = DJANGOS[0].parents[1] / "peers"
CSS = {f"app/{number}.css": f"/* {number} */" for number in range(10)}


def theirs(project: Path, django: Path, umask: int = -1, **more: t.Any) -> dict[str, t.Any]:
    """Run django_manage with command=collectstatic, in a process of its own. It runs manage.py as a program."""
    manage = project / "manage.py"
    if not manage.read_text().startswith("#!"):
        manage.write_text(f"#!{sys.executable}\n{manage.read_text()}")
        manage.chmod(0o755)
    arguments = {"command": "collectstatic", "project_path": str(project), "pythonpath": str(django), **more}
    ran = subprocess.run(
        [sys.executable, "-m", "ansible_collections.community.general.plugins.modules.django_manage"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": dict(arguments, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)}),
        capture_output=True,
        text=True,
        check=False,
        umask=umask,
        env={**os.environ, "PYTHONPATH": f"{django}:{PEERS}", "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
    )
    return dict(json.loads(ran.stdout))


def ours(project: Path, django: Path, **more: t.Any) -> dict[str, t.Any]:
    """Run our module for the same project, into a folder beside theirs."""
    return run_module_here(
        "django_collectstatic", project_path=str(project), python=sys.executable, python_path=[str(django)], dest=str(project / "ours"), **more
    )


@pytest.fixture(name="django", params=DJANGOS, ids=lambda path: path.name)
def _django(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_ten_copied_files_are_a_change(tmp_path: Path, django: Path) -> None:
    """It looks for the text "0 static files", which "10 static files copied" holds."""
    project = make_project(tmp_path / "project", files=CSS)
    result = theirs(project, django)
    assert "10 static files copied" in result["out"]
    assert not result["changed"]
    assert ours(project, django)["changed"]


def test_a_duplicate_is_no_change(tmp_path: Path, django: Path) -> None:
    """Any line that tells of a file is taken for a change."""
    project = make_project(tmp_path / "project", 'STATICFILES_DIRS = [BASE_DIR / "other"]\n')
    write(project / "other/app/a.css", "first")
    for _run in range(3):
        result = theirs(project, django)
    assert result["changed"]
    ours(project, django)
    assert not ours(project, django)["changed"]


def test_ten_removed_files_are_a_change(tmp_path: Path, django: Path) -> None:
    """With clear, and nothing left to copy."""
    project = make_project(tmp_path / "project", files=CSS)
    theirs(project, django)
    ours(project, django)
    for path in (project / "app/static/app").iterdir():
        path.unlink()
    result = theirs(project, django, clear=True)
    assert not list((project / "collected").rglob("*.css"))
    assert "0 static files copied" in result["out"]
    ours_now = ours(project, django, clear=True)
    assert (ours_now["changed"], ours_now["removed_count"]) == (True, 11)


def test_an_older_time_does_not_hide_new_content(tmp_path: Path, django: Path) -> None:
    """collectstatic compares times alone: a checkout, a wheel or an image's layer has older ones."""
    project = make_project(tmp_path / "project")
    theirs(project, django)
    ours(project, django)
    write(project / "app/static/app/a.css", "new")
    os.utime(project / "app/static/app/a.css", (0, 0))
    assert not theirs(project, django)["changed"]
    assert (project / "collected/app/a.css").read_text() != "new"
    assert ours(project, django)["modified"] == ["app/a.css"]
    assert (project / "ours/app/a.css").read_text() == "new"


def test_a_missing_reference_leaves_no_half_written_tree(tmp_path: Path, django: Path) -> None:
    """collectstatic notices when it has written into the live tree already; a dry run does not notice at all."""
    project = make_project(tmp_path / "project", MANIFEST_STORAGE)
    theirs(project, django)
    ours(project, django)
    write(project / "app/static/app/0.css", "new")
    write(project / "app/static/app/z.css", "a { background: url(missing.png) }")
    environment = {**os.environ, "PYTHONPATH": str(django)}
    dry = subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--dry-run"], cwd=project, env=environment, capture_output=True, check=False
    )
    assert dry.returncode == 0
    assert theirs(project, django)["failed"]
    assert (project / "collected/app/z.css").exists()
    for check_mode in (True, False):
        result = ours(project, django, check_mode=check_mode)
        assert "missing.png" in result["msg"]
    assert not (project / "ours/app/z.css").exists()
    assert not (project / "ours/app/0.css").exists()


def test_a_strict_umask_closes_no_folder(tmp_path: Path, django: Path) -> None:
    """A web server cannot enter a folder with 0700, and collecting again repairs nothing."""
    project = make_project(tmp_path / "project")
    theirs(project, django, umask=0o077)
    theirs(project, django)
    assert (project / "collected/app").stat().st_mode & 0o777 == 0o700
    old = os.umask(0o077)
    try:
        ours(project, django)
    finally:
        os.umask(old)
    assert (project / "ours/app").stat().st_mode & 0o777 == 0o755


def test_the_service_s_environment_is_used_and_the_task_s_is_told(
    tmp_path: Path, django: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A task's environment is lost under become_user in some set-ups: then other settings collect than those that run, and nothing is said."""
    project = make_project(tmp_path / "project")
    write(project / "conf/production.py", 'from conf.settings import *\nSTATICFILES_DIRS = [BASE_DIR / "production"]\n')
    write(project / "production/p.css", "p")
    assert not theirs(project, django).get("failed")
    assert not (project / "collected/p.css").exists()
    assert ours(project, django, environment={"DJANGO_SETTINGS_MODULE": "conf.production"})["added_count"] == 3
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "conf.production")
    # In a process of its own: where a test has loaded the controller's code before, a module's warnings go to the screen instead.
    result = run_module("django_collectstatic", project_path=str(project), python=sys.executable, python_path=[str(django)], force=True)
    assert result["project"]["settings_module"] == "conf.settings"
    assert any("DJANGO_SETTINGS_MODULE=conf.production" in str(warning) for warning in result["warnings"])
