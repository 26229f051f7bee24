# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System checks, and applications that a server could not run."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at, write


def test_checks_tell_id_level_and_whether_they_are_silenced(tmp_path: Path) -> None:
    """Those for deployment are among them."""
    project = make_project(tmp_path, 'SILENCED_SYSTEM_CHECKS = ["security.W009"]\n')
    messages = {message["id"]: message for message in ask(project_at(project), "check", application="")["messages"]}
    assert messages["security.W009"]["silenced"]
    assert (messages["security.W001"]["level"], messages["security.W001"]["silenced"]) == ("warning", False)


@pytest.mark.parametrize(
    ("wsgi", "words"),
    [
        ("import nothing_of_that_name\n", "ModuleNotFoundError"),
        ("application = None\n", "not callable"),
        ("", "AttributeError"),
        ("def f(:\n", "SyntaxError"),
        ('import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "conf.other"\napplication = print\n', "os.environ.setdefault"),
    ],
)
def test_an_application_that_would_not_run_is_told(tmp_path: Path, wsgi: str, words: str) -> None:
    """Before a server tries."""
    project = make_project(tmp_path)
    write(project / "conf/wsgi.py", wsgi)
    with pytest.raises(ExplainedError, match=words):
        ask(project_at(project), "check", application="conf.wsgi.application")
