# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found, as files for programs: JSON, and JUnit's XML."""

from __future__ import annotations

import json
import os
import typing as t
from xml.etree import ElementTree

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import write_file
from ansible_collections.webops.django.plugins.module_utils.served_report import KINDS
from ansible_collections.webops.django.plugins.module_utils.web_urls import printable

SCHEMA_VERSION = 1
"""Grows when a key of the JSON report changes its meaning or goes; new keys may come without."""
MAX_TEST_CASES = 1000
"""Failures in a JUnit report, for CI systems read it whole; their number is always told."""
_LONGEST = 2000
_COUNTED = {"page": "pages", "file": "files", "reference": "references", "missing_name": "missing_names", "probe": "probes"}
Document = t.Mapping[str, t.Any]


def report_paths(option: t.Mapping[str, str | None] | None) -> dict[str, str]:
    """Read the option report: paths by format.

    :raises ExplainedError: nothing can be written there.
    """
    paths = {name: os.path.abspath(path) for name, path in (option or {}).items() if path}
    for name, path in paths.items():
        folder = os.path.dirname(path)
        if os.path.isdir(path):
            raise ExplainedError(f"report.{name}: {printable(path)} is a folder; write the path of a file in it.")
        if not os.path.isdir(folder):
            raise ExplainedError(f"report.{name}: there is no folder {printable(folder)} on the host on which the module runs; make it first.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ExplainedError(f"report.{name}: nothing can be written into {printable(folder)}; name a folder of the user that runs the task.")
    if len(set(paths.values())) < len(paths):
        raise ExplainedError("report: json and junit name the same file; write two different paths.")
    return paths


def write_reports(paths: t.Mapping[str, str], document: Document) -> None:
    """Write the reports.

    :param document: as :func:`json_report` describes it.
    :raises ExplainedError: one cannot be written.
    """
    for name, path in paths.items():
        write_file(path, junit_report(document) if name == "junit" else json_report(document), 0o644)


def json_report(document: Document) -> bytes:
    """Return a document as JSON.

    Its keys are the module's return values, with all failures, and ``schema_version``, ``ok``, ``message``, ``time`` (ISO 8601, UTC),
    ``seconds`` (that it took), and the options ``base_url``, ``connect_to``, ``static_url`` and ``static_path``.
    """
    return (json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=1, sort_keys=True) + "\n").encode()


def junit_report(document: Document) -> bytes:
    """Return a document as XML that CI systems read: a test suite for each kind, with a case for each failure and one for all the rest."""
    suites = ElementTree.Element("testsuites", {"name": "django_static_served"})
    room = MAX_TEST_CASES
    for kind in KINDS:
        failures = [failure for failure in document["failures"] if failure["kind"] == kind]
        checked = document["checked"].get(_COUNTED[kind], 0)
        if checked or failures:
            _suite(suites, kind, failures[:room], len(failures), checked, document)
        room = max(room - len(failures), 0)
    if not document["checked"] or document["checked"].get("unchecked"):
        _error(suites, document)
    for count in ("tests", "failures", "errors"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    suites.set("time", f"{document['seconds']:.3f}")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="utf-8", xml_declaration=False) + b"\n"


def _suite(suites: ElementTree.Element, kind: str, shown: t.Sequence[t.Mapping[str, str]], failed: int, checked: int, document: Document) -> None:
    suite = ElementTree.SubElement(suites, "testsuite", {"name": _COUNTED[kind], "timestamp": document["time"], "errors": "0", "skipped": "0"})
    name = f"django_static_served.{_COUNTED[kind]}"
    for failure in shown:
        case = ElementTree.SubElement(suite, "testcase", {"classname": name, "name": _text(failure["url"]), "time": "0"})
        message = _text(f"expected {failure['expected']}, got {failure['got']}")
        page = f"\non {_text(failure['page'])}" if failure.get("page") else ""
        ElementTree.SubElement(case, "failure", {"message": message, "type": kind}).text = message + page
    urls = len({failure["url"] for failure in shown})
    rest = {"classname": name, "name": f"{max(checked - urls, 0)} of {checked} {_COUNTED[kind].replace('_', ' ')} as they must be", "time": "0"}
    if failed > len(shown):
        rest["name"] = f"{failed - len(shown)} more failures"
        case = ElementTree.SubElement(suite, "testcase", rest)
        ElementTree.SubElement(case, "failure", {"message": "They are in the JSON report.", "type": kind})
    elif checked > urls:
        ElementTree.SubElement(suite, "testcase", rest)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("time", "0")


def _error(suites: ElementTree.Element, document: Document) -> None:
    """Tell what was not asked for: that is an error of the test and no failure of the site."""
    attributes = {"name": "unchecked", "timestamp": document["time"], "tests": "1", "errors": "1", "failures": "0", "skipped": "0", "time": "0"}
    suite = ElementTree.SubElement(suites, "testsuite", attributes)
    case = ElementTree.SubElement(suite, "testcase", {"classname": "django_static_served.unchecked", "name": "all was asked for", "time": "0"})
    ElementTree.SubElement(case, "error", {"message": _text(document["message"].partition("\n")[0]), "type": "unchecked"})


def _text(value: str) -> str:
    # XML 1.0 cannot hold most control characters, nor U+FFFE, not even escaped (2.2); printable() leaves none of them.
    return printable(value, _LONGEST)
