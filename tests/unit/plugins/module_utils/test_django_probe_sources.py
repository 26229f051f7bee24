# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fingerprint of a project, asked of real projects; what changes it is tested with the module."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import django_probe_sources
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, project_at, write

FINDER = """
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
class Own(BaseFinder):
    def list(self, ignore_patterns):
        yield "o.css", FileSystemStorage("{folder}")
class Odd(BaseFinder):
    def list(self, ignore_patterns):
        class Made(FileSystemStorage):
            pass
        yield "o.css", Made("{folder}")
"""


def test_where_files_settle_after_a_change() -> None:
    """Within the kernel's tick, a second change leaves no other ctime; a time in the future is another machine's."""
    now = time.time_ns()
    assert django_probe_sources.has_settled(now - django_probe_sources.SETTLED)
    assert not django_probe_sources.has_settled(now)
    assert time.time_ns() - now >= django_probe_sources.SETTLED
    assert not django_probe_sources.has_settled(time.time_ns() + 10**12)


def test_ignored_files_do_not_count(tmp_path: Path) -> None:
    """collectstatic passes them over as well. A file of the project that is no source does not count either."""
    project = make_project(tmp_path / "project")
    before = ask(project_at(project), "collect_plan")["fingerprint"]
    for name in (".hidden/a.css", ".hidden.css", "CVS/a", "a.css~"):
        write(project / "app/static" / name, "x")
    write(project / "app/templates/a.html", "x")
    assert ask(project_at(project), "collect_plan")["fingerprint"] == before
    write(project / "app/static/seen.css", "x")
    assert ask(project_at(project), "collect_plan")["fingerprint"] != before


def test_somebodys_own_finder_is_asked_each_time(tmp_path: Path) -> None:
    """As long as its files lie in folders; of a storage of its own, nobody knows."""
    project = make_project(tmp_path / "project", 'STATICFILES_FINDERS = ["conf.finder.Own"]\n')
    write(project / "conf/finder.py", FINDER.format(folder=tmp_path / "own"))
    write(tmp_path / "own/o.css", "1")
    before = ask(project_at(project), "collect_plan")["fingerprint"]
    assert before
    write(tmp_path / "own/o.css", "2")
    assert ask(project_at(project), "collect_plan")["fingerprint"] not in ("", before)
    write(project / "conf/settings.py", (project / "conf/settings.py").read_text().replace("finder.Own", "finder.Odd"))
    said = ask(project_at(project), "collect_plan")
    assert (said["fingerprint"], said["no_fingerprint"]) == ("", "a finder has files in a storage of the class Made")


@pytest.mark.parametrize("target", [".", "..", "loop"])
def test_a_link_that_leads_round_is_named(tmp_path: Path, target: str) -> None:
    """Two of them would keep Django's own walk busy for ever."""
    project = make_project(tmp_path / "project")
    for name in ("loop", "loop2"):
        (project / "app/static/app" / name).symlink_to(target if target != "loop" else name)
    with pytest.raises(ExplainedError, match=r"static/app/loop is a link that leads round in a circle"):
        ask(project_at(project), "collect_plan")
