# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks and applications of real projects."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.modules.django_check import judge
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, run_module, write

NAME = "django_check"


def test_deployment_messages_are_returned(tmp_path: Path) -> None:
    """Warnings do not fail by default."""
    project = make_project(tmp_path)
    result = run_module(NAME, project_path=str(project), python=sys.executable, application="conf.wsgi.application")
    assert not result["changed"]
    assert "security.W009" in [message["id"] for message in result["messages"]]
    failed = run_module(NAME, project_path=str(project), python=sys.executable, fail_level="warning")
    assert failed["failed"]
    assert "security.W009" in failed["msg"]


def test_silenced_messages_do_not_count() -> None:
    """As in manage.py check."""
    message = {"id": "x.E001", "level": "error", "message": "m", "hint": "", "object": "", "silenced": True}
    assert judge([message], "error") == []
    with pytest.raises(ExplainedError, match=r"x\.E001"):
        judge([dict(message, silenced=False)], "error")
    assert judge([dict(message, silenced=False)], "critical")


def test_an_application_that_would_not_run_fails_the_task(tmp_path: Path) -> None:
    """Before a server tries."""
    project = make_project(tmp_path)
    write(project / "conf/wsgi.py", "import nothing_of_that_name\n")
    result = run_module(NAME, project_path=str(project), python=sys.executable, application="conf.wsgi.application")
    assert result["failed"]
    assert "ModuleNotFoundError" in result["msg"]
