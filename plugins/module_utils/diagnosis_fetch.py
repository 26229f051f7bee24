# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetching what a page names, from wherever this machine serves it."""

from __future__ import annotations

import errno
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.css_references import Reference
from ansible_collections.webops.django.plugins.module_utils.diagnosis_answer import flat_headers, who_answered
from ansible_collections.webops.django.plugins.module_utils.diagnosis_answer import read_body as read_digest
from ansible_collections.webops.django.plugins.module_utils.diagnosis_place import Asker, Connect
from ansible_collections.webops.django.plugins.module_utils.encodings import EncodingError
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, ClosedError, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_pages import MAX_REDIRECTS, REDIRECTS
from ansible_collections.webops.django.plugins.module_utils.served_references import Wanted, cors_allows, next_references, read_body, text_of
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin, Url, join

CLOSED = (str(ClosedError("the connection was closed without an answer")), os.strerror(errno.ECONNRESET), os.strerror(errno.EPIPE))
"""Errors by which a limit may show itself as well."""
MAX_URL = 2000
"""Characters of an address that is told; longer ones are rubbish."""
_READ_ON = ("stylesheet", "module", "manifest")


class Found(t.NamedTuple):
    """What came for a reference.

    :param facts: for its record.
    :param final: the URL that answered in the end.
    :param references: what it refers to.
    """

    facts: dict[str, t.Any]
    final: Url
    references: t.Sequence[Reference]


class Places:
    """Where each origin is connected to, and which of them this machine serves.

    :param origin: the site's.
    :param connect: where it is connected to.
    :param hosts: further names, among them ``*.example.com`` and ``.example.com`` as in server_name; a mapping tells where each is connected to.
    """

    def __init__(self, origin: Origin, connect: Connect | None, hosts: t.Mapping[str, Connect] | t.Collection[str] = ()) -> None:
        self._origin = origin
        self._connect = connect
        self._hosts = dict(hosts) if isinstance(hosts, t.Mapping) else dict.fromkeys(map(str, hosts), connect)

    def serves(self, origin: Origin) -> bool:
        """Tell whether this machine is known to serve an origin."""
        return origin.host == self._origin.host or self._named(origin.host) is not None

    def connect(self, origin: Origin) -> Connect | None:
        """Return where to connect for an origin: another port than the site's lies at the same address."""
        named = self._named(origin.host)
        known = self._connect if origin.host == self._origin.host or named is None else self._hosts[named]
        reference = self._origin
        if not known or (origin.scheme, origin.port) == (reference.scheme, reference.port):
            return known
        if known.get("unix"):
            return known
        return {"address": known.get("address"), "port": origin.port, "tls": origin.scheme == "https"}

    def _named(self, host: str) -> str | None:
        for name in self._hosts:
            wild = name[1:] if name.startswith("*.") else name if name.startswith(".") else ""
            if host == name.lower() or (wild and (host.endswith(wild.lower()) or (name == wild and host == wild[1:].lower()))):
                return name
        return None


def follow(asker: Asker, places: Places, url: Url, headers: t.Mapping[str, str] | None = None) -> tuple[Answer, Url]:
    """Ask, and follow redirects to what this machine serves; one that leads elsewhere is the answer.

    :raises TransportError: no answer came, or redirects without end.
    :raises UrlError: a redirect leads to no URL.
    :raises DeadlineError: the time is over.
    """
    for _step in range(MAX_REDIRECTS):
        answer = asker.get(url, places.connect(url.origin), "identity", headers)
        location = answer.header("Location")
        if answer.status not in REDIRECTS or not location:
            return answer, url
        following = join(url, location)
        if not places.serves(following.origin):
            return answer, url
        read_digest(answer)
        url = following
    raise TransportError(f"more than {MAX_REDIRECTS} redirects")


def fetch(asker: Asker, places: Places, wanted: Wanted) -> Found:
    """Ask for a reference as a browser would.

    :raises DeadlineError: the time is over.
    """
    facts: dict[str, t.Any] = {"status": None, "content_type": "", "server": "unknown", "error": "", "redirected_to": ""}
    try:
        answer, final = follow(asker, places, wanted.url, wanted.request_headers())
        facts.update(status=answer.status, content_type=answer.content_type)
        facts["redirected_to"] = "" if final == wanted.url else str(final)
        if answer.header("Location"):
            facts["redirected_to"] = answer.header("Location")
        if answer.status != 200 or wanted.kind not in _READ_ON:
            body = read_digest(answer)
            facts.update(error=body.error, server=who_answered(answer.status, flat_headers(answer), body.start))
            return Found({**facts, **_cors(wanted, answer, final)}, final, ())
        content = read_body(answer)
        facts["server"] = who_answered(answer.status, flat_headers(answer), content[:65536])
        facts.update(_cors(wanted, answer, final))
        references = _children(asker, wanted, answer, content, final)
        return Found(facts, final, references)
    except (EncodingError, OSError, TransportError, ValueError) as error:
        facts["error"] = str(error) or type(error).__name__
        return Found(facts, wanted.url, ())


def _children(asker: Asker, wanted: Wanted, answer: Answer, content: bytes, final: Url) -> t.Sequence[Reference]:
    """Return what a style sheet, module or manifest names; nothing of what a browser refuses to read as one."""
    if not wanted.expected.accepts(answer.content_type):
        return ()
    return next_references(wanted.kind, text_of(answer, content), final, wanted.document, asker.look_at_clock)


def _cors(wanted: Wanted, answer: Answer, final: Url) -> dict[str, t.Any]:
    """Return what the server says to a request from another origin."""
    origin = wanted.document.origin
    if not wanted.cors or origin == final.origin:
        return {}
    header = answer.header("Access-Control-Allow-Origin")[:500]
    return {"cors": {"mode": wanted.cors, "origin": str(origin), "allowed": cors_allows(wanted, answer), "header": header}}


def unasked(reference: Reference, named_by: str) -> dict[str, t.Any]:
    """Return what is known of a reference before it is asked for."""
    return {
        "url": reference.url[:MAX_URL],
        "raw": (reference.raw or reference.url)[:MAX_URL],
        "kind": reference.kind,
        "from": named_by,
        "place": "",
        "mixed": False,
        "integrity": reference.integrity,
        "nonce": reference.nonce[:200],
        "cors": None,
        "status": None,
        "content_type": "",
        "matches": None,
        "server": "unknown",
        "redirected_to": "",
        "error": "",
    }


def unasked_by_cors(wanted: Wanted) -> dict[str, t.Any] | None:
    """Return what is known of a reference that is asked for by CORS before it is."""
    if "Origin" not in wanted.request_headers():
        return None
    return {"mode": wanted.cors, "origin": str(wanted.document.origin), "allowed": None, "header": ""}
