# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the admin's login page is."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at, write

ADMIN = """
INSTALLED_APPS += ["django.contrib.admin", "django.contrib.auth", "django.contrib.sessions", "django.contrib.messages"]
"""
URLS = """
from django.contrib import admin
from django.urls import path
urlpatterns = [path("office/", admin.site.urls)]
"""


@pytest.mark.parametrize("script", ["", 'FORCE_SCRIPT_NAME = "/sub"\n'])
def test_the_admin_is_found_where_the_project_has_put_it(tmp_path: Path, script: str) -> None:
    project = make_project(tmp_path, ADMIN + script)
    write(project / "conf/urls.py", URLS)
    assert ask(project_at(project), "static_info")["admin_login"] == "/office/login/"


@pytest.mark.parametrize("urls", ["urlpatterns = []\n", "import nothing_of_that_name\n", "raise SystemExit(3)\n"])
def test_without_one_there_is_none(tmp_path: Path, urls: str) -> None:
    project = make_project(tmp_path)
    write(project / "conf/urls.py", urls)
    assert ask(project_at(project), "static_info")["admin_login"] == ""
