# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing gzip and brotli, also of hostile bodies."""

from __future__ import annotations

import gzip
import itertools
import tracemalloc
import typing as t
import zlib

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_codec
from ansible_collections.webops.django.plugins.module_utils.encodings import PIECE, EncodingError, decoded, known, plain_name
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
        list(decoded([b""], "zstd"))


@given(st.binary(max_size=100_000), st.integers(min_value=1, max_value=5000))
def test_brotli_round_trip_in_any_pieces(content: bytes, size: int) -> None:
    packed = b"".join(brotli_codec.compressed([content], quality=1))
    assert b"".join(decoded((packed[start : start + size] for start in range(0, len(packed), size)), "br")) == content


@pytest.mark.parametrize("packed", [b"no brotli", b"", brotli_codec.compress(b"a" * 1000)[:-1], brotli_codec.compress(b"a") + b"x"])
def test_wrong_brotli(packed: bytes) -> None:
    with pytest.raises(EncodingError, match="brotli"):
        list(decoded([packed], "br"))


def test_brotli_is_not_asked_for_where_it_cannot_be_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert known() == ("gzip", "br")
    monkeypatch.setattr(brotli_codec, "can_decode", lambda: False)
    assert known() == ("gzip",)
    with pytest.raises(EncodingError, match="not asked for"):
        list(decoded([b""], "br"))


@pytest.mark.parametrize(("value", "name"), [("", ""), ("identity", ""), (" X-GZIP ", "gzip"), ("Br", "br"), ("gzip, br", "gzip, br")])
def test_names(value: str, name: str) -> None:
    assert plain_name(value) == name


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("br", brotli_codec.compress)])
def test_a_bomb_comes_in_small_pieces(encoding: str, pack: t.Callable[[bytes], bytes]) -> None:
    """Of 64 MiB, the first 16 pieces are taken; no more than those may ever have been in memory."""
    bomb = pack(bytes(64 << 20))
    tracemalloc.start()
    try:
        pieces = list(map(len, itertools.islice(decoded([bomb], encoding), 16)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert max(pieces) <= PIECE
    assert peak < 4 << 20
