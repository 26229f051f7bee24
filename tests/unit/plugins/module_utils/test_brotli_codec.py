# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brotli by whichever way the host has it: round trips, and hostile data."""

from __future__ import annotations

import importlib
import random
import types
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_codec, brotli_library
from hypothesis import given, settings
from hypothesis import strategies as st

BOMB = brotli_codec.compress(bytes(64 << 20))
PIECE = 65536


class StandIn(types.ModuleType):
    """Python's module ``brotli`` as of 1.2, as far as it is used, made of the C libraries."""

    error = ValueError

    class Compressor:
        def __init__(self, quality: int, lgwin: int) -> None:
            self.options, self.chunks = (quality, lgwin), [b""]

        def process(self, data: bytes) -> bytes:
            self.chunks.append(data)
            return b""

        def finish(self) -> bytes:
            return b"".join(brotli_library.compressed(LIBRARIES[0], self.chunks, *self.options))

    class Decompressor:
        def __init__(self) -> None:
            self.given, self.waiting, self.done = b"", b"", False

        def process(self, data: bytes, output_buffer_limit: int) -> bytes:
            if data and not self.can_accept_more_data():
                raise ValueError("not now")
            self.given += data
            if data:
                try:
                    self.waiting = b"".join(brotli_library.decompressed(LIBRARIES[1], [self.given], PIECE))
                    self.done = True
                except brotli_codec.BrotliError as error:
                    if "middle" not in str(error):
                        raise ValueError from error
            # The real one returns somewhat more than the limit.
            limit = output_buffer_limit + 100
            piece, self.waiting = self.waiting[:limit], self.waiting[limit:]
            return piece

        def can_accept_more_data(self) -> bool:
            # The real one has taken all that it was given, and may still have something to return.
            return len(self.waiting) < 50_000

        def is_finished(self) -> bool:
            return self.done and not self.waiting


LIBRARIES = (brotli_library.encoder(), brotli_library.decoder())


