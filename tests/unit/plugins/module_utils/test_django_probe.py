# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answering at all: what a project prints or starts must not disturb."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at


def test_settings_that_print_do_not_disturb(tmp_path: Path) -> None:
    """The answer has a channel of its own."""
    project = make_project(tmp_path, 'import sys\nprint("{}" * 100000)\nprint("x", file=sys.stderr)\n')
    assert ask(project_at(project), "static_info")["settings_module"] == "conf.settings"


def test_settings_that_start_threads_do_not_hang(tmp_path: Path) -> None:
    """A thread that is no daemon would keep the interpreter alive."""
    project = make_project(tmp_path, "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n")
    assert ask(project_at(project, timeout=60), "static_info")["debug"] is False


def test_an_unknown_question_is_refused(tmp_path: Path) -> None:
    """By name."""
    with pytest.raises(ExplainedError, match="nothing is known of the question weather"):
        ask(project_at(make_project(tmp_path)), "weather")
