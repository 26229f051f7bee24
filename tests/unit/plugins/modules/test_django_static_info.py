# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module tells of real projects."""

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
    WHITENOISE_STORAGE,
    make_project,
    run_module_here,
    write,
)

NAME = "django_static_info"


def test_files_are_counted_by_app_and_shadowed_ones_named(tmp_path: Path) -> None:
    """Of two files with one name, the first source counts."""
    project = make_project(tmp_path, 'STATICFILES_DIRS = [BASE_DIR / "assets"]\n')
    write(project / "assets/app/a.css", "first")
    result = run_module_here(NAME, project_path=str(project), python=sys.executable)
    assert not result["changed"]
    assert (result["files_count"], result["apps"], result["shadowed"]) == (2, {"": 1, "app": 1}, ["app/a.css"])
    assert result["secret_key"] == "set"
    assert [finding["code"] for finding in result["findings"]] == ["collectstatic_not_run"]


def test_a_hundred_thousand_files(tmp_path: Path) -> None:
    """The result stays under 64 KB and the module under 300 MB; the whole list is in a file."""
    project = make_project(tmp_path, files={"one": "", "two": ""})
    sources = project / "app/static"
    for folder in range(100):
        (sources / f"folder-{folder}").mkdir()
        for number in range(1000):
            # A file has at most 65,000 names on ext4.
            os.link(sources / ("one" if number % 2 else "two"), sources / f"folder-{folder}" / f"a-name-as-long-as-names-of-assets-are-{number}.txt")
    listed = tmp_path / "files.jsonl"
    result, memory = measured(tmp_path, project_path=str(project), python=sys.executable, files_path=str(listed))
    assert (result["changed"], result["files_path"], result["files_truncated"]) == (True, str(listed), True)
    assert result["files_count"] == 100_002
    assert len(json.dumps(result)) < 65536
    assert memory < 300 * 1024
    with listed.open(encoding="utf-8") as lines:
        assert sum(json.loads(line)["state"] == "missing" for line in lines) == 100_002


MEASURE = """
import pathlib, resource, subprocess, sys
subprocess.run(sys.argv[2:])
pathlib.Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""
"""Between the tests and the module there is a small process: what a parent holds counts as held by its child, until that runs another program."""


def measured(tmp_path: Path, **params: object) -> tuple[dict[str, t.Any], int]:
    """Run the module; return also the most memory, in KB, that it or the project's interpreter has held."""
    arguments = {"ANSIBLE_MODULE_ARGS": dict(params, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)}
    most = tmp_path / "most"
    command = [sys.executable, "-c", MEASURE, str(most), sys.executable, "-m", f"ansible_collections.webops.django.plugins.modules.{NAME}"]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(command, input=json.dumps(arguments), stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout), int(most.read_text())


def test_a_secret_is_not_returned(tmp_path: Path) -> None:
    """Nor is the environment."""
    project = make_project(tmp_path, 'import os\nSECRET_KEY = os.environ["KEY"]\n')
    result = run_module_here(NAME, project_path=str(project), python=sys.executable, environment={"KEY": "canary-value"})
    assert "canary-value" not in json.dumps(result)
    assert result["secret_key"] == "set"


def test_a_project_without_staticfiles_is_told_so(tmp_path: Path) -> None:
    """The finding has the code of the cause."""
    project = make_project(tmp_path, 'INSTALLED_APPS = ["django.contrib.contenttypes"]\n')
    result = run_module_here(NAME, project_path=str(project), python=sys.executable)
    assert [finding["code"] for finding in result["findings"]] == ["staticfiles_app_missing"]


def test_an_unset_static_root_is_a_finding_whatever_the_storage(tmp_path: Path) -> None:
    """A manifest storage cannot even be made without it; the answer is the finding, not an exception of Django's."""
    for number, storage in enumerate(["", MANIFEST_STORAGE]):
        project = make_project(tmp_path / str(number), "STATIC_ROOT = None\n" + storage)
        result = run_module_here(NAME, project_path=str(project), python=sys.executable)
        assert [finding["code"] for finding in result["findings"]] == ["static_root_unset"]
        assert (result["static_root"], result["files_count"]) == ("", 2)