@pytest.fixture(params=["libraries", "module"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to brotli, the other one being away."""
    monkeypatch.setattr(brotli_codec, "python_module", lambda: StandIn("brotli") if request.param == "module" else None)
    if request.param == "module":
        monkeypatch.setattr(brotli_library, "encoder", lambda: None)
        monkeypatch.setattr(brotli_library, "decoder", lambda: None)
    return str(request.param)


def unpacked(packed: bytes, size: int = 4096, piece: int = PIECE) -> bytes:
    """Decompress what arrives in chunks of a size."""
    return b"".join(brotli_codec.decompressed((packed[start : start + size] for start in range(0, len(packed), size)), piece))


def test_it_is_there(way: str) -> None:
    assert brotli_codec.can_encode()
    assert brotli_codec.can_decode()


@pytest.mark.parametrize("content", [b"", b"a", b"body {}\n" * 5000, bytes(range(256)) * 3000])
def test_round_trip(way: str, content: bytes) -> None:
    packed = brotli_codec.compress(content)
    assert unpacked(packed) == content
    assert brotli_codec.compress(content) == packed


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200_000) | st.text(max_size=2000).map(lambda text: text.encode() * 50), st.integers(1, 5000), st.integers(1, 9000))
def test_round_trip_in_any_pieces(content: bytes, size: int, piece: int) -> None:
    chunks = [content[start : start + size] for start in range(0, len(content), size)]
    packed = b"".join(brotli_codec.compressed(chunks, 5))
    assert unpacked(packed, size, piece) == content
    assert unpacked(brotli_codec.compress(content[:20_000])) == content[:20_000]


def test_content_that_ends_one_byte_after_a_block_comes_whole() -> None:
    """The encoder is asked until it says that it is finished: having given all output, it may still hold the last byte."""
    noise = random.Random(1).randbytes((8 << 20) + 1)
    for quality in (1, 2):
        assert unpacked(b"".join(brotli_codec.compressed([noise], quality)), 1 << 20) == noise


def test_known_form() -> None:
    """Of RFC 7932: a window of 22 bits is 1011 (9.1), an empty last meta-block 11 (9.2); the other one is what the reference implementation wrote."""
    assert unpacked(b"\x3b") == b""
    assert unpacked(bytes.fromhex("8b058068656c6c6f20776f726c640a03")) == b"hello world\n"


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_cut_data(way: str, cut: int) -> None:
    packed = brotli_codec.compress(bytes(range(256)) * 10)
    with pytest.raises(brotli_codec.BrotliError, match="ends in the middle"):
        unpacked(packed[:-cut])


def test_nothing_is_cut_data(way: str) -> None:
    with pytest.raises(brotli_codec.BrotliError, match="ends in the middle"):
        list(brotli_codec.decompressed([], PIECE))


@pytest.mark.parametrize("size", [1, 4096])
def test_trailing_data(way: str, size: int) -> None:
    with pytest.raises(brotli_codec.BrotliError, match="follow after the end|not valid"):
        unpacked(brotli_codec.compress(b"a" * 1000) + b"\0", size)


def test_empty_chunks_are_no_trailing_data(way: str) -> None:
    assert list(brotli_codec.decompressed([b"", brotli_codec.compress(b"a"), b"", b""], PIECE)) == [b"a"]


@pytest.mark.parametrize("wrong", [b"body { color: red }\n" * 10, b"\x1f\x8b\x08" + bytes(20), b"\xff" * 100])
def test_no_brotli(way: str, wrong: bytes) -> None:
    with pytest.raises(brotli_codec.BrotliError, match="not valid brotli"):
        unpacked(wrong)


@settings(deadline=None, max_examples=300)
@given(st.binary(min_size=1, max_size=500))
def test_any_data_end_in_content_or_in_an_error(data: bytes) -> None:
    try:
        for piece in brotli_codec.decompressed([data], 100):
            assert len(piece) <= 100
    except brotli_codec.BrotliError:
        pass


def test_a_bomb_comes_in_small_pieces(way: str) -> None:
    """64 MiB from 60 bytes; its reader may stop after any piece."""
    assert len(BOMB) < 200
    pieces = iter(brotli_codec.decompressed([BOMB], PIECE))
    assert [0 < len(next(pieces)) <= PIECE for _number in range(20)] == [True] * 20


def test_instances_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the reader stops early, or the data are wrong."""
    freed = []

    class Counting:
        def __getattr__(self, name: str) -> t.Any:
            if name.endswith("DestroyInstance"):
                freed.append(name)
            return getattr(LIBRARIES["Decoder" in name], name)

    pieces = brotli_library.decompressed(Counting(), [BOMB], PIECE)
    next(iter(pieces))
    assert not freed
    del pieces
    assert freed == ["BrotliDecoderDestroyInstance"]
    with pytest.raises(brotli_codec.BrotliError):
        list(brotli_library.decompressed(Counting(), [b"\xff\xff"], PIECE))
    list(brotli_library.compressed(Counting(), [b"a"], 11, 22))
    assert freed == ["BrotliDecoderDestroyInstance", "BrotliDecoderDestroyInstance", "BrotliEncoderDestroyInstance"]


def test_many_threads_at_once() -> None:
    contents = [f"body {{ margin: {number}px }}\n".encode() * 500 for number in range(60)]
    wanted = [brotli_codec.compress(content) for content in contents]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(brotli_codec.compress, contents)) == wanted
        assert list(pool.map(unpacked, wanted)) == contents


def test_a_host_without_brotli(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((brotli_library, "encoder"), (brotli_library, "decoder"), (brotli_codec, "python_module")):
        monkeypatch.setattr(module, name, lambda: None)
    assert not brotli_codec.can_encode()
    assert not brotli_codec.can_decode()
    with pytest.raises(brotli_codec.BrotliError, match="no brotli on this host"):
        brotli_codec.compress(b"a")
    with pytest.raises(brotli_codec.BrotliError, match="no brotli on this host"):
        list(brotli_codec.decompressed([b"a"], PIECE))


def test_an_old_python_module_cannot_bound_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before 1.2: it compresses, but is not trusted with somebody else's data."""
    monkeypatch.setattr(brotli_library, "encoder", lambda: None)
    monkeypatch.setattr(brotli_library, "decoder", lambda: None)
    old = types.SimpleNamespace(Compressor=StandIn.Compressor, Decompressor=object)
    monkeypatch.setattr(brotli_codec, "python_module", lambda: old)
    assert brotli_codec.can_encode()
    assert not brotli_codec.can_decode()


def test_a_module_of_python_s_that_is_missing_or_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> t.Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    brotli_codec.python_module.cache_clear()
    assert brotli_codec.python_module() is None
    brotli_codec.python_module.cache_clear()
