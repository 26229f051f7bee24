# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that one test host cannot make, told as changes to the evidence of a healthy one.

tests/cases/evidence/healthy.json is what the diagnosis gathered on the host of the Molecule scenario ``faults``, with fewer files. Each file beside
it holds ``code`` (the first finding), ``also`` (those that may stand beside it) and ``changes``, a list of ``at`` (the way to a place: keys; ``*``
for each member; ``key=value`` for each member of a list that has it) with ``is`` (what stands there then) or ``with`` (keys that it gets).
"""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

import yaml
from ansible_collections.webops.django.tests.cases.fault_list import CASES

FOLDER = CASES / "evidence"


@dataclass(frozen=True)
class EvidenceCase:
    """A document of evidence, and what it must lead to."""

    id: str
    code: str
    changes: t.Sequence[t.Mapping[str, t.Any]]
    also: frozenset[str] = field(default_factory=frozenset)

    def document(self) -> dict[str, t.Any]:
        """The healthy host's evidence with the changes.

        :raises KeyError: if a change is for a place that is not there.
        """
        evidence = json.loads((FOLDER / "healthy.json").read_text(encoding="utf-8"))
        for change in self.changes:
            *way, last = change["at"]
            parents = _members([evidence], way)
            if "is" in change:
                for parent, key in _places(parents, last):
                    parent[key] = change["is"]
            else:
                for member in _members(parents, [last]):
                    member.update(change["with"])
        return dict(evidence)


def _members(parents: list[t.Any], way: t.Sequence[t.Any]) -> list[t.Any]:
    for step in way:
        parents = [parent[key] for parent, key in _places(parents, step, exists=True)]
    return parents


def _places(parents: t.Sequence[t.Any], step: t.Any, exists: bool = False) -> list[tuple[t.Any, t.Any]]:
    found: list[tuple[t.Any, t.Any]] = []
    for parent in parents:
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        if step == "*":
            found += [(parent, key) for key in keys]
        elif isinstance(parent, list) and isinstance(step, str):
            name, dummy, value = step.partition("=")
            found += [(parent, key) for key in keys if str(parent[key].get(name)) == value]
        elif step in keys or not exists:
            found.append((parent, step))
    if not found:
        raise KeyError(step)
    return found


def evidence_cases() -> list[EvidenceCase]:
    """All of them."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        entry = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append(EvidenceCase(path.stem, entry["code"], entry["changes"], frozenset(entry.get("also", ()))))
    return found
