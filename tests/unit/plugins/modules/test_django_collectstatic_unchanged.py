# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An unchanged project is not collected again; whatever changes, is noticed all the same."""

from __future__ import annotations

import json
import os
import shutil
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support.django_projects import DJANGOS, MANIFEST_STORAGE, make_project, run_module_here, write

NAME = "django_collectstatic"


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, {"app/a.css": "body {}\n" * 300, "app/b.js": "1;\n"})
    write(project / "other/app/a.css", "/* another */")
    write(project / "second/__init__.py", "")
    write(project / "second/static/second/s.css", "s {}")
    return project


def args(project: Path, **more: t.Any) -> dict[str, t.Any]:
    """Return what the module needs at least."""
    return {"project_path": str(project), "python": sys.executable, "precompress": ["gzip"], **more}


def same_size(path: Path) -> None:
    """Write other content of the same size in place, and set the time of modification back."""
    before = path.stat()
    other = b"B" if path.read_bytes()[:1] != b"B" else b"b"
    with path.open("r+b") as file:
        file.write(other)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    """Rename another file of the same size and time over a file."""
    before = path.stat()
    other = path.with_name("other")
    other.write_bytes(path.read_bytes().replace(b"b", b"B", 1))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(path)


def settings(line: str) -> t.Callable[[Path], None]:
    """Return a change of the settings."""

    def change(project: Path) -> None:
        path = project / "conf/settings.py"
        path.write_text(path.read_text() + line + "\n")

    return change


CHANGES: dict[str, t.Callable[[Path], t.Any]] = {
    "source_same_size_and_time": lambda project: same_size(project / "app/static/app/a.css"),
    "source_replaced_by_rename": lambda project: replaced(project / "app/static/app/a.css"),
    "source_gone": lambda project: (project / "app/static/app/b.js").unlink(),
    "source_new": lambda project: write(project / "app/static/app/new.css", "new"),
    "published_same_size_and_time": lambda project: same_size(project / "collected/app/a.css"),
    "published_replaced": lambda project: replaced(project / "collected/app/a.css"),
    "published_chmod": lambda project: (project / "collected/app/a.css").chmod(0o640),
    "published_folder_chmod": lambda project: (project / "collected/app").chmod(0o700),
    "published_gone": lambda project: shutil.rmtree(project / "collected"),
    "sibling_edited": lambda project: same_size(project / "collected/app/a.css.gz"),
    "sibling_gone": lambda project: (project / "collected/app/a.css.gz").unlink(),
    "manifest_edited": lambda project: (project / "collected/staticfiles.json").write_text("{}"),
    "manifest_no_json": lambda project: (project / "collected/staticfiles.json").write_text("no JSON"),
    "app_added": settings('INSTALLED_APPS += ["second"]'),
    "folder_before_the_app": settings('STATICFILES_DIRS = [BASE_DIR / "other"]'),
    "prefix": settings('STATICFILES_DIRS = [("prefix", BASE_DIR / "other")]'),
    "storage": settings('STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"'),
}


def test_each_change_is_noticed(project: Path) -> None:
    """By the fingerprints: nothing forces the module to look. Check mode says the same before."""
    wanted = args(project, clear=True, keep_manifests=0)
    run_module_here(NAME, **wanted)
    again = run_module_here(NAME, **wanted)
    assert (again["changed"], again["collected"]) == (False, False)
    for name, change in CHANGES.items():
        change(project)
        predicted, done = run_module_here(NAME, check_mode=True, **wanted), run_module_here(NAME, **wanted)
        assert predicted["changed"], (name, predicted)
        assert done["changed"], (name, done)
        assert predicted["diff"] == done["diff"], name


def test_the_finders_order(project: Path) -> None:
    """Of two files with one name, the first one is collected."""
    settings('STATICFILES_DIRS = [BASE_DIR / "other"]')(project)
    run_module_here(NAME, **args(project))
    before = (project / "collected/app/a.css").read_text()
    finders = '"django.contrib.staticfiles.finders.AppDirectoriesFinder", "django.contrib.staticfiles.finders.FileSystemFinder"'
    settings(f"STATICFILES_FINDERS = [{finders}]")(project)
    assert run_module_here(NAME, **args(project))["modified"]
    assert (project / "collected/app/a.css").read_text() != before


