# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the target notes of the worker reaches what is told."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_notes import MOST
from ansible_collections.webops.django.tests.unit.support.fake_host import ROOT, FakeHost


def evidence(notes: list[str], **said: t.Any) -> dict[str, t.Any]:
    document = FakeHost().evidence()
    document["look"]["trees"] = {ROOT: {"path": ROOT, "closed": [], "closed_count": None, "notes": notes}}
    for path in (f"/srv/shop/other{number}" for number in range(9)):
        document["look"]["paths"][path] = {"path": path, "exists": True, "kind": "file", "worker": {"nginx": said}}
    return document


def unknown(document: dict[str, t.Any]) -> list[str]:
    (site,) = conclude(document, "web1")["sites"]
    assert site["verdict"] == "served"
    return list(site["unknown"])


def test_what_was_noted_of_the_tree_and_of_paths_is_told() -> None:
    told = unknown(evidence(["The tree was not read to its end: too many files."], opens=None, note="its namespace cannot be entered"))
    assert told[0] == f"{ROOT}: The tree was not read to its end: too many files."
    assert told[1] == "Whether nginx's worker may open /srv/shop/other0 is not known: its namespace cannot be entered."
    assert len(told) == MOST


def test_nothing_is_told_where_all_was_seen() -> None:
    assert unknown(evidence([], opens=True, note="AppArmor profile not entered")) == []
    document = evidence(["other"], opens=None, note="")
    document["look"]["trees"] = {"/srv/blog": document["look"]["trees"][ROOT]}
    assert unknown(document) == []
