# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brotli by the C libraries libbrotlienc and libbrotlidec, without a package of Python's.

Debian's libbrotli1 brings them; curl and nginx's brotli module depend on it. Prototypes and numbers are those of brotli/encode.h and
brotli/decode.h. ctypes lets go of the interpreter's lock while a function runs, so threads compress at the same time; an instance belongs to
the generator that made it.
"""

from __future__ import annotations

import functools
import typing as t

try:
    import ctypes
except ImportError:
    # A Python that was built without libffi.
    ctypes = None  # type: ignore[assignment]


class BrotliError(Exception):
    """Data are not what brotli says, or there is no brotli; the message says why."""


# BrotliEncoderParameter and BrotliEncoderOperation.
_QUALITY, _WINDOW = 1, 2
_PROCESS, _FINISH = 0, 2
# BrotliDecoderResult.
_ERROR, _SUCCESS, _NEEDS_INPUT = 0, 1, 2

ENCODER_NAMES = ("libbrotlienc.so.1", "libbrotlienc.so", "libbrotlienc.1.dylib")
DECODER_NAMES = ("libbrotlidec.so.1", "libbrotlidec.so", "libbrotlidec.1.dylib")
"""Names for dlopen(3). ctypes.util.find_library is no help: it runs ldconfig or a compiler, and a host may have neither."""


def load(names: t.Iterable[str], prototypes: t.Mapping[str, tuple[t.Any, list[t.Any]]]) -> t.Any:
    """Load the first of these libraries that is there and has all functions.

    :param prototypes: type of the result and types of the arguments, by the function's name.
    :returns: the library, or None.
    """
    for name in names:
        try:
            library = ctypes.CDLL(name)
            for function, (result, arguments) in prototypes.items():
                getattr(library, function).restype = result
                getattr(library, function).argtypes = arguments
        except (OSError, AttributeError):
            continue
        return library
    return None


@functools.lru_cache(maxsize=None)
def encoder() -> t.Any:
    """Return libbrotlienc with its prototypes, or None where it is missing."""
    if not ctypes:
        return None
    size, pointer = ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(ctypes.c_void_p)
    return load(
        ENCODER_NAMES,
        {
            "BrotliEncoderCreateInstance": (ctypes.c_void_p, [ctypes.c_void_p] * 3),
            "BrotliEncoderSetParameter": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]),
            "BrotliEncoderCompressStream": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int, size, pointer, size, pointer, size]),
            "BrotliEncoderTakeOutput": (ctypes.c_void_p, [ctypes.c_void_p, size]),
            "BrotliEncoderHasMoreOutput": (ctypes.c_int, [ctypes.c_void_p]),
            "BrotliEncoderIsFinished": (ctypes.c_int, [ctypes.c_void_p]),
            "BrotliEncoderDestroyInstance": (None, [ctypes.c_void_p]),
        },
    )


@functools.lru_cache(maxsize=None)
def decoder() -> t.Any:
    """Return libbrotlidec with its prototypes, or None where it is missing."""
    if not ctypes:
        return None
    size, pointer = ctypes.POINTER(ctypes.c_size_t), ctypes.POINTER(ctypes.c_void_p)
    return load(
        DECODER_NAMES,
        {
            "BrotliDecoderCreateInstance": (ctypes.c_void_p, [ctypes.c_void_p] * 3),
            "BrotliDecoderDecompressStream": (ctypes.c_int, [ctypes.c_void_p, size, pointer, size, pointer, size]),
            "BrotliDecoderDestroyInstance": (None, [ctypes.c_void_p]),
        },
    )


def compressed(library: t.Any, chunks: t.Iterable[bytes], quality: int, window: int) -> t.Iterator[bytes]:
    """Yield the compressed form while chunks arrive.

    :param library: what :func:`encoder` returned.
    :param window: its size in bits.
    :raises BrotliError: the library has no memory left.
    """
    state = _instance(library.BrotliEncoderCreateInstance)
    try:
        library.BrotliEncoderSetParameter(state, _QUALITY, quality)
        library.BrotliEncoderSetParameter(state, _WINDOW, window)
        for chunk, operation in _with_operations(chunks):
            given, left = ctypes.c_void_p(_address(chunk)), ctypes.c_size_t(len(chunk))
            room, nowhere = ctypes.c_size_t(0), ctypes.c_void_p()
            while True:
                arguments = (ctypes.byref(left), ctypes.byref(given), ctypes.byref(room), ctypes.byref(nowhere), None)
                if not library.BrotliEncoderCompressStream(state, operation, *arguments):
                    raise BrotliError("it cannot be compressed: no memory is left")
                size = ctypes.c_size_t(0)
                taken = library.BrotliEncoderTakeOutput(state, ctypes.byref(size))
                if size.value:
                    yield ctypes.string_at(taken, size.value)
                waits = library.BrotliEncoderIsFinished(state) if operation == _FINISH else not library.BrotliEncoderHasMoreOutput(state)
                if waits and not left.value:
                    break
    finally:
        library.BrotliEncoderDestroyInstance(state)


def _with_operations(chunks: t.Iterable[bytes]) -> t.Iterator[tuple[bytes, int]]:
    # The end is told together with the last chunk: content that comes in one chunk then costs memory by its size, not by the window's.
    last = b""
    for chunk in chunks:
        if last:
            yield last, _PROCESS
        last = bytes(chunk)
    yield last, _FINISH


def decompressed(library: t.Any, chunks: t.Iterable[bytes], piece: int) -> t.Iterator[bytes]:
    """Yield the content while its compressed form arrives.

    :param library: what :func:`decoder` returned.
    :param piece: bytes at most in a piece.
    :raises BrotliError: the data are wrong, end in the middle, or go on after their end.
    """
    state = _instance(library.BrotliDecoderCreateInstance)
    buffer = ctypes.create_string_buffer(piece)
    result = _NEEDS_INPUT
    try:
        for chunk in map(bytes, chunks):
            given, left = ctypes.c_void_p(_address(chunk)), ctypes.c_size_t(len(chunk))
            while left.value or result not in (_NEEDS_INPUT, _SUCCESS):
                if result == _SUCCESS:
                    raise BrotliError("data follow after the end of its brotli")
                target, room = ctypes.c_void_p(ctypes.addressof(buffer)), ctypes.c_size_t(piece)
                arguments = (ctypes.byref(left), ctypes.byref(given), ctypes.byref(room), ctypes.byref(target), None)
                result = library.BrotliDecoderDecompressStream(state, *arguments)
                if result == _ERROR:
                    raise BrotliError("it is not valid brotli")
                if room.value < piece:
                    yield ctypes.string_at(buffer, piece - room.value)
    finally:
        library.BrotliDecoderDestroyInstance(state)
    if result != _SUCCESS:
        raise BrotliError("its brotli ends in the middle")


def _instance(create: t.Callable[..., t.Any]) -> t.Any:
    state = create(None, None, None)
    if not state:
        raise BrotliError("no memory is left for brotli")
    return state


def _address(data: bytes) -> int | None:
    # The address is that of the object's own bytes: the caller keeps the object as long as the library reads them.
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
