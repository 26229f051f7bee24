# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading manifests, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.info_manifest import manifest_evidence, read_manifest


def test_a_manifest_is_read(tmp_path: Path) -> None:
    """Names by plain names, and Django's hash over all."""
    path = tmp_path / "staticfiles.json"
    path.write_text(json.dumps({"paths": {"a.css": "a.0123456789ab.css"}, "version": "1.1", "hash": "abc"}))
    manifest = read_manifest(str(path))
    assert manifest.names == {"a.css": "a.0123456789ab.css"}
    assert manifest_evidence(manifest) == {"path": str(path), "exists": True, "error": "", "hash": "abc", "names_count": 1}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "it is not JSON"),
        (b'{"paths": ', "it is not JSON"),
        (b"\xff\xfe", "it is no text"),
        (b"[]", "no manifest of Django's"),
        (b"{}", "no manifest of Django's"),
        (b'{"paths": []}', "no manifest of Django's"),
        (b'{"paths": {"a": 1}}', "no manifest of Django's"),
        (b"[" * 200000, "it is not JSON"),
    ],
)
def test_what_is_no_manifest_is_told(tmp_path: Path, content: bytes, error: str) -> None:
    """In words, not as an exception."""
    path = tmp_path / "staticfiles.json"
    path.write_bytes(content)
    manifest = read_manifest(str(path))
    assert manifest.exists
    assert error in manifest.error
    assert manifest.names == {}


def test_none_and_a_missing_one_are_no_errors(tmp_path: Path) -> None:
    """A folder in its place is one."""
    assert read_manifest("") == ("", False, "", "", {})
    assert read_manifest(str(tmp_path / "no/staticfiles.json"))[1:3] == (False, "")
    assert read_manifest(str(tmp_path)).error == "it cannot be read: Is a directory"


def test_one_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded."""
    monkeypatch.setattr("ansible_collections.webops.django.plugins.module_utils.info_manifest.MANIFEST_LIMIT", 10)
    (tmp_path / "m.json").write_text('{"paths": {}}')
    assert read_manifest(str(tmp_path / "m.json")).error == "it has more than 10 characters"
