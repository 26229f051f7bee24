# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a project with so many static files: write_project.py FOLDER STORAGE COUNT."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "for tests"
INSTALLED_APPS = ["django.contrib.staticfiles"]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "collected"
STATICFILES_DIRS = [BASE_DIR / "assets", BASE_DIR / "shadowed"]
STORAGES = {"staticfiles": {"BACKEND": "%s"}}
"""
MANAGE = """#!/usr/bin/env python3
import os, sys
if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""


def main(folder: str, storage: str, count: str) -> None:
    """Write it anew."""
    project = Path(folder)
    shutil.rmtree(project, ignore_errors=True)
    for name in ("assets", "shadowed"):
        (project / name).mkdir(parents=True)
    (project / "manage.py").write_text(MANAGE)
    (project / "manage.py").chmod(0o755)
    (project / "settings.py").write_text(SETTINGS % storage)
    for number in range(int(count)):
        (project / "assets" / f"{number}.css").write_text(f"a {{ order: {number} }}\n" * 100)
    if int(count):
        # Two sources for one file: Django takes the first, and tells of the other at every run.
        (project / "shadowed" / "0.css").write_text("other")


if __name__ == "__main__":
    main(*sys.argv[1:])
