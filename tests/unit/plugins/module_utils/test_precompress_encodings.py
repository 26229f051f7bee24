# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encodings of siblings, and when they are worth it. What they are used for is tested with precompress."""

from __future__ import annotations

import gzip
import random
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_codec
from ansible_collections.webops.django.plugins.module_utils.precompress_encodings import (
    BROTLI,
    ENCODINGS,
    GZIP,
    LARGE,
    Encoding,
    NotEncodedError,
    NotWorthItError,
    encodings_for,
    is_large_enough,
    largest_worth_it,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=list(ENCODINGS))
@given(chunks=st.lists(st.binary(max_size=5000), max_size=5))
def test_round_trip(encoding: Encoding, chunks: list[bytes]) -> None:
    """It begins with the header that tells our siblings, however the content arrives."""
    packed = b"".join(encoding.compressed(chunks, sum(map(len, chunks))))
    assert packed.startswith(encoding.header)
    assert b"".join(encoding.decompressed([packed])) == b"".join(chunks)


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=list(ENCODINGS))
@pytest.mark.parametrize("wrong", [b"", b"body {}", b"\x1f\x8b\x08", b"\xff\xff"])
def test_what_is_not_encoded(encoding: Encoding, wrong: bytes) -> None:
    if encoding is GZIP and not wrong:
        # No member at all is what gunzip takes for an empty file.
        assert list(encoding.decompressed([wrong])) == []
        return
    with pytest.raises(NotEncodedError):
        list(encoding.decompressed([wrong]))


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=list(ENCODINGS))
def test_a_limit_ends_the_work_early(encoding: Encoding) -> None:
    """Not all of the content is asked for."""
    asked = 0

    def noise() -> t.Iterator[bytes]:
        nonlocal asked
        for number in range(100):
            asked += 1
            yield random.Random(number).randbytes(200_000)

    with pytest.raises(NotWorthItError):
        list(encoding.compressed(noise(), LARGE, 1000))
    assert asked < 60


def test_what_is_asked_for_comes_once_and_in_order() -> None:
    assert encodings_for(["brotli", "gzip", "brotli"]) == [BROTLI, GZIP]
    assert encodings_for([]) == []


def test_brotli_works_at_the_highest_quality_unless_a_file_is_large() -> None:
    content = b"".join(b".a%d { margin: %dpx }\n" % (number, number * 7) for number in range(3000))
    best = b"".join(BROTLI.compressed([content], len(content)))
    assert best == brotli_codec.compress(content)
    assert len(best) < len(b"".join(BROTLI.compressed([content], LARGE)))
    assert len(best) < len(gzip.compress(content))


def test_limits() -> None:
    assert [is_large_enough(size) for size in (0, 1023, 1024)] == [False, False, True]
    assert [largest_worth_it(size) for size in (1024, 10_000)] == [921, 9000]
