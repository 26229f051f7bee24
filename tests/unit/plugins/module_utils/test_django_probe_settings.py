# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of evaluated settings."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at


def test_settings_are_evaluated(tmp_path: Path) -> None:
    """A relative STATIC_URL gets the script prefix, a path object becomes a path."""
    answer = ask(project_at(make_project(tmp_path, 'FORCE_SCRIPT_NAME = "/sub"\n')), "static_info")
    assert answer["static_url"] == "/sub/static/"
    assert answer["static_root"] == str(tmp_path / "collected")
    assert answer["sqlite_databases"] == [str(tmp_path / "db.sqlite3")]
    assert {file["path"] for file in answer["files"]} == {"app/a.css", "app/b.js"}
    assert {file["app"] for file in answer["files"]} == {"app"}


def test_a_relative_root_is_told_as_it_is_written(tmp_path: Path) -> None:
    answer = ask(project_at(make_project(tmp_path, 'STATIC_ROOT = "gathered/"\n')), "static_info")
    assert (answer["static_root"], answer["static_root_relative"]) == (str(tmp_path / "gathered"), "gathered/")
    assert answer["base_dir"] == str(tmp_path)


def test_a_base_dir_that_is_a_string_takes_no_slash(tmp_path: Path) -> None:
    answer = ask(project_at(make_project(tmp_path, "BASE_DIR = str(BASE_DIR)\n")), "static_info")
    assert (answer["static_root_relative"], answer["base_dir"]) == ("", "")


def test_storages_are_told_without_their_secrets(tmp_path: Path) -> None:
    """Of options only the names; a folder where it is one."""
    project = make_project(
        tmp_path,
        'STORAGES = {"default": {"BACKEND": "none.such.S3", "OPTIONS": {"secret_key": "canary", "bucket": "b"}},\n'
        '    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},\n'
        '    "own": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": BASE_DIR / "own"}}}\n',
    )
    answer = ask(project_at(project), "static_info")
    assert answer["storages"] == {
        "default": {"backend": "none.such.S3", "location": "", "options": ["bucket", "secret_key"]},
        "staticfiles": {"backend": "django.contrib.staticfiles.storage.StaticFilesStorage", "location": f"{tmp_path}/collected", "options": []},
        "own": {"backend": "django.core.files.storage.FileSystemStorage", "location": f"{tmp_path}/own", "options": ["location"]},
    }
    assert "canary" not in str(answer)


def test_whitenoise_and_what_json_cannot_hold(tmp_path: Path) -> None:
    """A setting may be a function, a pattern or a path."""
    project = make_project(
        tmp_path,
        'import re\nMIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware"]\nWHITENOISE_MAX_AGE = 60\nWHITENOISE_ROOT = BASE_DIR / "r"\n'
        "WHITENOISE_IMMUTABLE_FILE_TEST = lambda path, url: True\nSTATIC_URL = None\nMEDIA_ROOT = BASE_DIR / 'media'\n",
    )
    answer = ask(project_at(project), "static_info")
    assert answer["whitenoise"] is True
    assert answer["whitenoise_settings"] == {
        "WHITENOISE_IMMUTABLE_FILE_TEST": "function",
        "WHITENOISE_MAX_AGE": 60,
        "WHITENOISE_ROOT": f"{tmp_path}/r",
    }
    assert (answer["static_url"], answer["media_root"]) == ("", f"{tmp_path}/media")
