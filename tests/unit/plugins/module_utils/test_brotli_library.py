# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the C libraries on hosts of all kinds. What they do is tested with brotli_codec."""

from __future__ import annotations

import ctypes
import sys
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_library


@pytest.fixture(autouse=True)
def _anew() -> t.Iterator[None]:
    for function in (brotli_library.encoder, brotli_library.decoder):
        function.cache_clear()
    yield
    for function in (brotli_library.encoder, brotli_library.decoder):
        function.cache_clear()


def test_the_first_library_that_has_all_functions_is_taken() -> None:
    """One that is missing, and one that is not brotli's, are passed over."""
    prototypes: dict[str, tuple[t.Any, list[t.Any]]] = {"BrotliDecoderVersion": (ctypes.c_uint32, [])}
    library = brotli_library.load(["libno-such-library.so.1", "libc.so.6", *brotli_library.DECODER_NAMES], prototypes)
    assert library.BrotliDecoderVersion() >= 0x1000000
    assert brotli_library.load(["libc.so.6"], prototypes) is None


def test_a_host_without_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brotli_library, "ENCODER_NAMES", ("libno-such-library.so.1",))
    monkeypatch.setattr(brotli_library, "DECODER_NAMES", ("libno-such-library.so.1",))
    assert brotli_library.encoder() is None
    assert brotli_library.decoder() is None


def test_a_python_without_ctypes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brotli_library, "ctypes", None)
    assert brotli_library.encoder() is None
    assert brotli_library.decoder() is None


def test_pointers_keep_all_their_bits() -> None:
    """Without a prototype, ctypes takes a pointer for an int of 32 bits."""
    for library, names in ((brotli_library.encoder(), ("BrotliEncoderCreateInstance", "BrotliEncoderTakeOutput")),
                           (brotli_library.decoder(), ("BrotliDecoderCreateInstance",))):  # fmt: skip
        for name in names:
            assert ctypes.sizeof(getattr(library, name).restype) == ctypes.sizeof(ctypes.c_void_p) == (8 if sys.maxsize > 2**32 else 4)


def test_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Poor:
        def __getattr__(self, name: str) -> t.Callable[..., int]:
            return lambda *_arguments: 0

    with pytest.raises(brotli_library.BrotliError, match="no memory"):
        list(brotli_library.compressed(Poor(), [b"a"], 11, 22))
    with pytest.raises(brotli_library.BrotliError, match="no memory"):
        list(brotli_library.decompressed(Poor(), [b"a"], 10))
