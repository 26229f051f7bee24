# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came for one URL, as facts: status, headers, digest of the body, and who answered."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.encodings import EncodingError, decoded
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_report import NGINX_ERROR_PAGE

MAX_BODY = 64 << 20
"""Bytes of a body that are read at most."""
START = 65536
"""Bytes of the body's beginning that are kept while it is looked at."""
SHOWN = 200
"""Characters of the beginning that are told."""
MAX_LOCATION = 4096
MAX_HEADERS = 40
MAX_VALUE = 16384
"""Characters of one header that are told."""
_KEPT = ("cache-control", "content-encoding", "content-type", "etag", "vary", "x-content-type-options")
"""Headers that are told of an answer that is as it must be."""
_SECRET = ("set-cookie", "set-cookie2", "www-authenticate", "authorization", "x-csrftoken")
_NGINX = ("nginx", "openresty", "angie", "tengine")
_APPLICATIONS = (
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "daphne",
    "wsgiserver",
    "werkzeug",
    "waitress",
    "cherrypy",
    "uwsgi",
    "cheroot",
    "granian",
    "twisted",
)
_RELATED_ERROR_PAGE = re.compile(rb"<center>(?:openresty|angie|tengine)", re.IGNORECASE)
_NGINX_ETAG = re.compile(r'(?:W/)?"[0-9a-f]+-[0-9a-f]+"')
_APPLICATION_PAGE = re.compile(
    rb"<title>(?:Not Found|Bad Request \(400\)|Server Error \(500\)|403 Forbidden|Internal Server Error)</title>"
    rb"|<h1>(?:Not Found|Server Error \(500\)|Bad Request \(400\))</h1>|csrfmiddlewaretoken"
    rb"|name=\"robots\" content=\"NONE,NOARCHIVE\""
    rb"|\A(?:Not Found|Internal Server Error|Traceback \(most recent call last\))",
)
"""What Django's and the application servers' own pages hold (django/views/defaults.py, templates/technical_500.html; gunicorn/util.py)."""


@dataclasses.dataclass
class Body:
    """What was read of a body.

    :param length: bytes as they were sent.
    :param size: bytes without their encoding.
    :param start: the beginning, without its encoding.
    :param complete: False: it was cut; None: it was not read to its end.
    """

    length: int = 0
    size: int = 0
    sha256: str = ""
    start: bytes = b""
    complete: bool | None = None
    error: str = ""


def read_body(answer: Answer) -> Body:
    """Read a body and take its digest; what goes wrong is told in the result."""
    body = Body()
    digest = hashlib.sha256()

    def counted() -> t.Iterator[bytes]:
        for chunk in answer.chunks():
            body.length += len(chunk)
            yield chunk

    try:
        for piece in decoded(counted(), answer.header("Content-Encoding")):
            digest.update(piece)
            body.size += len(piece)
            if len(body.start) < START:
                body.start += piece[: START - len(body.start)]
            if body.size > MAX_BODY or body.length > MAX_BODY:
                answer.close()
                return body
        body.complete = True
    except TransportError as error:
        body.error, body.complete = str(error), False
    except EncodingError as error:
        body.error = str(error)
        answer.close()
    body.sha256 = digest.hexdigest()
    return body


def is_right(expected: t.Mapping[str, t.Any] | None, body: Body, announced: int | None) -> bool | None:
    """Tell whether a body is the one that is expected; None where nothing is known of it.

    A file that is too large for a digest is told by its size alone.

    :param expected: ``sha256`` and ``size``, each None where it is not known.
    :param announced: Content-Length of a body without an encoding.
    """
    digest, size = (expected or {}).get("sha256"), (expected or {}).get("size")
    if digest:
        return None if body.complete is None and not body.error else body.complete is True and body.sha256 == digest
    if size is None:
        return None
    if body.complete is None and not body.error:
        return announced == size if announced is not None else None
    return body.complete is True and body.size == size


