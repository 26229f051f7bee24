# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collecting with real projects: what is published, what is told, and what a failure leaves."""

from __future__ import annotations

import os
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support import django_projects
from ansible_collections.webops.django.tests.unit.support.django_projects import MANIFEST_STORAGE, make_project, write
from ansible_collections.webops.django.tests.unit.support.django_projects import four_steps_here as four_steps
from ansible_collections.webops.django.tests.unit.support.django_projects import run_module_here as run_module

NAME = "django_collectstatic"


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return mode and content of everything below a folder."""
    return {
        str(path.relative_to(root)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"") for path in [root, *sorted(root.rglob("*"))]
    }


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def args(project: Path, **more: t.Any) -> dict[str, t.Any]:
    """Return what the module needs at least."""
    return {"project_path": str(project), "python": sys.executable, **more}


def test_as_ansible_runs_it(project: Path) -> None:
    """In a process of its own, by its file."""
    _predicted, done = django_projects.four_steps(NAME, **args(project))
    assert done["added"] == ["app/a.css", "app/b.js"]


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 100])
def test_changed_is_true_for_any_number_of_files(tmp_path: Path, count: int) -> None:
    """django_manage looks for the text "0 static files", so that 10 copied files are "not changed" there."""
    project = make_project(tmp_path / "project", files={f"app/{number}.css": f"/* {number} */" for number in range(count)})
    _predicted, done = four_steps(NAME, **args(project))
    assert done["changed"]
    assert (done["files_count"], done["added_count"]) == (count, count)


def test_duplicate_destinations_are_no_change(project: Path) -> None:
    """Django reports a skipped duplicate at every run."""
    write(project / "other/app/a.css", "/* first */")
    write(project / "conf/settings.py", (project / "conf/settings.py").read_text() + 'STATICFILES_DIRS = [BASE_DIR / "other"]\n')
    four_steps(NAME, **args(project))
    assert (project / "collected/app/a.css").read_text() == "/* first */"


def test_a_changed_source_with_an_older_time_is_collected(project: Path) -> None:
    """collectstatic itself compares times, so a checkout or a wheel with older times stays stale there."""
    run_module(NAME, **args(project))
    source = project / "app/static/app/a.css"
    source.write_text("body { color: red }\n")
    os.utime(source, (0, 0))
    predicted, done = four_steps(NAME, **args(project))
    assert done["modified"] == predicted["modified"] == ["app/a.css"]
    assert (project / "collected/app/a.css").read_text() == "body { color: red }\n"
    assert predicted["diff"] == done["diff"]


def test_somebodys_chmod_is_undone(project: Path) -> None:
    """Modes are part of what is published."""
    run_module(NAME, **args(project))
    (project / "collected/app").chmod(0o700)
    (project / "collected/app/a.css").chmod(0o600)
    _predicted, done = four_steps(NAME, **args(project))
    assert done["rights_count"] == 2
    assert (project / "collected/app").stat().st_mode & 0o777 == 0o755


def test_the_umask_does_not_matter(project: Path) -> None:
    """Under a umask of 077 Django makes folders that only their owner may enter."""
    old = os.umask(0o077)
    try:
        run_module(NAME, **args(project, dest=str(project.parent / "new/parents/tree")))
    finally:
        os.umask(old)
    for path in (
        project.parent / "new",
        project.parent / "new/parents",
        project.parent / "new/parents/tree",
        project.parent / "new/parents/tree/app",
    ):
        assert path.stat().st_mode & 0o777 == 0o755, path


def test_what_was_not_collected_stays_unless_it_is_to_go(project: Path) -> None:
    """Without clear, a file of somebody else's is left alone."""
    run_module(NAME, **args(project))
    write(project / "collected/old/gone.css", "x")
    assert not run_module(NAME, **args(project))["changed"]
    predicted, done = four_steps(NAME, **args(project, clear=True))
    assert done["removed"] == predicted["removed"] == ["old", "old/gone.css"]
    assert not (project / "collected/old").exists()


def test_a_file_becomes_a_folder_and_back(project: Path) -> None:
    """The published tree follows, whatever kind a name is of."""
    write(project / "app/static/thing", "a file")
    run_module(NAME, **args(project, clear=True))
    (project / "app/static/thing").unlink()
    write(project / "app/static/thing/inner.css", "in a folder")
    four_steps(NAME, **args(project, clear=True))
    assert (project / "collected/thing/inner.css").read_text() == "in a folder"
    (project / "app/static/thing/inner.css").unlink()
    (project / "app/static/thing").rmdir()
    write(project / "app/static/thing", "a file again")
    four_steps(NAME, **args(project, clear=True))
    assert (project / "collected/thing").read_text() == "a file again"


def test_manifest_and_names_that_only_look_hashed(tmp_path: Path) -> None:
    """Only what the manifest gives out may be cached for ever."""
    files = {"app/a.css": "body { background: url(b.svg) }", "app/b.svg": "<svg/>", "app/c.0123456789ab.css": "p {}"}
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, files)
    _predicted, done = four_steps(NAME, **args(project))
    assert done["hashed_count"] == 3
    assert done["hash_lookalikes"] == ["app/c.0123456789ab.css"]
    assert done["project"]["manifest_name"] == "staticfiles.json"


