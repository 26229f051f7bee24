# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decided around collecting; collecting itself is tested with the module."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.accounts import own_account
from ansible_collections.webops.django.plugins.module_utils.collectstatic import lookalikes, manifest_names, refuse_dangerous
from ansible_collections.webops.django.plugins.module_utils.django_project import Project
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

PROJECT = Project("/opt/shop", sys.executable, "", own_account(), {}, 1)


@pytest.mark.parametrize(
    ("name", "looks_hashed"),
    [
        ("a.0123456789ab.css", True),
        ("a/b.min.0123456789ab.js", True),
        ("LICENSE.0123456789ab", True),
        ("a.css", False),
        ("a.0123456789abc.css", False),
        ("a.0123456789AB.css", False),
        ("a.0123456789ab.min.css", False),
        ("a.0123456789ab/b.css", False),
    ],
)
def test_what_looks_hashed(name: str, looks_hashed: bool) -> None:
    """As HashedFilesMixin.hashed_name writes it; a name that the manifest gives out is hashed, and no lookalike."""
    assert lookalikes([name], set()) == ([name] if looks_hashed else [])
    assert lookalikes([name], {name}) == []


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"paths": []}', '{"paths": null}', "\0"])
def test_a_manifest_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    """With its path."""
    path = tmp_path / "staticfiles.json"
    path.write_text(content)
    with pytest.raises(ExplainedError, match=r"staticfiles\.json is no manifest of Django's"):
        manifest_names(str(path))


def test_a_manifest_gives_out_its_hashed_names(tmp_path: Path) -> None:
    """The values, not the keys."""
    path = tmp_path / "staticfiles.json"
    path.write_text(json.dumps({"version": "1.1", "paths": {"a.css": "a.0123456789ab.css"}}))
    assert manifest_names(str(path)) == {"a.0123456789ab.css"}


@pytest.mark.parametrize(
    ("target", "refused"),
    [
        ("/opt/shop/collected", False),
        ("/static", False),
        ("/opt/shop-static", False),
        ("/opt/shop/media-static", False),
        ("/opt", True),
        ("/opt/shop", True),
        ("/opt/shop/media", True),
        ("/opt/shop/media/x", True),
        ("/opt/shop/assets", True),
        ("/opt/shop/assets/x", True),
        ("/var/www", True),
        ("/", True),
    ],
)
def test_dangerous_destinations(target: str, refused: bool) -> None:
    """A neighbour whose name begins alike is none."""
    evidence = {"staticfiles_dirs": ["/opt/shop/assets"], "media_root": "/opt/shop/media"}
    if refused:
        with pytest.raises(ExplainedError, match="Name a folder of their own"):
            refuse_dangerous(target, evidence, PROJECT)
    else:
        refuse_dangerous(target, evidence, PROJECT)
