# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking real projects, awkward ones among them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_project import ask, redact
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at


def test_a_project_that_does_not_answer_ends_at_its_deadline(tmp_path: Path) -> None:
    """What the project has started ends with it."""
    project = make_project(tmp_path, 'import subprocess\nsubprocess.run(["sleep", "600"])\n')
    with pytest.raises(ExplainedError, match="did not answer within 2 s"):
        ask(project_at(project, timeout=2), "static_info")


def test_environment_is_the_services_and_not_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the connection's shell must not decide."""
    monkeypatch.setenv("CALLERS", "1")
    project = make_project(tmp_path, 'import os\nassert "CALLERS" not in os.environ\nSTATIC_URL = os.environ["URL"]\n')
    assert ask(project_at(project, URL="/u/"), "static_info")["static_url"] == "/u/"


def test_secrets_are_taken_out_of_errors(tmp_path: Path) -> None:
    """An error about a URL quotes the URL."""
    project = make_project(tmp_path, 'import os\nprint(os.environ["DB"])\nraise ValueError("cannot parse " + os.environ["DB"])\n')
    with pytest.raises(ExplainedError, match="cannot parse \\*{8}") as caught:
        ask(project_at(project, DB="postgres://shop:canary@db"), "static_info")
    assert "canary" not in str(caught.value) + str(caught.value.details)
    assert redact("1 is short", {"N": "1"}) == "1 is short"


def test_another_user_needs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the project then runs as this user is shown in Molecule, where the database belongs to it."""
    project = project_at(make_project(tmp_path), user="nobody")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ExplainedError, match="Only root can run the project as nobody"):
        ask(project, "static_info")
