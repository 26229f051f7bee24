# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module tells of real projects."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible_collections.webops.django.tests.unit.support.django_projects import MANIFEST_STORAGE, make_project, run_module, write

NAME = "django_static_info"


def test_files_are_counted_by_app_and_shadowed_ones_named(tmp_path: Path) -> None:
    """Of two files with one name, the first source counts."""
    project = make_project(tmp_path, 'STATICFILES_DIRS = [BASE_DIR / "assets"]\n')
    write(project / "assets/app/a.css", "first")
    result = run_module(NAME, project_path=str(project), python=sys.executable)
    assert not result["changed"]
    assert (result["files_count"], result["apps"], result["shadowed"]) == (2, {"": 1, "app": 1}, ["app/a.css"])
    assert (result["secret_key"], result["findings"]) == ("set", [])


def test_the_result_stays_small(tmp_path: Path) -> None:
    """However many files there are, the result holds counts."""
    project = make_project(tmp_path, files={f"app/{number}.css": "" for number in range(2000)})
    result = run_module(NAME, project_path=str(project), python=sys.executable)
    assert result["files_count"] == 2000
    assert len(json.dumps(result)) < 65536


def test_a_secret_is_not_returned(tmp_path: Path) -> None:
    """Nor is the environment."""
    project = make_project(tmp_path, 'import os\nSECRET_KEY = os.environ["KEY"]\n')
    result = run_module(NAME, project_path=str(project), python=sys.executable, environment={"KEY": "canary-value"})
    assert "canary-value" not in json.dumps(result)
    assert result["secret_key"] == "set"


def test_a_project_without_staticfiles_is_told_so(tmp_path: Path) -> None:
    """The finding has the code of the cause."""
    project = make_project(tmp_path, 'INSTALLED_APPS = ["django.contrib.contenttypes"]\n')
    result = run_module(NAME, project_path=str(project), python=sys.executable)
    assert [finding["code"] for finding in result["findings"]] == ["staticfiles_app_missing"]


def test_an_unset_static_root_is_a_finding_whatever_the_storage(tmp_path: Path) -> None:
    """A manifest storage cannot even be made without it; the answer is the finding, not an exception of Django's."""
    for number, storage in enumerate(["", MANIFEST_STORAGE]):
        project = make_project(tmp_path / str(number), "STATIC_ROOT = None\n" + storage)
        result = run_module(NAME, project_path=str(project), python=sys.executable)
        assert [finding["code"] for finding in result["findings"]] == ["static_root_unset"]
        assert (result["static_root"], result["files_count"]) == ("", 2)
