# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Django projects in temporary folders, and a way to run a module as Ansible runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

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
