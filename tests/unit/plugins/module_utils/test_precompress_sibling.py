# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One sibling: checks against hostile ones. What siblings are made of is tested with precompress."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import precompress_sibling as sibling
from ansible_collections.webops.django.plugins.module_utils.precompress_encodings import BROTLI, ENCODINGS, GZIP, Encoding
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights

RIGHTS = Rights(os.geteuid(), os.getegid(), 0o644, 0o755)


def source(folder: Path, content: bytes, name: str = "a.css") -> sibling.Source:
    """A file in a folder."""
    (folder / name).write_bytes(content)
    found = sibling.source_at(str(folder), name)
    assert found
    return found


def packed(encoding: Encoding, content: bytes) -> bytes:
    """The compressed form."""
    return b"".join(encoding.compressed([content], len(content)))


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=list(ENCODINGS))
def test_a_bomb_is_not_unpacked_beyond_the_file_s_size(tmp_path: Path, encoding: Encoding) -> None:
    """256 MiB of zeros beside a file of one: wrong, and known without unpacking them."""
    small, bomb = source(tmp_path, bytes(1 << 20)), tmp_path / "bomb"
    bomb.write_bytes(packed(encoding, bytes(256 << 20)))
    assert bomb.stat().st_size < 500_000
    tracemalloc.start()
    try:
        assert not sibling.is_right(small, str(bomb), encoding)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=list(ENCODINGS))
@pytest.mark.parametrize(("content", "right"), [(b"body {}", True), (b"body {", False), (b"body {}\n", False), (b"", False), (b"Body {}", False)])
def test_right_is_byte_for_byte(tmp_path: Path, encoding: Encoding, content: bytes, right: bool) -> None:
    file = source(tmp_path, b"body {}")
    (tmp_path / "sibling").write_bytes(packed(encoding, content))
    assert sibling.is_right(file, str(tmp_path / "sibling"), encoding) is right


def test_what_is_no_file_is_not_right(tmp_path: Path) -> None:
    """Nothing there, a folder, a link to what would be right, a pipe that nobody writes to."""
    file = source(tmp_path, b"body {}")
    (tmp_path / "right").write_bytes(gzip.compress(b"body {}"))
    (tmp_path / "link").symlink_to("right")
    os.mkfifo(tmp_path / "pipe")
    assert sibling.is_right(file, str(tmp_path / "right"), GZIP)
    for name in ("missing", ".", "link", "pipe"):
        assert not sibling.is_right(file, str(tmp_path / name), GZIP)
        assert not sibling.take_over(file, str(tmp_path / "a.css.gz"), str(tmp_path / name), GZIP, RIGHTS)
    assert not (tmp_path / "a.css.gz").exists()


def test_only_a_file_is_a_source(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("a.css")
    assert sibling.source_at(str(tmp_path), "link") is None
    assert sibling.source_at(str(tmp_path), ".") is None
    with pytest.raises(FileNotFoundError):
        sibling.source_at(str(tmp_path), "a.css")


def test_the_time_of_a_file_that_stays_as_it_is_published(tmp_path: Path) -> None:
    live, tree = tmp_path / "live", tmp_path / "tree"
    live.mkdir()
    tree.mkdir()
    file = source(tree, b"body {}")
    assert sibling.published_time(file, str(live)) == file.time
    (live / "a.css").write_bytes(b"body {}")
    os.utime(live / "a.css", ns=(5, 5))
    assert sibling.published_time(file, str(live)) == 5
    (live / "a.css").write_bytes(b"Body {}")
    os.utime(live / "a.css", ns=(5, 5))
    assert sibling.published_time(file, str(live)) == file.time


def test_a_source_that_changed(tmp_path: Path) -> None:
    file = source(tmp_path, b"body {}")
    assert not sibling.has_changed(file)
    os.utime(file.path, ns=(5, 5))
    assert sibling.has_changed(file)


@pytest.mark.parametrize(("name", "expected"), [("a.css", True), ("ä" * 126, True), ("ä" * 127, False), ("a" * 252, True), ("a" * 253, False)])
def test_a_name_has_255_bytes_at_most(tmp_path: Path, name: str, expected: bool) -> None:
    assert sibling.has_place(str(tmp_path / f"{name}.gz")) is expected


def test_a_folder_stands_in_the_place(tmp_path: Path) -> None:
    (tmp_path / "a.css.gz").mkdir()
    assert not sibling.has_place(str(tmp_path / "a.css.gz"))


def test_a_sibling_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = source(tmp_path, b"body {}" * 1000)
    path = tmp_path / "a.css.br"
    assert not sibling.write(file, str(path), BROTLI, RIGHTS, 3)
    assert sorted(os.listdir(tmp_path)) == ["a.css"]
    assert sibling.write(file, str(path), BROTLI, RIGHTS, None)
    assert sibling.is_right(file, str(path), BROTLI)
