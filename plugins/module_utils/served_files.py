# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking for collected files and comparing what comes with the files on disk."""

from __future__ import annotations

import dataclasses
import email.utils
import os
import re
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.content_types import COMPRESSIBLE, expected_for_name, extension
from ansible_collections.webops.django.plugins.module_utils.encodings import EncodingError, decoded
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure, describe_answer
from ansible_collections.webops.django.plugins.module_utils.served_tree import is_named_by_content
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url, path_to_url

SHORT_LIVED = 60
"""Seconds for which an error may be cached: nobody waits longer for a file that was put in its place."""
_NGINX_ETAG = re.compile(r'(?:W/)?"([0-9a-f]+-[0-9a-f]+)"')


@dataclasses.dataclass(frozen=True)
class Tree:
    """A collected tree and where it is served.

    :param root: the folder, without links.
    :param url: the URL for it; its path ends with a slash.
    :param hashed: relative paths that a manifest proves to be named by their content.
    """

    root: str
    url: Url
    hashed: t.AbstractSet[bytes]

    def file(self, path: bytes) -> bytes:
        """Return a file's absolute path."""
        return os.path.join(os.fsencode(self.root), path)

    def target(self, path: bytes) -> str:
        """Return the percent-encoded path under which a file is served."""
        return self.url.path + path_to_url(path)


@dataclasses.dataclass
class FileResult:
    """What asking for one file brought.

    :param by_nginx: the ETag proves that nginx opened this very file.
    :param encoded: a compressed answer came too, and its content is right.
    :param silent: no complete answer came.
    """

    failures: list[Failure] = dataclasses.field(default_factory=list)
    by_nginx: bool = False
    encoded: bool = False
    silent: bool = False


def check_file(client: Client, tree: Tree, path: bytes) -> FileResult:
    """Ask for a file, plain and compressed, and compare.

    :raises DeadlineError: the time for the whole work is over.
    """
    result = FileResult()
    url = f"{tree.url.origin}{tree.target(path)}"
    for encoding in ("identity", "gzip") if extension(os.fsdecode(path)) in COMPRESSIBLE else ("identity",):
        try:
            answer = client.get(tree.url.origin, tree.target(path), encoding)
            faults = _faults(answer, tree, path, encoding)
        except TransportError as error:
            faults, result.silent = [("the file", str(error))], True
        how = "" if encoding == "identity" else f" (asked for with Accept-Encoding: {encoding})"
        result.failures += [Failure(url, expected + how, got) for expected, got in faults]
        if faults:
            break
        if encoding == "identity":
            result.by_nginx = _is_nginx(answer) and bool(_NGINX_ETAG.fullmatch(answer.header("ETag")))
        else:
            result.encoded = bool(answer.header("Content-Encoding"))
    return result


def _faults(answer: Answer, tree: Tree, path: bytes, encoding: str) -> list[tuple[str, str]]:
    """Compare an answer with the file; return pairs of what was expected and what came."""
    expected = expected_for_name(os.fsdecode(path))
    if answer.status != 200:
        return [(f"200 {expected}".rstrip(), describe_answer(answer))]
    faults = []
    if not expected.accepts(answer.content_type):
        faults.append((str(expected), answer.content_type or "no Content-Type"))
    try:
        difference, etag = compare(answer, tree.file(path), encoding)
    except OSError as error:
        return [("a file that can be read on this host", f"{error.strerror or error}")]
    if difference:
        faults.append(("the bytes of the collected file", difference))
    elif encoding == "identity" and _is_nginx(answer):
        match = _NGINX_ETAG.fullmatch(answer.header("ETag"))
        if match and match.group(1) != etag:
            faults.append((f"the ETag of the collected file ({etag})", f"that of another file ({match.group(1)})"))
    if "immutable" in cache_directives(answer) and path not in tree.hashed and not is_named_by_content(tree.root, path):
        faults.append(("no 'immutable' for a name that is not made from the content", f"Cache-Control: {answer.header('Cache-Control')}"))
    return faults


def compare(answer: Answer, path: bytes, encoding: str) -> tuple[str, str]:
    """Compare a body, its encoding undone, with a file, and stop at the first difference.

    :param encoding: the Accept-Encoding that was sent.
    :returns: how they differ, or an empty string; and the ETag, without quotes, that nginx gives the file
        (ngx_http_set_etag: time of modification in seconds and size, both hexadecimal).
    :raises OSError: the file cannot be read.
    :raises TransportError: the body does not arrive whole.
    """
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        etag = f"{int(status.st_mtime):x}-{status.st_size:x}"
        sent_as = answer.header("Content-Encoding")
        if encoding == "identity" and sent_as not in ("", "identity"):
            return f"Content-Encoding {sent_as}, which was not asked for", etag
        offset = 0
        try:
            for chunk in decoded(answer.chunks(), sent_as):
                wanted = file.read(len(chunk))
                if chunk != wanted:
                    return _difference(chunk, wanted, offset, status.st_size), etag
                offset += len(chunk)
        except EncodingError as error:
            return f"a body that cannot be decoded: {error}", etag
        if file.read(1):
            return f"only the first {offset} of {status.st_size} bytes", etag
    return "", etag


def _difference(chunk: bytes, wanted: bytes, offset: int, size: int) -> str:
    if chunk.startswith(wanted):
        return f"more than its {size} bytes"
    first = next(index for index, (one, other) in enumerate(zip(chunk, wanted)) if one != other)
    return f"other bytes from byte {offset + first} on"


def check_missing(client: Client, url: Url) -> list[Failure]:
    """Ask for a name that nobody has: it must be 404, and no cache may keep that.

    :raises DeadlineError: the time for the whole work is over.
    """
    try:
        answer = client.get(url.origin, url.target)
        if answer.status != 404:
            return [Failure(str(url), "404, for there is no such file", describe_answer(answer))]
        seconds = lifetime(answer, time.time())
    except TransportError as error:
        return [Failure(str(url), "404, for there is no such file", str(error))]
    if seconds > SHORT_LIVED or "immutable" in cache_directives(answer):
        headers = [f"{name}: {answer.header(name)}" for name in ("Cache-Control", "Expires") if answer.header(name)]
        return [Failure(str(url), "a 404 that is not cached", f"404 with {', '.join(headers)}")]
    return []


def cache_directives(answer: Answer) -> dict[str, str]:
    """Return the Cache-Control directives in lower case (RFC 9111 5.2)."""
    parts = (part.partition("=") for part in answer.header("Cache-Control").lower().split(","))
    return {name.strip(): value.strip().strip('"') for name, _equals, value in parts if name.strip()}


def lifetime(answer: Answer, now: float) -> float:
    """Return for how many seconds a cache may keep an answer because its headers say so (RFC 9111 4.2.1).

    :param now: seconds since the epoch.
    """
    directives = cache_directives(answer)
    if "no-store" in directives or "no-cache" in directives:
        return 0
    for name in ("s-maxage", "max-age"):
        if directives.get(name, "").isdigit():
            return float(directives[name][:12])
    try:
        return email.utils.parsedate_to_datetime(answer.header("Expires")).timestamp() - now
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0


def _is_nginx(answer: Answer) -> bool:
    return answer.header("Server").lower().startswith("nginx")
