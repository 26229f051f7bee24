# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What finders and storages tell, awkward ones of somebody else's among them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.tests.unit.support.django_projects import MANIFEST_STORAGE, make_project, project_at, write

FINDER = """
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage
class Finder(BaseFinder):
    def check(self, **more): return []
    def find(self, path, find_all=False, **more): return []
    def list(self, ignore_patterns):
        {body}
"""


def with_finder(folder: Path, body: str, settings: str = "") -> Path:
    """Make a project with a finder of its own before Django's."""
    names = '["app.finders.Finder", "django.contrib.staticfiles.finders.AppDirectoriesFinder"]'
    project = make_project(folder, f"STATICFILES_FINDERS = {names}\n{settings}")
    write(project / "app/finders.py", FINDER.replace("{body}", body))
    return project


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("yield 'only a name'", "where a path and a storage belong"),
        ("yield None", "where a path and a storage belong"),
        ("yield 7, FileSystemStorage('/s')", "where a path and a storage belong"),
        ("yield '/etc/passwd', FileSystemStorage('/s')", "which leads out of STATIC_ROOT"),
        ("yield '../x', FileSystemStorage('/s')", "which leads out of STATIC_ROOT"),
        ("raise PermissionError(13, 'Permission denied', '/s/closed')", "Permission denied"),
        ("raise RecursionError('too deep')", "too deep"),
        ("return 7", "not iterable"),
    ],
)
def test_a_finder_that_misbehaves_is_told_and_the_next_one_is_asked(tmp_path: Path, body: str, error: str) -> None:
    """By its name."""
    answer = ask(project_at(with_finder(tmp_path, body)), "static_info")
    assert error in answer["finder_errors"][0]["message"]
    assert answer["finder_errors"][0]["finder"] == "app.finders.Finder"
    assert [file["path"] for file in answer["files"]] == ["app/a.css", "app/b.js"]


def test_storages_without_paths_bytes_and_nothing_at_all(tmp_path: Path) -> None:
    """As finders that make their files up have it."""
    body = "yield 'made/up.css', Storage()\n        yield b'by/tes.css', object()\n"
    body += "        yield 'app/a.css', FileSystemStorage('/s')\n        return None"
    answer = ask(project_at(with_finder(tmp_path, body)), "static_info")
    told = {file["path"]: (file["source"], file["app"], file["shadowed"]) for file in answer["files"]}
    assert (told["made/up.css"], told["by/tes.css"]) == (("", "", False), ("", "", False))
    assert [file["shadowed"] for file in answer["files"] if file["path"] == "app/a.css"] == [False, True]
    assert answer["finder_errors"] == []


def test_prefixes_ignored_names_and_sources(tmp_path: Path) -> None:
    """What collectstatic passes over is not told; a relative folder is made absolute."""
    project = make_project(
        tmp_path, 'STATICFILES_DIRS = [("pre", BASE_DIR / "one"), "two", BASE_DIR / "dist"]\n', {"app/.DS_Store": "", "CVS/x": "", "a~": ""}
    )
    write(project / "one/a.css", "")
    write(project / "two/b.css", "")
    answer = ask(project_at(project), "static_info")
    assert [(file["path"], file["app"]) for file in answer["files"]] == [("pre/a.css", ""), ("b.css", "")]
    assert [(source["path"], source["app"], source["prefix"]) for source in answer["sources"]] == [
        (f"{tmp_path}/one", "", "pre"),
        (f"{tmp_path}/two", "", ""),
        (f"{tmp_path}/dist", "", ""),
        (f"{tmp_path}/app/static", "app", ""),
    ]
    assert answer["staticfiles_dirs_prefixed"] == [{"prefix": "pre", "path": f"{tmp_path}/one"}]


def test_names_that_are_no_utf8_are_told(tmp_path: Path) -> None:
    """As Python has them, by surrogates."""
    project = make_project(tmp_path, files={})
    (project / "app/static").mkdir()
    with open(os.fsencode(project / "app/static") + b"/b\xff.css", "wb"):
        pass
    (file,) = ask(project_at(project), "static_info")["files"]
    assert file["path"] == "b\udcff.css"


def test_a_storage_with_code_of_its_own_proves_nothing_about_content(tmp_path: Path) -> None:
    """What it does to a file is not known; attributes alone change nothing."""
    for number, (body, expected) in enumerate(
        [("def _save(self, *a): pass", (False, True)), ("def hashed_name(self, *a): pass", (True, False)), ("x = 1", (True, True))]
    ):
        storage = MANIFEST_STORAGE.replace("django.contrib.staticfiles.storage.ManifestStaticFilesStorage", "app.storage.Own")
        project = make_project(tmp_path / str(number), storage)
        write(project / "app/storage.py", f"from django.contrib.staticfiles.storage import *\nclass Own(ManifestStaticFilesStorage):\n    {body}\n")
        details = ask(project_at(project), "static_info")["storage_details"]
        assert (details["keeps_content"], details["names_as_django"]) == expected


def test_a_broken_manifest_does_not_hide_the_storage(tmp_path: Path) -> None:
    """It cannot be made; its class and its folder are known."""
    project = make_project(tmp_path, MANIFEST_STORAGE)
    write(project / "collected/staticfiles.json", "{")
    answer = ask(project_at(project), "static_info")
    assert answer["storage_error"].startswith("ValueError: ")
    assert (answer["storage_location"], answer["manifest_path"]) == (f"{tmp_path}/collected", f"{tmp_path}/collected/staticfiles.json")
    assert answer["storage"].endswith(".ManifestStaticFilesStorage")


def test_a_storage_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """The files are known all the same."""
    answer = ask(project_at(make_project(tmp_path, MANIFEST_STORAGE.replace("ManifestStatic", "NoStatic"))), "static_info")
    assert (answer["storage"], answer["storage_is_local"], len(answer["files"])) == ("", False, 2)
