# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking for pages and for all that a browser would fetch for them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.content_types import expected_for_reference
from ansible_collections.webops.django.plugins.module_utils.css_references import Reference, css_references
from ansible_collections.webops.django.plugins.module_utils.encodings import EncodingError, decoded
from ansible_collections.webops.django.plugins.module_utils.html_references import html_references
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure, describe_answer
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin, Url, UrlError, join, parse_url, printable

MAX_BODY = 64 << 20
"""Bytes of a page, style sheet or other reference that are read at most."""
MAX_TEXT = 8 << 20
"""Characters of a page or style sheet that are searched for references."""
MAX_REFERENCES = 2000
MAX_REDIRECTS = 5
_NOT_FETCHED = re.compile(r"(?:data|blob|about|javascript|mailto|tel):|#|$", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)
_BLOCKED_IF_MIXED = ("stylesheet", "script", "font", "manifest", "any")
"""What browsers block on an https page when it comes by http; images and media they ask for by https (W3C Mixed Content)."""


@dataclasses.dataclass
class Crawl:
    """Pages, and what was found on them.

    :param origins: those that belong to the site; nothing else is asked for anything.
    :param pages: url, status and number of references of each page.
    :param foreign: URLs of other hosts, and other schemes, which were not asked for.
    :param mixed: http URLs on https pages.
    :param references: how many were asked for.
    :param answers: of the pages that answered, by their URLs; their bodies are read.
    """

    client: Client
    origins: t.AbstractSet[Origin]
    failures: list[Failure] = dataclasses.field(default_factory=list)
    pages: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    foreign: dict[str, None] = dataclasses.field(default_factory=dict)
    mixed: dict[str, None] = dataclasses.field(default_factory=dict)
    references: int = 0
    answers: list[tuple[str, Answer]] = dataclasses.field(default_factory=list)
    _open: list[tuple[Url, str, str]] = dataclasses.field(default_factory=list)
    _seen: set[tuple[str, str]] = dataclasses.field(default_factory=set)

    def page(self, url: Url, required: bool) -> None:
        """Ask for a page and note what it refers to.

        :param required: it must answer with a status below 400; otherwise only 400, which is how Django answers a host
            name that ALLOWED_HOSTS lacks, and a server's error are failures.
        :raises DeadlineError: the time for the whole work is over.
        """
        expected = "a page"
        try:
            answer, final = self._follow(url)
            entry: dict[str, t.Any] = {"url": str(url), "status": answer.status, "references": 0}
            self.pages.append(entry)
            if final.origin not in self.origins:
                entry["redirected_to"] = printable(str(final))
            if answer.status == 400 or answer.status >= (400 if required else 500):
                hint = "; does ALLOWED_HOSTS hold this host name?" if answer.status == 400 else ""
                self.failures.append(Failure(str(url), expected, describe_answer(answer) + hint, kind="page"))
            elif final.origin in self.origins and answer.status < 400:
                self.answers.append((str(final), answer))
            if answer.status == 200 and answer.content_type in ("text/html", "application/xhtml+xml"):
                found = html_references(_text(answer), self.client.look_at_clock)
                entry["references"] = len(found.references)
                self._note(join(final, found.base) if found.base else final, found.references, str(url), final.origin)
        except (TransportError, EncodingError, UrlError) as error:
            self.failures.append(Failure(str(url), expected, str(error), kind="page"))

    def fetch_references(self) -> int:
        """Ask for all that the pages refer to, and for what their style sheets refer to.

        :returns: how many were left out because there are too many.
        :raises DeadlineError: the time for the whole work is over.
        """
        while self._open and self.references < MAX_REFERENCES:
            self.references += 1
            self._fetch(*self._open.pop(0))
        return len(self._open)

    @property
    def waiting(self) -> int:
        """How many references have not been asked for yet."""
        return len(self._open)

    def folders(self, url: Url) -> list[str]:
        """Return the paths of the folders below a URL in which something lies that pages name."""
        paths = [parse_url(text).path for text, _kind in self._seen if text.startswith(str(url))]
        return list(dict.fromkeys(path.rpartition("/")[0] + "/" for path in paths))

    def _fetch(self, url: Url, kind: str, page: str) -> None:
        expected = expected_for_reference(kind, url.path)
        wanted = f"200 {expected}".rstrip()
        try:
            answer, final = self._follow(url)
            if final.origin not in self.origins:
                return
            if answer.status != 200:
                self.failures.append(Failure(str(url), wanted, describe_answer(answer), page, "reference"))
            elif not expected.accepts(answer.content_type):
                self.failures.append(Failure(str(url), wanted, f"200 {answer.content_type or 'without Content-Type'}", page, "reference"))
            elif kind == "stylesheet":
                self._note(final, css_references(_text(answer), self.client.look_at_clock), str(url), final.origin)
            else:
                _read(answer)
        except (TransportError, EncodingError, UrlError) as error:
            self.failures.append(Failure(str(url), wanted, str(error), page, "reference"))

    def _follow(self, url: Url) -> tuple[Answer, Url]:
        """Ask, and follow redirects within the site; one that leads out of it is noted and returned as the answer."""
        for _step in range(MAX_REDIRECTS):
            answer = self.client.get(url.origin, url.target)
            location = answer.header("Location")
            if answer.status not in (301, 302, 303, 307, 308) or not location:
                return answer, url
            url = join(url, location)
            if url.origin not in self.origins:
                self.foreign[str(url)] = None
                return answer, url
        raise TransportError(f"more than {MAX_REDIRECTS} redirects")

    def _note(self, base: Url, references: t.Sequence[Reference], page: str, origin: Origin) -> None:
        for reference in references:
            if _NOT_FETCHED.match(reference.url.strip()):
                continue
            try:
                url = join(base, reference.url)
            except UrlError as error:
                self.failures.append(Failure(reference.url, "a URL of this site", f"one that {error}", page, "reference"))
                continue
            if origin.scheme == "https" and url.origin.scheme == "http":
                self.mixed[str(url)] = None
                if reference.kind in _BLOCKED_IF_MIXED:
                    self.failures.append(Failure(str(url), "an https URL on an https page", "an http URL, which browsers block", page, "reference"))
            elif url.origin not in self.origins:
                self.foreign[str(url)] = None
            elif (str(url), reference.kind) not in self._seen:
                self._seen.add((str(url), reference.kind))
                self._open.append((url, reference.kind, page))


def _read(answer: Answer) -> bytes:
    """Return a body, its encoding undone.

    :raises TransportError: it does not arrive whole, or is too long.
    :raises EncodingError: it cannot be decoded.
    """
    body = bytearray()
    for chunk in decoded(answer.chunks(), answer.header("Content-Encoding")):
        body += chunk
        if len(body) > MAX_BODY:
            raise TransportError(f"a body of more than {MAX_BODY >> 20} MiB")
    return bytes(body)


def _text(answer: Answer) -> str:
    match = _CHARSET.search(answer.header("Content-Type"))
    body = _read(answer)
    try:
        return body.decode(match.group(1) if match else "utf-8", "replace")[:MAX_TEXT]
    except (LookupError, UnicodeError):
        return body.decode("utf-8", "replace")[:MAX_TEXT]
