# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which compressed siblings must go from a published tree."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import collect_siblings
from ansible_collections.webops.django.plugins.module_utils.precompress_encodings import GZIP
from ansible_collections.webops.django.plugins.module_utils.static_tree import scan


def fill(root: Path, files: dict[str, bytes]) -> Path:
    """Write a tree."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.mark.parametrize(
    ("wanted", "present", "ours", "gone"),
    [
        pytest.param({"a": b"1"}, {"a": b"1", "a.gz": gzip.compress(b"1")}, set(), [], id="somebodys_right_one"),
        pytest.param({"a": b"2"}, {"a": b"1", "a.gz": gzip.compress(b"1")}, set(), ["a.gz"], id="right_until_now"),
        pytest.param({"a": b"1"}, {"a.gz": gzip.compress(b"1")}, set(), [], id="the_file_comes_back"),
        pytest.param({"a": b"1"}, {"a": b"1", "a.gz": b"no gzip"}, set(), ["a.gz"], id="no_gzip"),
        pytest.param({"a": b"1"}, {"a": b"1", "a.gz": gzip.compress(b"1")}, {"a.gz"}, ["a.gz"], id="ours_and_not_asked_for"),
        pytest.param({"a": b"1", "a.gz": gzip.compress(b"1")}, {"a.gz": b"old"}, {"a.gz"}, [], id="replaced_anyway"),
        pytest.param({}, {"a.gz": b"x"}, set(), [], id="somebodys_alone"),
        pytest.param({}, {"a.gz": b"x"}, {"a.gz"}, ["a.gz"], id="ours_alone"),
        pytest.param({}, {"a": b"1", "a.gz": gzip.compress(b"1")}, {"a.gz"}, [], id="ours_with_its_file_that_stays"),
        pytest.param({"a": b"1"}, {"a": b"1", "a.gz/inner": b"x"}, {"a.gz"}, [], id="a_folder"),
        pytest.param({"a": b"2"}, {"a": b"1", "a.br": b"\x0b\x00\x801\x03"}, set(), ["a.br"], id="brotli"),
    ],
)
def test_orphans(tmp_path: Path, wanted: dict[str, bytes], present: dict[str, bytes], ours: set[str], gone: list[str]) -> None:
    """Wrong ones always, right ones where they are ours."""
    (tmp_path / "wanted").mkdir()
    staging, target = fill(tmp_path / "wanted", wanted), fill(tmp_path / "present", present)
    assert collect_siblings.orphans(str(staging), str(target), scan(str(staging)), scan(str(target)), ours) == gone


@pytest.mark.parametrize(("wanted", "gone"), [(b"1", []), (b"2", ["a.br"])])
def test_what_cannot_be_unpacked_is_right_as_long_as_its_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: bytes, gone: list[str]
) -> None:
    """A host without brotli."""
    monkeypatch.setattr(collect_siblings, "checkable", lambda: [GZIP])
    staging, target = fill(tmp_path / "wanted", {"a": wanted}), fill(tmp_path / "present", {"a": b"1", "a.br": b"?"})
    assert collect_siblings.orphans(str(staging), str(target), scan(str(staging)), scan(str(target)), set()) == gone
