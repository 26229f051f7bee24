# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Django projects in temporary folders, and a way to run a module as Ansible runs it."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path
from unittest import mock

from ansible.module_utils import basic
from ansible_collections.webops.django.plugins.module_utils import accounts
from ansible_collections.webops.django.plugins.module_utils.django_project import Project

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
SECRET_KEY = "for tests"
DEBUG = False
ALLOWED_HOSTS = ["shop.example.com"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.staticfiles", "app"]
MIDDLEWARE = []
ROOT_URLCONF = "conf.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "collected"
WSGI_APPLICATION = "conf.wsgi.application"
"""

MANAGE = """
import os, sys
if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""

WSGI = """
import os
from django.core.wsgi import get_wsgi_application
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf.settings")
application = get_wsgi_application()
"""

MANIFEST_STORAGE = (
    'STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},'
    ' "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}\n'
)


WHITENOISE_STORAGE = MANIFEST_STORAGE.replace(
    "django.contrib.staticfiles.storage.ManifestStaticFilesStorage", "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
WHITENOISE_PLAIN_STORAGE = MANIFEST_STORAGE.replace(
    "django.contrib.staticfiles.storage.ManifestStaticFilesStorage", "whitenoise.storage.CompressedStaticFilesStorage"
)

DJANGOS = sorted((Path(__file__).resolve().parents[3] / ".ansible/django").iterdir())
"""Folders for python_path, each with a Django and WhiteNoise; tools/setup makes them."""


def make_project(folder: Path, settings: str = "", files: t.Mapping[str, str] | None = None, manage: str = MANAGE) -> Path:
    """Write a small project.

    :param settings: further lines of its settings module.
    :param files: static files of its only app, contents by relative path.
    """
    for name, content in {
        "manage.py": manage,
        "conf/__init__.py": "",
        "conf/settings.py": SETTINGS + settings,
        "conf/urls.py": "urlpatterns = []\n",
        "conf/wsgi.py": WSGI,
        "app/__init__.py": "",
    }.items():
        write(folder / name, content)
    for name, content in (files if files is not None else {"app/a.css": "body {}\n", "app/b.js": "1;\n"}).items():
        write(folder / "app/static" / name, content)
    return folder


def write(path: Path, content: str) -> None:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def project_at(path: Path, settings_module: str = "", user: str = "", timeout: int = 120, **environment: str) -> Project:
    """Describe a project that the tests' own interpreter runs."""
    account = accounts.user_account(user) if user else accounts.own_account()
    return Project(str(path), sys.executable, settings_module, account, environment, timeout)


def run_module(name: str, check_mode: bool = False, **params: t.Any) -> dict[str, t.Any]:
    """Run one of the collection's modules in a process of its own, as a host would, and return what it prints."""
    arguments = {"ANSIBLE_MODULE_ARGS": dict(params, _ansible_check_mode=check_mode, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)}
    done = subprocess.run(
        [sys.executable, "-m", f"ansible_collections.webops.django.plugins.modules.{name}"],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return dict(json.loads(done.stdout))


def run_module_here(name: str, check_mode: bool = False, **params: t.Any) -> dict[str, t.Any]:
    """Do the same in this process, without the time that Python and Ansible take to start."""
    module = importlib.import_module(f"ansible_collections.webops.django.plugins.modules.{name}")
    options = dict(params, _ansible_check_mode=check_mode, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)
    printed = io.StringIO()
    with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode()):
        with mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True), contextlib.redirect_stdout(printed):
            with contextlib.suppress(SystemExit):
                module.main()
    return dict(json.loads(printed.getvalue()))


def four_steps_here(name: str, **params: t.Any) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Check, do, again, again in check mode with force: what was predicted is done, to the name, and then nothing is left to do.

    :returns: what check mode predicted, and what was done.
    """
    predicted, done = run_module_here(name, check_mode=True, **params), run_module_here(name, **params)
    assert not done.get("failed"), done
    for key in ("changed", "added", "modified", "removed", "rights_count", "diff", "digest", "precompressed", "kept_count", "files_count"):
        assert predicted[key] == done[key], (key, predicted, done)
    for again in ({}, {"force": True, "check_mode": True}):
        result = run_module_here(name, **{**params, **again})
        assert not result["changed"], (again, result)
        assert result["digest"] == done["digest"]
    return predicted, done


def four_steps(name: str, **params: t.Any) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """Check, do, again, again in check mode: the prediction comes true, and then nothing is left to do.

    :returns: what check mode predicted, and what was done.
    """
    predicted = run_module(name, check_mode=True, **params)
    done = run_module(name, **params)
    assert predicted["changed"] == done["changed"], (predicted, done)
    assert not run_module(name, **params)["changed"]
    assert not run_module(name, check_mode=True, **params)["changed"]
    return predicted, done
