# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brotli (RFC 7932), where the host has it: by its C libraries, else by Python's module ``brotli``.

The libraries come first. Their pieces are bounded in every version, while the module's are only since its release 1.2. Where there is
neither, :func:`can_encode` and :func:`can_decode` say so, and nothing else is lost.
"""

from __future__ import annotations

import functools
import importlib
import typing as t

from ansible_collections.webops.django.plugins.module_utils import brotli_library
from ansible_collections.webops.django.plugins.module_utils.brotli_library import BrotliError

QUALITY = 11
"""The best there is: a static file is compressed once and sent often."""
WINDOW = 22
"""Bits. 4 MiB, brotli's own default; some clients refuse more than 24."""

__all__ = ["BrotliError", "can_decode", "can_encode", "compress", "compressed", "decompressed"]


def can_encode() -> bool:
    """Tell whether :func:`compress` and :func:`compressed` work here."""
    return bool(brotli_library.encoder() or python_module())


def can_decode() -> bool:
    """Tell whether :func:`decompressed` works here."""
    return bool(brotli_library.decoder() or _bounded_module())


@functools.lru_cache(maxsize=None)
def python_module() -> t.Any:
    """Return Python's module ``brotli``, or None."""
    try:
        return importlib.import_module("brotli")
    except ImportError:
        return None


def _bounded_module() -> t.Any:
    """Return the module if it can bound its pieces, which came together with this method."""
    module = python_module()
    return module if hasattr(getattr(module, "Decompressor", None), "can_accept_more_data") else None


def compress(data: bytes) -> bytes:
    """Return the compressed form: the same bytes for the same content and version of the library.

    :raises BrotliError: there is no brotli here, or no memory.
    """
    return b"".join(compressed([data]))


def compressed(chunks: t.Iterable[bytes], quality: int = QUALITY) -> t.Iterator[bytes]:
    """Yield the compressed form while chunks arrive.

    :param quality: 0 to 11.
    :raises BrotliError: there is no brotli here, or no memory.
    """
    library, module = brotli_library.encoder(), python_module()
    if library:
        return brotli_library.compressed(library, chunks, quality, WINDOW)
    if module:
        return _compressed_by_module(module, chunks, quality)
    raise BrotliError("there is no brotli on this host; install libbrotli1")


def decompressed(chunks: t.Iterable[bytes], piece: int) -> t.Iterator[bytes]:
    """Yield the content while its compressed form arrives.

    :param piece: bytes at most in a piece, whatever the data expand to.
    :raises BrotliError: the data are wrong, end in the middle, or go on after their end; or there is no brotli here.
    """
    library, module = brotli_library.decoder(), _bounded_module()
    if library:
        return brotli_library.decompressed(library, chunks, piece)
    if module:
        return _decompressed_by_module(module, chunks, piece)
    raise BrotliError("there is no brotli on this host; install libbrotli1")


def _compressed_by_module(module: t.Any, chunks: t.Iterable[bytes], quality: int) -> t.Iterator[bytes]:
    compressor = module.Compressor(quality=quality, lgwin=WINDOW)
    for chunk in chunks:
        yield compressor.process(chunk)
    yield compressor.finish()


def _decompressed_by_module(module: t.Any, chunks: t.Iterable[bytes], piece: int) -> t.Iterator[bytes]:
    decompressor = module.Decompressor()

    def pieces(given: bytes) -> t.Iterator[bytes]:
        content = decompressor.process(given, output_buffer_limit=piece)
        # The limit is one for the module's growth, not for what it returns.
        return (content[start : start + piece] for start in range(0, len(content), piece))

    try:
        for chunk in filter(None, chunks):
            if decompressor.is_finished():
                raise BrotliError("data follow after the end of its brotli")
            yield from pieces(chunk)
            while not (decompressor.is_finished() or decompressor.can_accept_more_data()):
                yield from pieces(b"")
        # It accepts more while it still has something to give.
        while not decompressor.is_finished():
            rest = list(pieces(b""))
            if not rest:
                raise BrotliError("its brotli ends in the middle")
            yield from rest
    except module.error as error:
        raise BrotliError("it is not valid brotli") from error