def test_a_list_is_predicted_written_and_then_the_same(tmp_path: Path) -> None:
    """Without the list, the module never reports a change."""
    project = make_project(tmp_path)
    listed = tmp_path / "files.jsonl"
    given: dict[str, t.Any] = {"project_path": str(project), "python": sys.executable, "files_path": str(listed), "collected": False}
    assert run_module_here(NAME, check_mode=True, **given)["changed"]
    assert not listed.exists()
    assert run_module_here(NAME, **given)["changed"]
    assert not run_module_here(NAME, **given)["changed"]
    assert not run_module_here(NAME, check_mode=True, **given)["changed"]


def test_names_that_are_no_utf8_can_be_printed(tmp_path: Path) -> None:
    """In the result and in the file."""
    project = make_project(tmp_path, files={})
    (project / "app/static").mkdir()
    with open(os.fsencode(project / "app/static") + b"/b\xff.css", "wb"):
        pass
    result = run_module_here(NAME, project_path=str(project), python=sys.executable)
    assert result["files"][0]["path"] == "b\\xff.css"
    assert result["findings"][0]["examples"] == ["b\\xff.css"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "project_path is missing"),
        ({"project_path": "/nowhere", "python": sys.executable}, "There is no folder /nowhere"),
        ({"project_path": "/usr", "python": sys.executable}, "/usr holds no manage.py"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(given: dict[str, t.Any], message: str) -> None:
    """And never with a traceback."""
    result = run_module_here(NAME, **given)
    assert result["failed"]
    assert message in result["msg"]
    assert "Traceback" not in json.dumps(result)


def test_a_unit_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemctl is asked as it would be on a host; what the environment holds is used and not shown."""
    project = make_project(tmp_path / "shop", 'import os\nSECRET_KEY = os.environ["KEY"]\nDEBUG = os.environ["SHOP_DEBUG"] == "yes please"\n')
    write(tmp_path / "shop.env", "KEY=canary-value\n")
    said = [
        "LoadState=loaded",
        "User=root",
        f"WorkingDirectory={project}",
        'Environment="SHOP_DEBUG=yes please"',
        f"EnvironmentFiles={tmp_path}/shop.env (ignore_errors=no)",
        f"ExecStart={{ path={sys.executable} ; argv[]={sys.executable} -m gunicorn ; ignore_errors=no ; }}",
    ]
    systemctl = tmp_path / "bin/systemctl"
    write(systemctl, "#!/bin/sh\ncat <<'END'\n" + "\n".join(said) + "\nEND\n")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{systemctl.parent}:{os.environ['PATH']}")
    result = run_module_here(NAME, unit="shop")
    assert (result["project_path"], result["debug"], result["user"]) == (str(project), True, "root")
    assert result["collect_command"] == "webops.django.django_collectstatic: {unit: shop}"
    assert "canary" not in json.dumps(result)


@pytest.mark.parametrize("django", DJANGOS, ids=lambda path: path.name)
@pytest.mark.parametrize(
    "storage",
    [MANIFEST_STORAGE, WHITENOISE_STORAGE, WHITENOISE_STORAGE + "WHITENOISE_KEEP_ONLY_HASHED_FILES = True\n"],
    ids=["manifest", "whitenoise", "hashed"],
)
def test_a_collected_project_is_healthy_on_every_django(tmp_path: Path, django: Path, storage: str) -> None:
    """No finding before a file changes, and one after."""
    project = make_project(tmp_path, storage, {"app/a.css": "i { src: url(b.png) }", "app/b.png": "image", "app/c.txt": "text"})
    environment = {"PYTHONPATH": str(django), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], cwd=project, check=True, env=environment)
    given: dict[str, t.Any] = {"project_path": str(project), "python": sys.executable, "python_path": [str(django)]}
    result = run_module_here(NAME, trial=True, **given)
    assert result["django_version"].startswith(django.name)
    assert (result["findings"], result["trial"]["ran"], result["manifest"]["names_count"]) == ([], True, 3)
    write(project / "app/static/app/c.txt", "TEXT")
    (finding,) = run_module_here(NAME, **given)["findings"]
    assert (finding["code"], finding["examples"]) == ("collectstatic_stale", ["app/c.txt"])
