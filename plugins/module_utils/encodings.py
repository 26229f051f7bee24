# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing a Content-Encoding while the body arrives, in pieces of bounded size."""

from __future__ import annotations

import typing as t
import zlib

from ansible_collections.webops.django.plugins.module_utils import brotli_codec

PIECE = 65536
"""Bytes at most in a piece: what a bomb costs in memory before its reader stops."""


class EncodingError(Exception):
    """The body is not what its Content-Encoding says; the message says why."""


def known() -> tuple[str, ...]:
    """Return the encodings that can be undone here, as they are named in Accept-Encoding."""
    return ("gzip", "br") if brotli_codec.can_decode() else ("gzip",)


def plain_name(encoding: str) -> str:
    """Return a Content-Encoding's usual name: empty for none (RFC 9110 8.4.1)."""
    name = encoding.strip().lower()
    return {"x-gzip": "gzip", "identity": ""}.get(name, name)


def decoded(chunks: t.Iterable[bytes], encoding: str) -> t.Iterator[bytes]:
    """Yield the body without its encoding.

    :param encoding: the Content-Encoding's value; ``identity``, ``gzip``, and ``br`` where :func:`known` names it, are known.
    :raises EncodingError: the encoding is unknown, or the body is not encoded so.
    """
    name = plain_name(encoding)
    if not name:
        return iter(chunks)
    if name == "gzip":
        return _gunzipped(chunks)
    if name == "br" and brotli_codec.can_decode():
        return _unbrotlied(chunks)
    raise EncodingError("it has an encoding that was not asked for")


def _gunzipped(chunks: t.Iterable[bytes]) -> t.Iterator[bytes]:
    member = None
    for chunk in chunks:
        data = chunk
        while data:
            # A gzip body may have several members (RFC 1952 2.2).
            member = member or zlib.decompressobj(16 + zlib.MAX_WBITS)
            try:
                piece = member.decompress(data, PIECE)
            except zlib.error as error:
                raise EncodingError("it is not valid gzip") from error
            if piece:
                yield piece
            if member.eof:
                data, member = member.unused_data, None
            else:
                data = member.unconsumed_tail
    if member is not None:
        raise EncodingError("its gzip ends in the middle")


def _unbrotlied(chunks: t.Iterable[bytes]) -> t.Iterator[bytes]:
    try:
        yield from brotli_codec.decompressed(chunks, PIECE)
    except brotli_codec.BrotliError as error:
        raise EncodingError(str(error)) from error
