# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports and evidence on the controller."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_files import read_evidence, write_report
from ansible_collections.webops.django.tests.unit.support.fake_host import FakeHost


def plain(document: dict[str, t.Any]) -> dict[str, t.Any]:
    document["look"]["paths"] = {}
    return document


def test_what_is_written_can_be_read_again(tmp_path: pathlib.Path) -> None:
    evidence = plain(FakeHost().evidence())
    report, document = write_report(str(tmp_path / "new/reports"), {"host": "web1", "sites": []}, evidence)
    assert json.loads(pathlib.Path(report).read_text()) == {"host": "web1", "sites": []}
    assert read_evidence(document) == read_evidence(evidence) == evidence
    assert [pathlib.Path(path).stat().st_mode & 0o777 for path in (report, document)] == [0o644, 0o600]
    assert sorted(path.name for path in (tmp_path / "new/reports").iterdir()) == ["web1.evidence.json", "web1.json"]


@pytest.mark.parametrize(("host", "name"), [("../etc", ".._etc.json"), ("..", "_.json"), ("", "host.json"), ("a\x00b", "a_b.json")])
def test_a_host_name_stays_in_the_folder(tmp_path: pathlib.Path, host: str, name: str) -> None:
    report, _document = write_report(str(tmp_path), {"host": host}, {})
    assert report == str(tmp_path / name)


def test_undecodable_bytes_are_written_all_the_same(tmp_path: pathlib.Path) -> None:
    report, _document = write_report(str(tmp_path), {"host": "a", "sites": ["\udcff"]}, {"files": "\udcff"})
    assert json.loads(pathlib.Path(report).read_text())


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExplainedError, match=r"cannot be written to .*django_verify_report_dir"):
        write_report(str(tmp_path / "file"), {"host": "a"}, {})


def test_wrong_evidence_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "cut.json").write_text('{"schema_version": 1, "host"')
    for given, words in (
        (str(tmp_path / "none.json"), "cannot be read: No such file"),
        (str(tmp_path / "cut.json"), "is no JSON"),
        ({"schema_version": 2}, "schema_version 1"),
        ([], "schema_version 1"),
        ({"schema_version": 1, "host": {}, "notes": []}, "lacks 'nginx'"),
        ({"schema_version": 1, "host": []}, "lacks 'host'"),
    ):
        with pytest.raises(ExplainedError, match=words):
            read_evidence(given)
