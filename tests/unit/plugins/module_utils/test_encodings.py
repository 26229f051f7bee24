# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing gzip, also of hostile bodies."""

from __future__ import annotations

import gzip
import zlib

import pytest
from ansible_collections.webops.django.plugins.module_utils.encodings import PIECE, EncodingError, decoded
from hypothesis import given
from hypothesis import strategies as st


@given(st.binary(max_size=300_000), st.integers(min_value=1, max_value=5000))
def test_gzip_round_trip_in_any_pieces(content: bytes, size: int) -> None:
    packed = gzip.compress(content)
    assert b"".join(decoded((packed[start : start + size] for start in range(0, len(packed), size)), "gzip")) == content


def test_several_members() -> None:
    assert b"".join(decoded([gzip.compress(b"a") + gzip.compress(b"b")], " GZIP ")) == b"ab"


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_nothing_to_undo(encoding: str) -> None:
    assert list(decoded([b"a", b"b"], encoding)) == [b"a", b"b"]


@pytest.mark.parametrize("chunks", [[b"plain text"], [gzip.compress(b"a") + b"rubbish"], [zlib.compress(b"a")]])
def test_no_gzip(chunks: list[bytes]) -> None:
    with pytest.raises(EncodingError, match="not valid gzip"):
        list(decoded(chunks, "gzip"))


def test_cut_gzip() -> None:
    with pytest.raises(EncodingError, match="ends in the middle"):
        list(decoded([gzip.compress(b"a" * 1000)[:-3]], "gzip"))


def test_unknown_encoding() -> None:
    with pytest.raises(EncodingError, match="not asked for"):
        list(decoded([b""], "br"))


def test_a_bomb_comes_in_small_pieces() -> None:
    bomb = gzip.compress(bytes(64 << 20))
    assert len(next(iter(decoded([bomb], "gzip")))) <= PIECE
