# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The encodings in which a static file can lie beside itself, ready to be sent, and when that is worth it."""

from __future__ import annotations

import dataclasses
import typing as t
import zlib

from ansible_collections.webops.django.plugins.module_utils import brotli_codec
from ansible_collections.webops.django.plugins.module_utils.content_types import COMPRESSIBLE, extension
from ansible_collections.webops.django.plugins.module_utils.encodings import PIECE, EncodingError, decoded
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

BLOCK = 1 << 20
"""Bytes that are read at a time. Together with the compressor's window, what a thread needs in memory, however large the file is."""

MIN_SIZE = 1024
"""Bytes. With its headers, a smaller file travels in one packet of 1,500 bytes (Ethernet) anyway; the sibling would save nobody a packet."""
MIN_SAVING = 0.1
"""A sibling is at least so much smaller than its file: for less, unpacking and another variant in every cache are not worth it.
Lighthouse's audit of text compression draws the line there too."""

LARGE = 8 << 20
"""Bytes from which brotli works at a lower quality: at the highest one it does less than 1 MB a second."""
LARGE_QUALITY = 9


class NotWorthItError(Exception):
    """The compressed form is hardly smaller."""


class NotEncodedError(Exception):
    """Data are not what the encoding says."""


@dataclasses.dataclass(frozen=True)
class Encoding:
    """A Content-Encoding whose siblings nginx can send.

    :ivar name: as users name it.
    :ivar suffix: what nginx adds to the file's name (gzip_static, brotli_static).
    :ivar header: with which each of our siblings begins, and one of somebody else's may not.
    """

    name: str
    suffix: str
    header: bytes
    compress: t.Callable[[t.Iterable[bytes], int], t.Iterator[bytes]]
    decompress: t.Callable[[t.Iterable[bytes]], t.Iterator[bytes]]

    def compressed(self, chunks: t.Iterable[bytes], size: int, limit: int | None = None) -> t.Iterator[bytes]:
        """Yield the compressed form of chunks. The bytes depend on the content and on the library's version, on nothing else.

        :param size: bytes in all chunks.
        :param limit: bytes at most in the compressed form.
        :raises NotWorthItError: it does not fit; told as soon as that is known.
        """
        total = 0
        for piece in self.compress(chunks, size):
            total += len(piece)
            if limit is not None and total > limit:
                raise NotWorthItError
            yield piece

    def decompressed(self, chunks: t.Iterable[bytes]) -> t.Iterator[bytes]:
        """Yield the content in pieces of bounded size.

        :raises NotEncodedError: the chunks are not a whole compressed form.
        """
        try:
            yield from self.decompress(chunks)
        except (EncodingError, brotli_codec.BrotliError) as error:
            raise NotEncodedError from error


def _gzip(chunks: t.Iterable[bytes], _size: int) -> t.Iterator[bytes]:
    # zlib's own header: no name, a time of 0, and 2 for the highest level (RFC 1952 2.3.1).
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def _brotli(chunks: t.Iterable[bytes], size: int) -> t.Iterator[bytes]:
    return brotli_codec.compressed(chunks, brotli_codec.QUALITY if size < LARGE else LARGE_QUALITY)


GZIP = Encoding("gzip", ".gz", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02", _gzip, lambda chunks: iter(decoded(chunks, "gzip")))
BROTLI = Encoding("brotli", ".br", b"", _brotli, lambda chunks: brotli_codec.decompressed(chunks, PIECE))
ENCODINGS = {encoding.name: encoding for encoding in (GZIP, BROTLI)}


def encodings_for(names: t.Iterable[str]) -> list[Encoding]:
    """Return the encodings that are asked for.

    :raises ExplainedError: one is unknown, or this host cannot make it.
    """
    chosen = []
    for name in dict.fromkeys(names):
        if name not in ENCODINGS:
            raise ExplainedError(f"{name} is no encoding of precompressed files; write {' or '.join(ENCODINGS)}.")
        chosen.append(ENCODINGS[name])
    if BROTLI in chosen and not brotli_codec.can_encode():
        raise ExplainedError("Precompressed files were asked for in brotli, but this host has no brotli: install libbrotli1, or ask for gzip only.")
    return chosen


def checkable() -> list[Encoding]:
    """Return the encodings whose siblings can be checked on this host, and made where they are wrong."""
    return [GZIP, BROTLI] if brotli_codec.can_decode() and brotli_codec.can_encode() else [GZIP]


def is_compressible(name: str) -> bool:
    """Tell by a file's name whether compressing may save anything. What is compressed already, such as images and woff2, only grows."""
    return extension(name) in COMPRESSIBLE


def is_large_enough(size: int) -> bool:
    """Tell by a file's size in bytes whether a sibling may be worth it."""
    return size >= MIN_SIZE


def largest_worth_it(size: int) -> int:
    """Return how many bytes a sibling of a file of this size may have."""
    return int(size * (1 - MIN_SAVING))
