# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault is named first, nothing that is healthy is blamed, and the host is left as it was found."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.tests.cases.fault_list import Fault, chosen_faults

OF_A_FINDING = {"code": str, "stage": str, "message": str, "fix": str, "evidence": dict, "count": int, "examples": list}
TAIL = 6000  # characters of what the playbook printed


@pytest.mark.parametrize("fault", chosen_faults(), ids=lambda fault: fault.id)
def test_fault(fault: Fault, workshop: t.Any) -> None:
    outcome = workshop.outcomes[fault.id].result()
    assert not outcome.trouble, f"{outcome.release}: {outcome.trouble}\n{outcome.printed[-TAIL:]}"
    told = f"{outcome.release} says {outcome.codes}\n{outcome.printed[-TAIL:]}"
    assert outcome.codes[:1] == ([fault.code] if fault.code else []), told
    allowed = {fault.code, *fault.others, *fault.also}
    assert fault.others <= set(outcome.codes) <= allowed, told
    for finding in outcome.findings:
        assert not [key for key, kind in OF_A_FINDING.items() if not isinstance(finding.get(key), kind)], finding
        assert all(finding[key] for key in ("message", "fix", "evidence")), finding
    verdicts = {site["verdict"] for site in outcome.report["sites"]}
    assert verdicts and "unknown" not in verdicts, told
    assert fault.code or verdicts == {"served"}, told
    assert not outcome.touched, f"the diagnosis changed the host {outcome.release}:\n{outcome.touched}"


def test_recall_and_precision(workshop: t.Any, record_testsuite_property: t.Callable[[str, object], None]) -> None:
    """Over all faults of this run: the share of faults whose cause comes first, and the share of findings that are true."""
    faults = workshop.faults
    outcomes = {name: future.result() for name, future in workshop.outcomes.items()}
    broken = [name for name in outcomes if faults[name].code]
    first = [name for name in broken if outcomes[name].codes[:1] == [faults[name].code]]
    named = [(name, code) for name, outcome in outcomes.items() for code in outcome.codes]
    true = [(name, code) for name, code in named if code in {faults[name].code, *faults[name].others, *faults[name].also}]
    recall = len(first) / max(1, len(broken))
    precision = len(true) / max(1, len(named))
    record_testsuite_property("recall", recall)
    record_testsuite_property("precision", precision)
    assert (recall, precision) == (1.0, 1.0), {"not named first": sorted({*broken} - {*first}), "false": sorted({*named} - {*true})}