def test_a_css_that_names_a_missing_file_leaves_the_live_tree_alone(tmp_path: Path) -> None:
    """Django has written half of the live STATIC_ROOT by the time it notices."""
    project = make_project(tmp_path / "project", MANIFEST_STORAGE)
    run_module(NAME, **args(project))
    before = snapshot(project / "collected")
    write(project / "app/static/app/new.css", "body { background: url(missing.png) }")
    result = run_module(NAME, **args(project))
    assert result["failed"]
    assert "app/new.css cannot be processed" in result["msg"]
    assert "missing.png" in result["msg"]
    assert " object at 0x" not in result["msg"]
    assert snapshot(project / "collected") == before
    assert sorted(path.name for path in project.iterdir() if path.name.startswith(".collect-")) == []


def test_check_mode_writes_nothing(project: Path) -> None:
    """Not even the folder it would make."""
    before = snapshot(project)
    assert run_module(NAME, check_mode=True, **args(project))["changed"]
    assert snapshot(project) == before


@pytest.mark.parametrize(
    ("settings", "dest", "word"),
    [
        ("", "/", "folder of the system"),
        ("", "/var/www", "folder of the system"),
        ("", "/root", "folder of the system"),
        ("", "{project}", "holds the project"),
        ("", "{project}/..", "holds the project"),
        ('MEDIA_ROOT = BASE_DIR / "media"\n', "{project}/media", "MEDIA_ROOT"),
        ('MEDIA_ROOT = BASE_DIR / "media"\n', "{project}/media/static", "MEDIA_ROOT"),
        ('STATICFILES_DIRS = [BASE_DIR / "assets"]\n', "{project}/assets", "STATICFILES_DIRS"),
        ("STATIC_ROOT = BASE_DIR\n", "{project}/elsewhere", "holds the project"),
    ],
)
def test_a_dangerous_destination_is_refused(tmp_path: Path, settings: str, dest: str, word: str) -> None:
    """The message says what the folder is."""
    project = make_project(tmp_path / "project", settings)
    write(project / "assets/x.css", "x")
    before = snapshot(project)
    result = run_module(NAME, **args(project, dest=dest.format(project=project), clear=True))
    assert result["failed"]
    assert word in result["msg"]
    assert snapshot(project) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"project_path": "/nowhere"}, "no folder /nowhere"),
        ({"python": "/bin/false"}, "ended with code 1"),
        ({"python": "/nowhere/python"}, "no program"),
        ({"settings_module": "conf.nothing"}, "conf.nothing does not import"),
        ({"environment_file": "/nowhere/env"}, "no environment file"),
        ({"user": "nobody-of-that-name"}, "no user nobody-of-that-name"),
        ({"file_mode": "rw"}, "octal digits"),
        ({"dest": "static"}, "absolute path"),
    ],
)
def test_bad_input_gets_a_clear_sentence(project: Path, change: dict[str, str], words: str) -> None:
    """And never a traceback, which run_module looks for."""
    result = run_module(NAME, **args(project, **change))
    assert result["failed"]
    assert words in result["msg"]


def test_an_unset_static_root_is_named(project: Path) -> None:
    """The message names the setting and says what to write."""
    write(project / "conf/settings.py", (project / "conf/settings.py").read_text() + "STATIC_ROOT = None\n")
    result = run_module(NAME, **args(project))
    assert result["failed"]
    assert "STATIC_ROOT is not set in conf.settings" in result["msg"]
    assert 'STATIC_ROOT = BASE_DIR / "staticfiles"' in result["msg"]


def test_hashed_files_of_other_releases_are_kept(tmp_path: Path) -> None:
    """A page that a browser loaded before the deployment still finds its files; the manifest is never merged."""
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, {"app/a.css": "old", "app/gone/b.css": "b", "app/same.css": "same " * 500})
    trees = tmp_path / "trees"
    old = run_module(NAME, **args(project, dest=str(trees / "1"), precompress=["gzip"]))
    (project / "app/static/app/gone/b.css").unlink()
    write(project / "app/static/app/a.css", "new")
    write(trees / ".collect-unfinished/staticfiles.json", "not even JSON")
    _predicted, new = four_steps(NAME, **args(project, dest=str(trees / "2"), clear=True, keep_hashed_of=[str(trees)], precompress=["gzip"]))
    assert (old["hashed_count"], new["kept_count"], new["hashed_count"]) == (3, 2, 2)
    (hashed,) = (trees / "1/app/gone").glob("b.*.css")
    assert (trees / "2/app/gone" / hashed.name).stat().st_ino == hashed.stat().st_ino
    assert not (trees / "2/app/gone/b.css").exists()
    assert (trees / "2/app/same.css").stat().st_ino == (trees / "1/app/same.css").stat().st_ino
    assert (trees / "2/app/same.css.gz").stat().st_ino == (trees / "1/app/same.css.gz").stat().st_ino
    assert (trees / "2/app/a.css").read_text() == "new"
    assert hashed.name not in (trees / "2/staticfiles.json").read_text()
    assert new["hash_lookalikes"] == []
