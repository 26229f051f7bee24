# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults from the real world, and the list of those that the Molecule scenario ``faults`` makes.

Here: that none is forgotten, and those that one host cannot show, which are concluded from a document of evidence.
"""

from __future__ import annotations

import collections

import pytest
import yaml
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.tests.cases.evidence_cases import EvidenceCase, evidence_cases
from ansible_collections.webops.django.tests.cases.fault_list import CASES, CAUSES, LIVE_CASES, all_faults, case, case_names, live_cases

CODES = {cause["code"]: cause for cause in yaml.safe_load(CAUSES.read_text(encoding="utf-8"))}
EVIDENCE_CASES = CASES / "evidence"


def test_each_live_code_is_made_on_a_host() -> None:
    live = {code for code, cause in CODES.items() if cause["scope"] == "live"} - {"not_a_fault"}
    assert not live - {fault.code for fault in all_faults()}


def test_a_fault_has_a_code_that_is_public_and_shows_itself() -> None:
    for fault in all_faults():
        assert {fault.code, *fault.others, *fault.also} - {""} <= CODES.keys(), fault.id
        assert fault.symptom.strip(), fault.id
        assert fault.apply.strip(), fault.id


def test_a_fault_is_known_by_its_name() -> None:
    assert not [name for name, count in collections.Counter(fault.id for fault in all_faults()).items() if count > 1]


def test_a_healthy_host_may_not_have_findings() -> None:
    assert not [fault.id for fault in all_faults() if not fault.code and (fault.others or fault.also)]
    assert sum(not fault.code for fault in all_faults()) > 20


def test_each_case_can_be_made_or_has_evidence() -> None:
    live = {path.stem for path in LIVE_CASES.glob("*.yml")}
    told = {path.stem for path in EVIDENCE_CASES.glob("*.yml")}
    assert sorted((live | told) & {*case_names()}) == case_names()
    assert len(case_names()) == 47


@pytest.mark.parametrize("name", case_names())
def test_a_case_names_public_codes(name: str) -> None:
    told = case(name)
    assert told["id"] == name
    assert told["true_cause"] in CODES
    assert {cause.split()[0] for cause in told["secondary_causes"]} <= CODES.keys()


def test_what_a_host_shows_is_what_the_case_tells() -> None:
    """A recipe may name another code than the case only where one host cannot show the true one; evidence then does."""
    other = {fault.id for fault in live_cases() if fault.code not in (case(fault.id)["true_cause"], "")}
    assert other == {"025-takahe-bind-mount-hides-collected"}
    assert all((EVIDENCE_CASES / f"{name}.yml").exists() for name in other)


@pytest.mark.parametrize("told", evidence_cases(), ids=lambda told: told.id)
def test_evidence_leads_to_the_cause(told: EvidenceCase) -> None:
    result = conclude(told.document(), "web1")
    codes = [found["code"] for site in result["sites"] for found in site["findings"]]
    assert codes[:1] == [told.code], result
    assert set(codes) <= {told.code, *told.also}, result


def test_the_evidence_that_is_changed_is_a_healthy_hosts() -> None:
    (site,) = conclude(EvidenceCase("healthy", "", []).document())["sites"]
    assert (site["verdict"], site["findings"], site["unknown"]) == ("served", [], [])


def test_each_code_of_the_scope_evidence_has_a_document() -> None:
    assert not {code for code, cause in CODES.items() if cause["scope"] == "evidence"} - {told.code for told in evidence_cases()}


def test_the_document_of_a_case_leads_to_what_the_case_tells() -> None:
    named = {told.id: told.code for told in evidence_cases() if told.id in case_names()}
    assert len(named) == 4
    assert named == {name: case(name)["true_cause"] for name in named}
