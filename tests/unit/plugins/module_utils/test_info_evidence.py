# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathering evidence without leaving a trace. What is concluded from it is in test_static_findings.py."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.accounts import own_account
from ansible_collections.webops.django.plugins.module_utils.django_project import Project
from ansible_collections.webops.django.plugins.module_utils.info_evidence import collect_command, gather, try_collectstatic
from ansible_collections.webops.django.tests.unit.support.django_projects import MANIFEST_STORAGE, make_project, project_at, write


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Describe every entry below a folder by its time and size."""
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def test_nothing_is_changed_or_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte code, no temporary files, whatever the service's environment says; with a trial that succeeds, and one that fails."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    project = make_project(tmp_path / "shop", MANIFEST_STORAGE)
    before = snapshot(project)
    described = project_at(project, PYTHONDONTWRITEBYTECODE="", TMPDIR=str(temporary))
    assert gather(described, True, True)[0]["trial"] == {"ran": True, "error": "", "output": ""}
    assert snapshot(project) == before
    write(project / "app/static/app/a.css", "i { src: url(gone.png) }")
    before = snapshot(project)
    assert "gone.png" in gather(described, True, True)[0]["trial"]["error"]
    assert snapshot(project) == before
    assert list(temporary.iterdir()) == []


LOGGED = """
LOGGING = {"version": 1, "handlers": {"file": {"class": "logging.FileHandler", "filename": BASE_DIR / "shop.log"}}, "root": {"handlers": ["file"]}}
"""


def test_the_service_s_log_is_not_opened(tmp_path: Path) -> None:
    """Root, or another user, would make a file that the service cannot write to afterwards."""
    project = make_project(tmp_path / "shop", LOGGED)
    evidence, _details = gather(project_at(project), True, True)
    assert evidence["trial"] == {"ran": True, "error": "", "output": ""}
    assert not (project / "shop.log").exists()


def test_no_room_for_a_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    evidence, _details = gather(project_at(make_project(tmp_path / "shop")), True, True)
    assert evidence["trial"] == {"ran": False, "error": "", "output": "There is no room for a temporary folder: No such file or directory."}
    assert evidence["static_url"] == "/static/"


def test_a_trial_that_says_nothing_is_told_as_none(tmp_path: Path) -> None:
    """A storage that does not write where it is told cannot be tried."""
    project = make_project(
        tmp_path,
        'STORAGES = {"default": {}, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",\n'
        '    "OPTIONS": {"location": "own"}}}\n',
    )
    trial = try_collectstatic(project_at(project))
    assert (trial["ran"], trial["error"]) == (False, "")
    assert "whatever STATIC_ROOT says" in trial["output"]
    assert not (project / "own").exists()


def test_values_of_the_environment_are_taken_out(tmp_path: Path) -> None:
    """Errors of finders, of storages and of templates quote what they like."""
    settings = 'import os\nSTATICFILES_FINDERS = ["app.finders.Finder"]\n'
    settings += 'TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [BASE_DIR / "t"]}]\n'
    project = make_project(tmp_path, settings + MANIFEST_STORAGE.replace("django.contrib.staticfiles.storage.Manifest", "app.finders.Manifest"))
    write(
        project / "app/finders.py",
        "import os\nfrom django.contrib.staticfiles.finders import BaseFinder\nfrom django.contrib.staticfiles import storage\n"
        "class Finder(BaseFinder):\n    def list(self, ignore_patterns): raise ValueError(os.environ['KEY'])\n"
        "class ManifestStaticFilesStorage(storage.ManifestStaticFilesStorage):\n    def url(self, *a, **k): raise ValueError(os.environ['KEY'])\n",
    )
    write(project / "t/a.html", "{% load static %}{% static 'a' %}")
    write(project / "t/b.html", "{% load static %}{% canary-value %}")
    (tmp_path / "collected").mkdir()
    evidence, _details = gather(project_at(project, KEY="canary-value"), True, False)
    assert (len(evidence["finder_errors"]), evidence["references"]["unknown_count"], evidence["references"]["unreadable_templates_count"]) == (
        1,
        1,
        1,
    )
    assert "canary" not in str(evidence)


def test_settings_alone_are_cheap(tmp_path: Path) -> None:
    """Without the tree and the templates there is nothing about them."""
    evidence, details = gather(project_at(make_project(tmp_path)), False, False)
    assert not {"tree", "references", "build", "trial", "other_environment"} & set(evidence)
    assert (evidence["files_count"], details.states) == (2, {})


def test_the_command_to_collect_says_what_the_service_needs() -> None:
    """A command, or a task where the environment must not be shown."""
    project = Project("/srv/my shop", "/srv/venv/bin/python", "", own_account(), {}, 60)
    assert collect_command(project) == "cd '/srv/my shop' && /srv/venv/bin/python manage.py collectstatic --noinput"
    other = dataclasses.replace(project, settings_module="shop.live", account=dataclasses.replace(own_account(), uid=os.geteuid() + 1, name="shop"))
    assert "sudo -u shop env DJANGO_SETTINGS_MODULE=shop.live /srv/venv/bin/python manage.py" in collect_command(other)
    assert (
        collect_command(dataclasses.replace(project, options={"unit": "shop.service"})) == "webops.django.django_collectstatic: {unit: shop.service}"
    )