def who_answered(status: int, headers: t.Mapping[str, str], start: bytes, direct: bool = False) -> str:
    """Tell whether nginx itself answered, or the application: ``nginx``, ``app`` or ``unknown``.

    nginx puts its own name in the header Server of what it passes on, so that this header only counts where it names another. The ETag
    alone proves nothing either: WhiteNoise makes it as nginx does. But nginx says Accept-Ranges of its files (ngx_http_static_module) and
    WhiteNoise never does.

    :param headers: by lower-case names.
    :param direct: the application's own socket was asked.
    """
    if NGINX_ERROR_PAGE in start or _RELATED_ERROR_PAGE.search(start):
        return "nginx"
    server = headers.get("server", "").lower()
    if direct or server.startswith(_APPLICATIONS):
        return "app"
    named = not server or server.startswith(_NGINX)
    etag, ranges = headers.get("etag", ""), headers.get("accept-ranges") == "bytes"
    # An error page that lies in a file has an ETag as well.
    if named and _NGINX_ETAG.fullmatch(etag) and (ranges or status >= 400):
        return "nginx"
    if server and named and not etag and ranges and "last-modified" in headers:
        return "nginx"
    vary = [word.strip().lower() for word in headers.get("vary", "").split(",")]
    if "set-cookie" in headers or "cookie" in vary or "content-language" in headers or _APPLICATION_PAGE.search(start[:8192]):
        return "app"
    return "unknown"


def flat_headers(answer: Answer) -> dict[str, str]:
    """Return the headers by their lower-case names, repeated ones joined."""
    return {name: answer.header(name) for name in answer.headers}


def told_headers(headers: t.Mapping[str, str], names: t.Collection[str] | None = None) -> dict[str, str]:
    """Return headers for the document: bounded, and without what may be a secret.

    :param names: only these.
    """
    kept = [name for name in headers if name not in _SECRET and (names is None or name in names)]
    return {name: headers[name][:MAX_VALUE] for name in kept[:MAX_HEADERS]}


def text_start(content_type: str, start: bytes) -> str:
    """Return the first characters of a text, and nothing of anything else."""
    if b"\0" in start[:1024] or content_type.startswith(("image/", "font/", "audio/", "video/")):
        return ""
    return start[: SHOWN * 4].decode("utf-8", "replace")[:SHOWN]


def blank(request: t.Mapping[str, t.Any], error: str = "") -> dict[str, t.Any]:
    """Return an ANSWER for a URL that brought nothing."""
    return {
        **{name: request.get(name) or "" for name in ("id", "site", "kind", "url", "host")},
        "connect": request.get("connect"),
        "status": None,
        "error": error,
        "headers": {},
        "content_type": "",
        "length": 0,
        "complete": None,
        "sha256": "",
        "start": "",
        "server": "unknown",
        "location": "",
        "expected": request.get("expected"),
        "matches": None,
        "encoded": {},
        "paced": False,
        "slow": bool(request.get("slow")),
    }


def describe(request: t.Mapping[str, t.Any], answer: Answer, body: Body) -> dict[str, t.Any]:
    """Return an ANSWER, as short as its facts allow."""
    headers = flat_headers(answer)
    expected = request.get("expected")
    plain = not answer.header("Content-Encoding")
    matches = is_right(expected, body, answer.length if plain else None) if 200 <= answer.status < 300 else None
    if expected and answer.status != 200 and (expected.get("sha256") or expected.get("size") is not None):
        matches = False
    healthy = answer.status == 200 and matches is True
    return {
        **blank(request, body.error),
        "status": answer.status,
        "headers": told_headers(headers, _KEPT if healthy else None),
        "content_type": answer.content_type,
        "length": body.length,
        "complete": body.complete,
        "sha256": body.sha256,
        "start": "" if healthy else text_start(answer.content_type, body.start),
        "server": who_answered(answer.status, headers, body.start, request.get("kind") == "app"),
        "location": answer.header("Location")[:MAX_LOCATION],
        "matches": matches,
    }


def describe_encoded(answer: Answer, body: Body, expected: t.Mapping[str, t.Any] | None, plain: str) -> dict[str, t.Any]:
    """Return what came for a request that accepts an encoding.

    :param plain: digest of what came without an encoding, with which it is compared where nothing else is known.
    """
    wanted = expected if expected and (expected.get("sha256") or expected.get("size") is not None) else {"sha256": plain or None}
    return {
        "status": answer.status,
        "encoding": answer.header("Content-Encoding")[:100].strip().lower(),
        "length": body.length,
        "sha256": body.sha256,
        "complete": body.complete,
        "etag": answer.header("ETag")[:200],
        "last_modified": answer.header("Last-Modified")[:100],
        "vary": answer.header("Vary")[:200],
        "error": body.error,
        "matches": is_right(wanted, body, None) if answer.status == 200 else None,
    }
