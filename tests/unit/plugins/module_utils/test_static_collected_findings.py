# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the collected tree, by table. Real projects are in test_static_findings.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.static_collected_findings import collected_findings

NONE = {"count": 0, "examples": []}
ONE = {"count": 1, "examples": ["a.css"]}
STATES = ("missing", "no_file", "different", "hashed_missing", "hashed_different", "not_in_manifest")
TREE: dict[str, t.Any] = {
    "path": "/s/collected",
    "exists": True,
    "is_folder": True,
    "readable": True,
    "is_empty": False,
    **dict.fromkeys(STATES, NONE),
}
HEALTHY: dict[str, t.Any] = {
    "storage_is_local": True,
    "files_count": 2,
    "tree": TREE,
    "manifest_name": "",
    "manifest": {"path": "", "exists": False, "error": ""},
    "collect_command": "manage.py collectstatic",
}
DANGLING = {"path": "/s/a b", "target": "x", "kind": "dangling"}
LOOP = {"path": "/s/loop", "target": ".", "kind": "loop"}
EMPTY = {**TREE, "is_empty": True}
STALE = {**TREE, "different": ONE}
MANIFEST = {"path": "/s/collected/m.json", "exists": False, "error": ""}
BROKEN = {**MANIFEST, "exists": True, "error": "it is not JSON"}
REFUSED = {"finder": "a.F", "kind": "PermissionError", "path": "/s/x", "message": "Permission denied"}
FAILED = {"ran": True, "error": "ValueError: no", "output": ""}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"tree": EMPTY}, ["collectstatic_not_run"]),
        ({"tree": EMPTY, "files_count": 0}, []),
        ({"tree": {**EMPTY, "exists": False}}, ["collectstatic_not_run"]),
        *(({"tree": {**TREE, state: ONE}}, ["collectstatic_stale"]) for state in STATES),
        ({"manifest_name": "m.json", "manifest": MANIFEST}, ["collectstatic_stale"]),
        ({"manifest_name": "m.json", "manifest": BROKEN, "storage_error": "ValueError"}, ["collectstatic_failed"]),
        ({"trial": FAILED, "tree": STALE}, ["collectstatic_failed"]),
        ({"trial": {"ran": False, "error": "", "output": "x"}}, []),
        ({"finder_errors": [REFUSED], "tree": EMPTY}, ["collectstatic_failed"]),
        ({"source_links": [DANGLING], "trial": FAILED, "tree": EMPTY}, ["symlink_broken"]),
        ({"tree_links": [LOOP], "tree": STALE}, ["symlink_broken", "collectstatic_stale"]),
        ({"storage_is_local": False, "tree": EMPTY}, []),
    ],
)
def test_findings(change: dict[str, t.Any], codes: list[str]) -> None:
    """A healthy tree has none; of an effect nothing is said."""
    findings = collected_findings({**HEALTHY, **change})
    assert [finding["code"] for finding in findings] == codes
    assert all(finding["stage"] == "collected" and finding["message"] and finding["fix"] for finding in findings)


@pytest.mark.parametrize(
    "code", ["static_root_unset", "staticfiles_app_missing", "static_root_in_staticfiles_dirs", "collectstatic_wrong_environment"]
)
def test_what_the_settings_explain_is_not_named_again(code: str) -> None:
    """An empty tree is their effect."""
    assert collected_findings({**HEALTHY, "tree": EMPTY}, [{"code": code}]) == []
    assert collected_findings({**HEALTHY, "tree": EMPTY}, [{"code": "storage_setting_ignored"}]) != []


def test_evidence_without_a_tree_has_no_findings() -> None:
    """Nobody looked."""
    assert collected_findings({key: HEALTHY[key] for key in HEALTHY if key != "tree"}) == []


def test_fixes_can_be_pasted() -> None:
    """Names are quoted for a shell."""
    (link,) = collected_findings({**HEALTHY, "source_links": [DANGLING]})
    assert link["fix"].startswith("rm '/s/a b' ")
    (refused,) = collected_findings({**HEALTHY, "finder_errors": [REFUSED], "user": "shop"})
    assert refused["fix"].startswith("chmod u+rX,go+rX /s/x (so that shop may read it)")
