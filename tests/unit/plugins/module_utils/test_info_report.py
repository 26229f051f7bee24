# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of bounded size, and the file for the rest."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.info_evidence import Details
from ansible_collections.webops.django.plugins.module_utils.info_manifest import Manifest
from ansible_collections.webops.django.plugins.module_utils.info_report import FILES_LIMIT, printable, records, result, write_records
from hypothesis import given
from hypothesis import strategies as st

NO_MANIFEST = Manifest("", False, "", "", {})


def file(path: str, shadowed: bool = False) -> dict[str, t.Any]:
    """Describe a file."""
    return {"path": path, "source": f"/s/{path}", "app": "app", "shadowed": shadowed}


def test_records_join_files_states_and_the_manifest() -> None:
    """Sorted, the one that counts before those that it shadows."""
    manifest = Manifest("m", True, "", "", {"a.css": "a.1.css", "old.css": "old.1.css"})
    details = Details([file("b.css"), file("a.css"), file("a.css", True)], {"a.css": "same", "b.css": "not_in_manifest"}, manifest)
    told = [(record["path"], record["shadowed"], record["hashed"], record["state"]) for record in records(details)]
    assert told == [
        ("a.css", False, "a.1.css", "same"),
        ("a.css", True, "", ""),
        ("b.css", False, "", "not_in_manifest"),
        ("old.css", False, "old.1.css", "not_found"),
    ]


def test_the_file_is_written_once_and_for_its_owner_only(tmp_path: Path) -> None:
    """The same content is no change; check mode writes nothing."""
    path, details = tmp_path / "files.jsonl", Details([file("ö\udcff.css"), file("a.css")], {}, NO_MANIFEST)
    assert write_records(str(path), details, "", check_mode=True)
    assert not path.exists()
    assert write_records(str(path), details, "", check_mode=False)
    assert not write_records(str(path), details, "", check_mode=False)
    assert not write_records(str(path), details, "", check_mode=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["path"] for line in path.read_text(encoding="utf-8").splitlines()] == ["a.css", "ö\\xff.css"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("files.jsonl", "absolute path"),
        ("{0}/none/files.jsonl", "a folder that exists"),
        ("{0}", "which is a folder"),
        ("{0}/root/x", "lies in STATIC_ROOT"),
    ],
)
def test_places_where_no_list_belongs(tmp_path: Path, path: str, message: str) -> None:
    """What lies in STATIC_ROOT, everybody can read."""
    (tmp_path / "root").mkdir()
    with pytest.raises(ExplainedError, match=message):
        write_records(path.format(tmp_path), Details([], {}, NO_MANIFEST), str(tmp_path / "root"), check_mode=False)


def test_a_result_is_small_whatever_there_is() -> None:
    """But settings that others decide upon stay whole."""
    long = ["x" * 3000] * 5000
    details = Details([file("x" * 200 + str(number)) for number in range(5000)], {}, NO_MANIFEST)
    told = result({"allowed_hosts": [str(number) for number in range(500)], "shadowed": long, "umask": 1, "deep": {"a": [long]}}, [], details)
    assert len(json.dumps(told)) < 65536
    assert len(told["allowed_hosts"]) == 500
    assert 0 < len(told["files"]) <= FILES_LIMIT
    assert told["files_truncated"]
    assert "umask" not in told
    assert not result({}, [], Details([file("a")], {}, NO_MANIFEST))["files_truncated"]


@given(st.text(st.characters(exclude_categories=[])))
def test_every_string_becomes_printable(text: str) -> None:
    """Surrogates, alone or in pairs, that JSON or a terminal would refuse."""
    assert printable({text: [text]}) == {printable(text): [printable(text)]}
    printable(text).encode("utf-8")


def test_long_strings_are_cut_only_with_a_limit() -> None:
    """Bytes are shown as such."""
    assert printable("a\udcffb") == "a\\xffb"
    assert len(printable("x" * 5000)) == 5000
    assert len(printable("x" * 5000, 10)) == 1001
