# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter as Ansible calls it; what it decides is tested beside plugin_utils/shared_paths.py."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.webops.django.plugins.filter.shared_links import shared_links


def test_links_are_as_site_links_takes_them() -> None:
    """With the owner of what is shared."""
    evidence = {"sqlite_databases": ["/r/source/db.sqlite3"], "media_root": ""}
    assert shared_links(evidence, "/r/source", "/r/source", "/shared", [], "u", "g") == [
        {
            "path": "/r/source/db.sqlite3",
            "target": "/shared/data/db.sqlite3",
            "folder": False,
            "mode": "0750",
            "existing": "seed",
            "owner": "u",
            "group": "g",
        }
    ]


def test_a_folder_outside_is_an_error_of_the_filter() -> None:
    """So that the play stops with the sentence."""
    with pytest.raises(AnsibleFilterError, match="inside the project"):
        shared_links({"sqlite_databases": [], "media_root": ""}, "/r/source", "/r/source", "/shared", [".."], "u", "g")
