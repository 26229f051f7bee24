# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports for programs: valid whatever a hostile site sent."""

from __future__ import annotations

import json
import pathlib
import typing as t
from xml.etree import ElementTree

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.served_report import KINDS, Failure
from ansible_collections.webops.django.plugins.module_utils.served_report_files import (
    MAX_TEST_CASES,
    SCHEMA_VERSION,
    json_report,
    junit_report,
    report_paths,
    write_reports,
)
from hypothesis import given
from hypothesis import strategies as st

CHECKED = {"files": 10, "files_total": 12, "pages": 2, "references": 5, "missing_names": 2, "probes": 90, "unchecked": 0}


def document(*failures: Failure, message: str = "", **checked: int) -> dict[str, t.Any]:
    return {
        "checked": {**CHECKED, **checked},
        "failures": [failure.as_dict() for failure in failures],
        "ok": not failures,
        "message": message,
        "time": "2026-01-02T03:04:05Z",
        "seconds": 1.5,
    }


def suites(report: bytes) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(report)
    assert root.tag == "testsuites"
    for count, path in (("tests", "testsuite/testcase"), ("failures", ".//failure"), ("errors", ".//error")):
        assert int(root.get(count, "")) == len(root.findall(path))
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert all(case.get("classname") and case.get("name") for case in suite)
    return {suite.get("name", ""): suite for suite in root}


def test_a_sound_site() -> None:
    found = suites(junit_report(document()))
    assert list(found) == ["pages", "files", "references", "missing_names", "probes"]
    assert [case.get("name") for case in found["files"]] == ["10 of 10 files as they must be"]
    assert found["files"].get("timestamp") == "2026-01-02T03:04:05Z"


def test_failures_of_each_kind() -> None:
    failures = [Failure(f"http://x/{kind}", "200", "404", "http://x/" if kind == "reference" else "", kind) for kind in KINDS]
    found = suites(junit_report(document(*failures)))
    assert [case.get("name") for case in found["references"]] == ["http://x/reference", "4 of 5 references as they must be"]
    failure = found["references"].find("testcase/failure")
    assert failure is not None
    assert (failure.get("message"), failure.get("type"), failure.text) == (
        "expected 200, got 404",
        "reference",
        "expected 200, got 404\non http://x/",
    )


def test_many_failures_are_bounded_and_counted() -> None:
    many = [Failure(f"http://x/{number}", "200", "404") for number in range(MAX_TEST_CASES + 50)]
    found = suites(junit_report(document(*many, Failure("http://x/p", "404", "200", kind="probe"), files=5000)))
    assert len(found["files"]) == MAX_TEST_CASES + 1
    assert found["files"][-1].get("name") == "50 more failures"
    assert found["probes"][-1].get("name") == "1 more failures"
    assert len(json.loads(json_report(document(*many)))["failures"]) == MAX_TEST_CASES + 50


def test_what_was_not_asked_for_is_an_error() -> None:
    found = suites(junit_report(document(message="7 URLs were not asked for\nmore", unchecked=7)))
    error = found["unchecked"].find("testcase/error")
    assert error is not None
    assert error.get("message") == "7 URLs were not asked for"


def test_nobody_answered() -> None:
    nothing = {**document(message="Nothing was asked for"), "checked": {}}
    assert list(suites(junit_report(nothing))) == ["unchecked"]
    assert json.loads(json_report(nothing))["checked"] == {}


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gives_valid_reports(url: str, got: str) -> None:
    failure = Failure(url + "\0\x0b\x1b\ufffe\udcff<&>]]>\"'", "200", got)
    found = suites(junit_report(document(failure, message=got)))
    assert found["files"][0].get("name", "").endswith("<&>]]>\"'")
    assert json.loads(json_report(document(failure)))["schema_version"] == SCHEMA_VERSION


def test_paths(tmp_path: pathlib.Path) -> None:
    assert report_paths(None) == {}
    assert report_paths({"json": None, "junit": str(tmp_path / "x.xml")}) == {"junit": str(tmp_path / "x.xml")}
    with pytest.raises(ExplainedError, match=r"report\.json: there is no folder .*/none on the host"):
        report_paths({"json": str(tmp_path / "none" / "x.json")})
    with pytest.raises(ExplainedError, match=r"report\.junit: .* is a folder"):
        report_paths({"junit": str(tmp_path)})


def test_a_folder_into_which_nothing_can_be_written() -> None:
    with pytest.raises(ExplainedError, match=r"report\.json: (nothing can be written into|there is no folder)"):
        report_paths({"json": "/proc/self/fdinfo/x/served.json"})


def test_reports_are_written(tmp_path: pathlib.Path) -> None:
    paths = {"json": str(tmp_path / "a"), "junit": str(tmp_path / "b")}
    write_reports(paths, document())
    assert (tmp_path / "a").read_bytes() == json_report(document())
    assert (tmp_path / "b").read_bytes() == junit_report(document())
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