def test_a_link_that_is_switched(project: Path) -> None:
    """A folder of sources may be a link to the last build."""
    for number in ("1", "2"):
        write(project / f"builds/{number}/x.css", "x" + number)
    (project / "build").symlink_to("builds/1")
    settings('STATICFILES_DIRS = [BASE_DIR / "build"]')(project)
    run_module_here(NAME, **args(project))
    (project / "build").unlink()
    (project / "build").symlink_to("builds/2")
    assert "x.css" in run_module_here(NAME, **args(project))["modified"]


@pytest.mark.parametrize("more", [{"precompress": []}, {"file_mode": "0640"}, {"clear": True}, {"python_path": [str(DJANGOS[0])]}], ids=str)
def test_other_options_and_another_django_are_looked_at(project: Path, more: dict[str, t.Any]) -> None:
    """Whether anything is different then is found out by collecting."""
    run_module_here(NAME, **args(project))
    assert run_module_here(NAME, **{**args(project), **more})["collected"]


def test_a_storage_with_code_of_its_own_is_always_asked(project: Path) -> None:
    """It may read what it likes; one that only sets values is looked through."""
    storage = "from django.contrib.staticfiles.storage import ManifestStaticFilesStorage\nclass Own(ManifestStaticFilesStorage):\n"
    write(project / "conf/storage.py", storage + "    manifest_strict = False\n")
    settings('STORAGES["staticfiles"]["BACKEND"] = "conf.storage.Own"')(project)
    run_module_here(NAME, **args(project))
    assert not run_module_here(NAME, **args(project))["collected"]
    write(project / "conf/storage.py", storage + "    def file_hash(self, name, content=None):\n        return 'abcdefabcdef'\n")
    assert run_module_here(NAME, **args(project))["changed"]
    again = run_module_here(NAME, **args(project))
    assert (again["collected"], again["changed"]) == (True, False)


@pytest.mark.parametrize("damage", ["", "no JSON", "[]", '{"version": 1}', '{"version": 0}'])
def test_a_damaged_state_is_as_good_as_none(project: Path, damage: str) -> None:
    """Everything is collected, nothing is different, and the state is whole again."""
    run_module_here(NAME, **args(project))
    state = project / ".collected.webops.json"
    assert state.stat().st_mode & 0o777 == 0o600
    state.write_text(damage)
    again = run_module_here(NAME, **args(project))
    assert (again["collected"], again["changed"]) == (True, False)
    assert not run_module_here(NAME, **args(project))["collected"]


def test_a_state_that_others_may_write_or_of_another_tree_does_not_count(project: Path) -> None:
    """Nor may a state name files outside the tree."""
    run_module_here(NAME, **args(project))
    path = project / ".collected.webops.json"
    state = json.loads(path.read_text())
    for change in ({"destination": "/elsewhere"}, {"siblings": ["../conf/settings.py"]}, {"earlier": [["/etc/passwd"]]}, {"tree": 1}, {"more": 1}):
        path.write_text(json.dumps({**state, **change}))
        assert run_module_here(NAME, check_mode=True, **args(project))["collected"], change
    path.unlink()
    run_module_here(NAME, **args(project))
    assert not run_module_here(NAME, check_mode=True, **args(project))["collected"]
    path.chmod(0o620)
    assert run_module_here(NAME, check_mode=True, **args(project))["collected"]


def test_a_refused_destination_is_refused_though_nothing_changed(project: Path) -> None:
    """The media root may have moved there."""
    run_module_here(NAME, **args(project))
    settings('MEDIA_ROOT = BASE_DIR / "collected"; MEDIA_URL = "media/"')(project)
    assert "MEDIA_ROOT" in run_module_here(NAME, **args(project))["msg"]
