# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a relative STATIC_ROOT may have been collected."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

from ansible_collections.webops.django.plugins.module_utils.info_elsewhere import collected_elsewhere
from ansible_collections.webops.django.tests.unit.support.django_projects import project_at, write

NAMES = ("a.css", "b/c.css")
RELATIVE = "gathered-0b8c/static"
"""A name that no home folder of this machine holds."""


def look(tmp_path: Path, relative: str = RELATIVE, lacking: t.Sequence[str] = NAMES, home: str = "/nonexistent") -> dict[str, t.Any] | None:
    project = tmp_path / "home/site"
    (project / "conf").mkdir(parents=True, exist_ok=True)
    made = project_at(project)
    made = dataclasses.replace(made, account=dataclasses.replace(made.account, home=home))
    evidence = {"static_root_relative": relative, "storage_location": str(project / RELATIVE), "settings_file": str(project / "conf/settings.py")}
    return collected_elsewhere(made, evidence, lacking)


def test_the_folder_that_holds_most_of_it_is_told(tmp_path: Path) -> None:
    write(tmp_path / RELATIVE / "a.css", "")
    for name in NAMES:
        write(tmp_path / "home" / RELATIVE / name, "")
    assert look(tmp_path) == {"path": str(tmp_path / "home" / RELATIVE), "started_in": str(tmp_path / "home"), "holds": 2}


def test_a_home_folder_and_a_folder_of_the_project_are_places_to_start_in(tmp_path: Path) -> None:
    write(tmp_path / "deploy" / RELATIVE / "a.css", "")
    assert (look(tmp_path, home=str(tmp_path / "deploy")) or {})["started_in"] == str(tmp_path / "deploy")
    for name in NAMES:
        write(tmp_path / "home/site/conf" / RELATIVE / name, "")
    assert (look(tmp_path) or {})["started_in"] == str(tmp_path / "home/site/conf")


def test_an_absolute_root_a_whole_tree_and_strange_files_tell_nothing(tmp_path: Path) -> None:
    write(tmp_path / RELATIVE / "other.css", "")
    assert look(tmp_path) is None
    write(tmp_path / RELATIVE / "a.css", "")
    assert look(tmp_path, relative="") is None
    assert look(tmp_path, lacking=[]) is None


def test_a_link_to_the_root_itself_is_no_other_folder(tmp_path: Path) -> None:
    look(tmp_path)
    write(tmp_path / "home/site" / RELATIVE / "a.css", "")
    (tmp_path / RELATIVE).parent.mkdir()
    (tmp_path / RELATIVE).symlink_to(tmp_path / "home/site" / RELATIVE)
    assert look(tmp_path) is None
