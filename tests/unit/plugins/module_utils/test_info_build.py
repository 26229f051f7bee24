# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking for a front-end build."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.info_build import build_evidence, is_build_folder
from ansible_collections.webops.django.tests.unit.support.django_projects import write

BUILDS = '{"scripts": {"build:css": "tailwind"}}'


@pytest.mark.parametrize(
    ("name", "content", "script"),
    [
        ("package.json", '{"scripts": {"test": "x", "build": "vite build"}}', "build"),
        ("frontend/app/package.json", BUILDS, "build:css"),
        ("a/b/c/package.json", BUILDS, ""),
        ("node_modules/x/package.json", BUILDS, ""),
        (".cache/package.json", BUILDS, ""),
        ("package.json", '{"scripts": {"test": "x"}}', ""),
        ("package.json", "{}", ""),
        ("package.json", "[", ""),
        ("package.json", '["scripts"]', ""),
    ],
)
def test_a_package_with_a_script_that_builds(tmp_path: Path, name: str, content: str, script: str) -> None:
    """Near manage.py, and not among what others have built."""
    write(tmp_path / "shop" / name, content)
    told = build_evidence(str(tmp_path / "shop"), [])
    assert (told["script"], told["package"]) == (script, str(tmp_path / "shop" / name) if script else "")


def test_what_lies_beside_counts_in_one_checkout_only(tmp_path: Path) -> None:
    """Without a checkout, it may be another site."""
    write(tmp_path / "frontend/package.json", BUILDS)
    (tmp_path / "backend").mkdir()
    assert build_evidence(str(tmp_path / "backend"), [])["script"] == ""
    (tmp_path / ".git").mkdir()
    assert build_evidence(str(tmp_path / "backend"), [])["script"] == "build:css"


def test_missing_folders_of_the_settings_are_told(tmp_path: Path) -> None:
    """Those of apps are there, or no sources."""
    sources = [{"path": str(tmp_path), "app": ""}, {"path": str(tmp_path / "dist"), "app": ""}]
    assert build_evidence(str(tmp_path), sources)["missing_folders"] == [str(tmp_path / "dist")]
    assert is_build_folder("/srv/dist/")
    assert not is_build_folder("/srv/assets")
