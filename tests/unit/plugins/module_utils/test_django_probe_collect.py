# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running collectstatic in real projects."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_probe_collect import _Names
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import MANIFEST_STORAGE, make_project, project_at, write


def collect(project: Path, folder: Path) -> dict[str, object]:
    """Collect into a folder."""
    folder.mkdir()
    return ask(project_at(project), "collect", overrides={"STATIC_ROOT": str(folder)})


def test_files_go_where_they_are_sent(tmp_path: Path) -> None:
    """And STATIC_ROOT is told as the project has it; so is where the sources lie, and the same fingerprint as beforehand."""
    project = make_project(tmp_path / "project", 'STATICFILES_DIRS = [BASE_DIR / "more"]\n')
    write(project / "more/m.css", "m")
    planned = ask(project_at(project), "collect_plan")
    said = collect(project, tmp_path / "out")
    assert sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")) == ["app/a.css", "app/b.js", "m.css"]
    assert said["static_root"] == str(project / "collected")
    assert said["sources"] == [str(project / "more"), str(project / "app/static")]
    assert said["fingerprint"] == planned["fingerprint"] != ""
    assert not (project / "collected").exists()


@pytest.mark.parametrize(
    ("settings", "words", "kind"),
    [
        ('INSTALLED_APPS.remove("django.contrib.staticfiles")\n', "not in INSTALLED_APPS", "staticfiles_app_missing"),
        (
            'STORAGES = {"staticfiles": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}\n',
            "InMemoryStorage keeps no local files",
            "remote_storage",
        ),
        (
            MANIFEST_STORAGE + 'STORAGES["staticfiles"]["OPTIONS"] = {"location": BASE_DIR / "fixed"}\n',
            "fixed, whatever STATIC_ROOT says",
            "storage_location",
        ),
        (
            MANIFEST_STORAGE
            + "from django.core.files.storage import FileSystemStorage\n"
            + 'STORAGES["staticfiles"]["OPTIONS"] = {"manifest_storage": FileSystemStorage(BASE_DIR)}\n',
            "keeps its manifest at .*/project/staticfiles.json, outside STATIC_ROOT",
            "manifest_elsewhere",
        ),
    ],
)
def test_what_cannot_be_published_is_refused(tmp_path: Path, settings: str, words: str, kind: str) -> None:
    """Before anything is written."""
    project = make_project(tmp_path / "project", settings)
    with pytest.raises(ExplainedError, match=words) as raised:
        collect(project, tmp_path / "out")
    assert raised.value.details["kind"] == kind
    assert list((tmp_path / "out").iterdir()) == []
    assert not (project / "staticfiles.json").exists()


def test_a_dangling_link_is_named(tmp_path: Path) -> None:
    """Django only says that a file is not there."""
    project = make_project(tmp_path / "project")
    (project / "app/static/app/lost.css").symlink_to("nowhere.css")
    with pytest.raises(ExplainedError, match=r"static/app/lost\.css is a link that leads nowhere \(nowhere\.css\); remove it") as raised:
        collect(project, tmp_path / "out")
    assert raised.value.details["kind"] == "collectstatic_failed"


def test_an_overridden_command_is_run(tmp_path: Path) -> None:
    """Django takes the one of the app that comes first."""
    project = make_project(tmp_path / "project")
    command = "from django.contrib.staticfiles.management.commands.collectstatic import Command as Django\nclass Command(Django):\n"
    write(project / "app/management/__init__.py", "")
    write(project / "app/management/commands/__init__.py", "")
    write(
        project / "app/management/commands/collectstatic.py",
        command + "    def handle(self, **options):\n        super().handle(**options)\n        open(self.storage.path('more.css'), 'w').close()\n",
    )
    settings = project / "conf/settings.py"
    settings.write_text(settings.read_text() + 'INSTALLED_APPS = ["app", "django.contrib.staticfiles"]\n')
    said = collect(project, tmp_path / "out")
    assert (tmp_path / "out/more.css").exists()
    assert said["fingerprint"] == ""


def test_names_are_a_list_that_knows_what_it_holds() -> None:
    """As Django uses it."""
    names = _Names()
    names.append("a")
    assert "a" in names
    assert "b" not in names
    assert [*names, "b"] == names + ["b"] == ["a", "b"]
