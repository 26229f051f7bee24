# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where nothing is published."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.collect_destination import destination_of, refuse_dangerous, refuse_to_clear
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

EVIDENCE = {"staticfiles_dirs": ["/opt/shop/assets"], "media_root": "/opt/shop/media", "sources": ["/opt/shop/assets", "/opt/shop/app/static"]}


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("/opt/shop/collected", ""),
        ("/static", ""),
        ("/opt/shop-static", ""),
        ("/opt/shop/media-static", ""),
        ("/opt/shop/app/static-collected", ""),
        ("/opt", "folder of the system"),
        ("/opt/shop", "holds the project"),
        ("/opt/shop/media", "MEDIA_ROOT"),
        ("/opt/shop/media/x", "MEDIA_ROOT"),
        ("/opt/shop/assets", "STATICFILES_DIRS"),
        ("/opt/shop/assets/x", "STATICFILES_DIRS"),
        ("/opt/shop/app/static", "collected from"),
        ("/opt/shop/app/static/x", "collected from"),
        ("/opt/shop/app", "collected from"),
        ("/var/www", "folder of the system"),
        ("/root", "folder of the system"),
        ("/", "folder of the system"),
        ("/etc/passwd", "is no folder"),
    ],
)
def test_dangerous_destinations(target: str, refused: str) -> None:
    """A neighbour whose name begins alike is none."""
    if refused:
        with pytest.raises(ExplainedError, match=f"{refused}.*Name a folder of their own"):
            refuse_dangerous(target, EVIDENCE, "/opt/shop")
    else:
        refuse_dangerous(target, EVIDENCE, "/opt/shop")


def test_links_lead_to_what_is_refused(tmp_path: Path) -> None:
    """A source that is a link, and a destination that is one."""
    for name in ("project", "media", "source", "tree"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "media")
    (tmp_path / "linked_source").symlink_to(tmp_path / "tree")
    evidence = {"staticfiles_dirs": [], "media_root": str(tmp_path / "media"), "sources": [str(tmp_path / "linked_source")], "static_root": ""}
    with pytest.raises(ExplainedError, match="MEDIA_ROOT"):
        refuse_dangerous(destination_of(str(tmp_path / "link"), evidence), evidence, str(tmp_path / "project"))
    with pytest.raises(ExplainedError, match="linked_source, which static files are collected from"):
        refuse_dangerous(destination_of(str(tmp_path / "tree"), evidence), evidence, str(tmp_path / "project"))


def test_without_dest_it_is_static_root(tmp_path: Path) -> None:
    """A link to a tree stands for the tree."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "link").symlink_to("tree")
    assert destination_of(None, {"static_root": str(tmp_path / "link")}) == str(tmp_path / "tree")
    with pytest.raises(ExplainedError, match="STATIC_ROOT is not set in conf.settings"):
        destination_of(None, {"static_root": "", "settings_module": "conf.settings", "settings_file": "conf/settings.py"})


def test_only_a_folder_without_a_file_of_the_project_is_not_cleared() -> None:
    """An empty one has nothing to lose."""
    refuse_to_clear("/srv/static", {"a.css"}, [])
    refuse_to_clear("/srv/static", {"a.css"}, ["a.css", "old.css"])
    with pytest.raises(ExplainedError, match=r"/srv/photos holds 2 files \(1.jpg"):
        refuse_to_clear("/srv/photos", {"a.css"}, ["2.jpg", "1.jpg"])
