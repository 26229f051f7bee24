# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample project works by itself: what fails later is not the sample's fault."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

SAMPLE = pathlib.Path(__file__).parents[2] / "molecule" / "shared" / "projects" / "sample"
GET = """
import sys
import django
django.setup()
from django.test import Client
response = Client(headers={"host": "shop.example.com"}).get(sys.argv[1])
print(response.status_code)
print(response.content.decode())
"""


@pytest.fixture(name="project")
def project_fixture(tmp_path: pathlib.Path) -> pathlib.Path:
    copy = tmp_path / "sample"
    shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def run(project: pathlib.Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the project's interpreter with the service's environment."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONUTF8": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DJANGO_SECRET_KEY": "only-for-this-test",
            "DJANGO_ALLOWED_HOSTS": "shop.example.com",
            **environment,
        },
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def manage(project: pathlib.Path, *arguments: str, **environment: str) -> str:
    """Run a management command that must succeed."""
    done = run(project, "manage.py", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("variant", ["inside", "fixed"])
def test_collects_into_either_folder(project: pathlib.Path, tmp_path: pathlib.Path, variant: str) -> None:
    fixed = tmp_path / "fixed"
    environment = {"SAMPLE_STATIC_ROOT": str(fixed)} if variant == "fixed" else {}
    manage(project, "collectstatic", "--noinput", **environment)
    root = fixed if variant == "fixed" else project / "staticfiles"
    paths = json.loads((root / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    for name in ("img/bild größe.svg", "css/Ελληνικά.css", "fonts/sample.woff2", "catalog/main.mjs", "admin/css/base.css"):
        assert (root / name).is_file()
        assert (root / paths[name]).is_file()
    assert "catalog" in (root / "common" / "shared.js").read_text(encoding="utf-8")
    assert paths["fonts/sample.woff2"].rpartition("/")[2] in (root / paths["css/site.css"]).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", ["/", "/upload/", "/admin/login/"])
def test_answers_its_pages(project: pathlib.Path, path: str) -> None:
    manage(project, "collectstatic", "--noinput")
    manage(project, "migrate", "--noinput")
    done = run(project, "-c", GET, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sample: the settings are read\n200\n")
    assert "/static/" in done.stdout


def test_migrations_are_complete(project: pathlib.Path) -> None:
    manage(project, "makemigrations", "--check", "--dry-run")


def test_stores_an_upload(project: pathlib.Path) -> None:
    manage(project, "migrate", "--noinput")
    assert manage(project, "make_upload", "--name", "größe.txt").endswith("/media/uploads/gr%C3%B6%C3%9Fe.txt\n")
    assert (project / "media" / "uploads" / "größe.txt").read_bytes() == b"hello\n"


def test_needs_the_services_environment(project: pathlib.Path) -> None:
    done = run(project, "-c", "import config.settings", DJANGO_SECRET_KEY="x")
    assert done.returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", "import config.settings"], cwd=project, env={}, check=False, capture_output=True, text=True, timeout=120
    )
    assert "KeyError: 'DJANGO_SECRET_KEY'" in done.stderr
