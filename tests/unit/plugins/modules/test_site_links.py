# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the links."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.webops.django.tests.unit.support.django_projects import four_steps, run_module

NAME = "site_links"


def test_links_are_made_and_told(tmp_path: Path) -> None:
    """What was predicted is done, and shown in the diff."""
    (tmp_path / "old").mkdir()
    links = [
        {"path": str(tmp_path / "old"), "target": str(tmp_path / "tree"), "existing": "aside"},
        {"path": str(tmp_path / "x/new"), "target": str(tmp_path / "tree")},
    ]
    predicted, done = four_steps(NAME, links=links)
    assert predicted["diff"] == done["diff"]
    assert done["diff"]["after"] == f"{tmp_path}/old -> {tmp_path}/tree\n{tmp_path}/x/new -> {tmp_path}/tree\n"
    assert [bool(link["moved_to"]) for link in done["links"]] == [True, False]


def test_resolved_targets_need_no_way_through_links(tmp_path: Path) -> None:
    """The nginx worker may not enter a release, through which MEDIA_ROOT leads."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "media").symlink_to(tmp_path / "shared")
    four_steps(NAME, links=[{"path": str(tmp_path / "uploads"), "target": str(tmp_path / "media"), "resolve": True}])
    assert (tmp_path / "uploads").readlink() == tmp_path / "shared"


def test_bad_input_gets_a_clear_sentence(tmp_path: Path) -> None:
    """A relative path would depend on where the module runs."""
    assert "no absolute path" in run_module(NAME, links=[{"path": "a", "target": "/b"}])["msg"]
    assert (
        "no user nobody-of-that-name"
        in run_module(NAME, links=[{"path": str(tmp_path / "a"), "target": "/b", "owner": "nobody-of-that-name"}])["msg"]
    )
