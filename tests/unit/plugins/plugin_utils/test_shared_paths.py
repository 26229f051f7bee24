# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths outlive a release."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.shared_paths import shared_links

SOURCE = "/srv/django/shop/releases/0123456789ab/source"


def targets(databases: tuple[str, ...] = (), media: str = "", folders: tuple[str, ...] = ()) -> dict[str, str]:
    """Return where which path leads."""
    evidence = {"sqlite_databases": list(databases), "media_root": media}
    return {link["path"]: link["target"] for link in shared_links(evidence, SOURCE, f"{SOURCE}/web", "/shared", list(folders))}


def test_what_lies_in_the_source_is_shared() -> None:
    """Databases keep their way below the source, so that two of one name do not meet."""
    assert targets((f"{SOURCE}/db.sqlite3", f"{SOURCE}/web/db.sqlite3"), f"{SOURCE}/web/media/", ("var/index",)) == {
        f"{SOURCE}/db.sqlite3": "/shared/data/db.sqlite3",
        f"{SOURCE}/web/db.sqlite3": "/shared/data/web/db.sqlite3",
        f"{SOURCE}/web/media": "/shared/media",
        f"{SOURCE}/web/var/index": "/shared/folders/web/var/index",
    }


def test_what_lies_elsewhere_is_left_alone() -> None:
    """Nor is a neighbour taken for something inside."""
    assert targets(("/var/lib/shop/db.sqlite3", f"{SOURCE}-old/db.sqlite3"), "/var/lib/shop/media") == {}


@pytest.mark.parametrize("folder", ["../..", "/etc", ".."])
def test_a_folder_outside_is_refused(folder: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match="inside the project"):
        targets(folders=(folder,))
