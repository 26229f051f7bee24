# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One answer about a collected file, held against the file: what was expected, and what came."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.content_types import Expected
from ansible_collections.webops.django.plugins.module_utils.encodings import EncodingError, decoded, plain_name
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer
from ansible_collections.webops.django.plugins.module_utils.served_files_caching import varies_by_encoding
from ansible_collections.webops.django.plugins.module_utils.served_files_disk import DiskFile
from ansible_collections.webops.django.plugins.module_utils.served_report import describe_answer

Fault = t.Tuple[str, str]
"""What was expected, and what came."""
MAX_VALIDATOR = 1024
"""Characters of an ETag that is sent back. Real ones have a few dozen; servers limit what a request may hold."""
_NGINX_ETAG = re.compile(r'(?:W/)?"([0-9a-f]+-[0-9a-f]+)"')


def content_faults(answer: Answer, disk: DiskFile, asked: str, expected: Expected, headers: t.Mapping[str, str]) -> tuple[list[Fault], str]:
    """Compare a whole file's answer (200).

    :param asked: the Accept-Encoding that was sent.
    :param headers: that it must carry exactly once.
    :returns: the faults; and the encoding in which it came, empty for none.
    :raises OSError: the file cannot be read.
    :raises TransportError: the body does not arrive whole.
    """
    faults = []
    if not expected.accepts(answer.content_type):
        faults.append((str(expected), answer.content_type or "no Content-Type"))
    encoding = plain_name(answer.header("content-encoding"))
    difference = _difference(answer, disk, asked, encoding)
    if difference:
        faults.append(("the bytes of the collected file", difference))
    elif asked == "identity":
        faults += _etag_faults(answer, disk)
    elif encoding and not varies_by_encoding(answer):
        got = f"Vary: {answer.header('vary')}" if answer.header("vary") else "no Vary"
        faults.append(("Vary: Accept-Encoding, without which a cache gives the encoded file to clients that cannot decode it", got))
    for name, value in headers.items():
        values = answer.header_values(name)
        if values != [value]:
            got = ", and again ".join(f"{name}: {one}" for one in values) or f"no {name}"
            faults.append((f"{name}: {value}, once, as on the pages", got))
    return faults, encoding


def _difference(answer: Answer, disk: DiskFile, asked: str, encoding: str) -> str:
    if encoding and encoding != asked:
        return f"Content-Encoding {answer.header('content-encoding')}, which was not asked for"
    try:
        return disk.difference(decoded(answer.chunks(), encoding))
    except EncodingError as error:
        return f"a body that cannot be decoded: {error}"


def _etag_faults(answer: Answer, disk: DiskFile) -> list[Fault]:
    if is_nginx(answer):
        match = _NGINX_ETAG.fullmatch(answer.header("etag"))
        if match and match.group(1) != disk.etag:
            return [(f"the ETag of the collected file ({disk.etag})", f"that of another file ({match.group(1)})")]
    return []


def range_faults(answer: Answer, disk: DiskFile, must: bool) -> tuple[list[Fault], bool]:
    """Check the answer to a request for a file's first two bytes.

    Two, because WhiteNoise 6 refuses a range of one byte, which no browser asks for.

    A server may ignore ranges (RFC 9110 14.2), and an application may well do so. One that says ``Accept-Ranges: bytes``,
    or that is proven to be nginx sending a file, must not: players and downloads go by it.

    :param must: ranges have to be answered.
    :returns: the faults; and whether the range was answered.
    :raises OSError: the file cannot be read.
    :raises TransportError: the body does not arrive whole.
    """
    wanted = f"206 with Content-Range: bytes 0-1/{disk.size}"
    if answer.status == 200 and not must:
        difference = _difference(answer, disk, "identity", plain_name(answer.header("content-encoding")))
        return ([("the bytes of the collected file", difference)] if difference else []), False
    if answer.status != 206:
        return [(wanted, describe_answer(answer))], False
    if answer.header("content-range").lower() != f"bytes 0-1/{disk.size}":
        told = answer.header("content-range")
        return [(wanted, f"206 with Content-Range: {told}" if told else "206 without Content-Range")], False
    body = b""
    for chunk in answer.chunks():
        body += chunk[:3]
        if len(body) > 2:
            break
    if body != disk.first:
        return [("the file's first two bytes", "more than two bytes" if len(body) > 2 else "other bytes" if body else "nothing")], False
    return [], True


def conditional_faults(answer: Answer) -> list[Fault]:
    """Check the answer to a client that sends back the validator that it got (RFC 9110 13.1.2, 13.1.3)."""
    if answer.status == 304:
        return []
    return [("304, for the file has not changed", describe_answer(answer))]


def validator(answer: Answer) -> tuple[str, str] | None:
    """Return the request header by which a client asks whether its copy is still good; None where the answer gave nothing for it."""
    for name, header in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
        values = answer.header_values(name)
        if len(values) == 1 and 0 < len(values[0]) <= MAX_VALIDATOR:
            return header, values[0]
    return None


def is_nginx(answer: Answer) -> bool:
    """Tell whether the server says that it is nginx."""
    return answer.header("server").lower().startswith("nginx")


def is_nginx_answer(answer: Answer, disk: DiskFile) -> bool:
    """Tell whether the ETag proves that nginx opened this very file."""
    match = _NGINX_ETAG.fullmatch(answer.header("etag"))
    return bool(match) and is_nginx(answer) and match.group(1) == disk.etag  # type: ignore[union-attr]
