# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about names that nobody knows, by table. Real projects are in test_static_findings.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.static_references_findings import page_findings, style_sheet_findings

MANIFEST: dict[str, t.Any] = {"manifest_name": "staticfiles.json", "storage_details": {"names_as_django": True, "rewrites": ["*.css"]}}
PLAIN: dict[str, t.Any] = {"manifest_name": "", "storage_details": {"names_as_django": True, "rewrites": []}}
FORGIVING: dict[str, t.Any] = {"manifest_name": "staticfiles.json", "storage_details": {"names_as_django": False, "rewrites": ["*.css"]}}
PACKAGE = {"package": "/s/package.json", "script": "build", "missing_folders": []}
DIST = {"package": "", "script": "", "missing_folders": ["/s/dist"]}
NO_DIST = {"package": "", "script": "", "missing_folders": ["/s/extra"]}


def item(kind: str, name: str = "dist/main.js", **more: t.Any) -> dict[str, t.Any]:
    """Describe a name."""
    facts = dict.fromkeys(("other_case", "without_slash", "inside", "other_extension", "storage_error"), "")
    return {"name": name, "kind": kind, "used_by": ["/s/templates/page.html"], **facts, **more}


def codes(evidence: dict[str, t.Any], *items: dict[str, t.Any], **more: t.Any) -> list[str]:
    """Return the codes of all findings."""
    told = {**evidence, "project_path": "/s", "references": {"unknown": list(items)}, **more}
    return [finding["code"] for finding in (*style_sheet_findings(told), *page_findings(told))]


@pytest.mark.parametrize(
    ("evidence", "more", "expected"),
    [
        (MANIFEST, {}, ["collectstatic_failed"]),
        (PLAIN, {}, []),
        (FORGIVING, {}, []),
        (PLAIN, {"other_case": "DIST/main.js"}, ["case_mismatch"]),
        (MANIFEST, {"other_case": "DIST/main.js"}, ["case_mismatch"]),
    ],
)
def test_style_sheets(evidence: dict[str, t.Any], more: dict[str, str], expected: list[str]) -> None:
    """A storage that is known to look for each name fails; a plain one publishes the sheet as it is."""
    assert codes(evidence, item("style_sheet", **more)) == expected


@pytest.mark.parametrize(
    ("evidence", "facts", "build", "expected"),
    [
        (PLAIN, {}, None, []),
        (MANIFEST, {}, None, []),
        (MANIFEST, {"storage_error": "ValueError"}, None, ["manifest_missing_entry"]),
        (PLAIN, {"storage_error": "ValueError"}, None, []),
        (PLAIN, {}, PACKAGE, ["asset_not_built"]),
        (PLAIN, {}, DIST, ["asset_not_built"]),
        (PLAIN, {}, NO_DIST, []),
        (PLAIN, {"name": "img/a.png"}, PACKAGE, []),
        (PLAIN, {"used_by": ["/s/venv/lib/python3/site-packages/x/page.html"]}, PACKAGE, []),
        (PLAIN, {"used_by": ["/usr/lib/x/page.html"]}, PACKAGE, []),
        (PLAIN, {"inside": "dist/main.js/main.js"}, None, ["asset_not_built"]),
        (MANIFEST, {"name": "img", "inside": "img/a.png", "storage_error": "ValueError"}, None, ["manifest_missing_entry"]),
        (MANIFEST, {"other_extension": "dist/main.mjs", "storage_error": "ValueError"}, PACKAGE, ["manifest_missing_entry"]),
        (MANIFEST, {"without_slash": "dist/main.js", "storage_error": "ValueError"}, PACKAGE, ["manifest_missing_entry"]),
        (PLAIN, {"other_case": "dist/Main.js"}, PACKAGE, ["case_mismatch"]),
    ],
)
def test_pages(evidence: dict[str, t.Any], facts: dict[str, t.Any], build: dict[str, t.Any] | None, expected: list[str]) -> None:
    """No finding without a proof of its own."""
    assert codes(evidence, item("template", **facts), build=build) == expected


def test_each_cause_is_named_once() -> None:
    """However many names there are."""
    many = [item("template", f"a{number}.js", storage_error="ValueError") for number in range(30)]
    (finding,) = page_findings({**MANIFEST, "references": {"unknown": many}})
    assert (finding["count"], len(finding["examples"]), len(finding["evidence"]["names"])) == (30, 10, 10)
    assert codes(PLAIN) == []
