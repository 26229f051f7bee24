# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults that the Molecule scenario ``faults`` makes on a host, one after the other, and what the diagnosis must say.

Each file in molecule/faults/faults holds a list of them, those of one stage; each in tests/cases/live holds one that somebody met in the real world.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ROOT / "molecule" / "faults" / "faults"
CASES = ROOT / "tests" / "cases"
LIVE_CASES = CASES / "live"
CAUSES = ROOT / "docs" / "causes.yml"
EVERYTHING = "WEBOPS_ALL_FAULTS"
"""Environment variable that asks for all faults: `make test-long`."""


@dataclass(frozen=True)
class Fault:
    """A fault, or an unusual host that has none."""

    id: str
    apply: str
    """What makes it, in bash; molecule/faults/host/lib.sh is sourced before."""
    symptom: str
    """What shows that it is there: commands that all succeed. A fault that breaks nothing would be no test."""
    code: str = ""
    """The code of the first finding; empty where there must be none."""
    others: frozenset[str] = field(default_factory=frozenset)
    """Codes that must be named after it (``with``)."""
    also: frozenset[str] = field(default_factory=frozenset)
    """Codes that may be named beside it."""
    undo: str = ""
    """What is undone by hand; all else comes back by itself, see molecule/faults/host/undo.sh."""
    release: str = ""
    """The only Debian release that can show it."""
    variables: t.Mapping[str, t.Any] = field(default_factory=dict)
    """Variables of the play (``vars``), where a user would have to say something."""


def fault_of(entry: t.Mapping[str, t.Any], **more: t.Any) -> Fault:
    """Read an entry of a file.

    :raises TypeError: for a key that is not known.
    """
    values = {**entry, **more}
    return Fault(
        others=frozenset(values.pop("with", ())),
        also=frozenset(values.pop("also", ())),
        variables=values.pop("vars", {}),
        **values,
    )


def made_up_faults(pattern: str = "*.yml") -> list[Fault]:
    """The faults of molecule/faults/faults, of the files whose names match."""
    return [fault_of(entry) for path in sorted(FAULTS.glob(pattern)) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]


def case(identity: str) -> dict[str, t.Any]:
    """A fault met in the real world: its symptom, configuration and true cause, as they were told."""
    return dict(yaml.safe_load((CASES / f"{identity}.yml").read_text(encoding="utf-8")))


def case_names() -> list[str]:
    """All cases."""
    return sorted(path.stem for path in CASES.glob("*.yml"))


def codes_of(causes: t.Iterable[str]) -> frozenset[str]:
    """The codes of a case's secondary causes, which may be followed by a remark in brackets."""
    return frozenset(cause.split()[0] for cause in causes)


def live_cases() -> list[Fault]:
    """The cases that can be made on one host. The true cause is the case's, unless the recipe says why it shows as another one there."""
    found = []
    for path in sorted(LIVE_CASES.glob("*.yml")):
        entry = yaml.safe_load(path.read_text(encoding="utf-8"))
        told = case(path.stem)
        entry.pop("why", None)
        entry.setdefault("code", "" if told["true_cause"] == "not_a_fault" else told["true_cause"])
        entry.setdefault("also", codes_of(told["secondary_causes"]))
        found.append(fault_of(entry, id=path.stem))
    return found


def all_faults() -> list[Fault]:
    """Everything that the scenario can show."""
    return [*made_up_faults(), *live_cases()]


def chosen_faults() -> list[Fault]:
    """What a run shows: each case, each unusual host without a fault, and each cause at least once; everything with WEBOPS_ALL_FAULTS.

    Of the files world*.yml, where causes come in the forms that they have in the world, only what shows a cause that nothing else does.
    """
    if os.environ.get(EVERYTHING):
        return all_faults()
    chosen = {fault.id: fault for fault in live_cases()}
    world = {fault.id for fault in made_up_faults("world*.yml")}
    covered = {fault.code for fault in chosen.values()}
    for fault in sorted(made_up_faults(), key=lambda fault: fault.id in world):
        if fault.id in world and (not fault.code or fault.code in covered):
            continue
        if not fault.code or fault.code not in covered or fault.others:
            chosen[fault.id] = fault
            covered.add(fault.code)
    return list(chosen.values())
