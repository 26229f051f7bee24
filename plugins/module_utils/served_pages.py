# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking for pages and for all that a browser would fetch for them."""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.css_references import Reference
from ansible_collections.webops.django.plugins.module_utils.encodings import EncodingError
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_references import (
    Document,
    Wanted,
    faults,
    next_references,
    read_body,
    read_page,
    text_of,
)
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure, describe_answer
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin, Url, UrlError, join, printable

MAX_REFERENCES = 2000
MAX_REDIRECTS = 5
REDIRECTS = (301, 302, 303, 307, 308)
NOT_FETCHED = re.compile(r"(?:data|blob|about|javascript|mailto|tel):|#|$", re.IGNORECASE)
"""References for which no server is asked."""
_BLOCKED_IF_MIXED = ("stylesheet", "script", "module", "font", "manifest", "any")
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
    _open: collections.deque[Wanted] = dataclasses.field(default_factory=collections.deque)
    _seen: dict[tuple[str, ...], Url] = dataclasses.field(default_factory=dict)

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
                return
            if final.origin in self.origins and answer.status < 400:
                self.answers.append((str(final), answer))
            if answer.status == 200 and answer.content_type in ("text/html", "application/xhtml+xml"):
                entry["references"] = self._read_page(text_of(answer, read_body(answer)), url, final)
        except (TransportError, EncodingError, UrlError) as error:
            self.failures.append(Failure(str(url), expected, str(error), kind="page"))

    def _read_page(self, text: str, url: Url, final: Url) -> int:
        """Note what a page refers to; return how much that is."""
        page = read_page(text, url, final, self.client.look_at_clock)
        self._note(page.base, page.references, str(url), page.document)
        return len(page.references)

    def fetch_references(self) -> int:
        """Ask for all that the pages refer to, and for what that refers to.

        :returns: how many were left out because there are too many.
        :raises DeadlineError: the time for the whole work is over.
        """
        while self._open and self.references < MAX_REFERENCES:
            self._fetch(self._open[0])
            self._open.popleft()
            self.references += 1
        return len(self._open)

    @property
    def waiting(self) -> int:
        """How many references have not been asked for yet."""
        return len(self._open)

    def folders(self, url: Url) -> list[str]:
        """Return the paths of the folders below a URL in which something lies that pages name."""
        paths = [seen.path for seen in self._seen.values() if str(seen).startswith(str(url))]
        return list(dict.fromkeys(path.rpartition("/")[0] + "/" for path in paths))

    def _fetch(self, wanted: Wanted) -> None:
        expected = f"200 {wanted.expected}".rstrip()
        try:
            answer, final = self._follow(wanted.url, wanted.request_headers())
            if final.origin not in self.origins:
                return
            if answer.status != 200:
                self._fail(wanted, expected, describe_answer(answer))
            elif not wanted.expected.accepts(answer.content_type):
                self._fail(wanted, expected, f"200 {answer.content_type or 'without Content-Type'}")
            else:
                self._take(wanted, answer, read_body(answer), final)
        except (TransportError, EncodingError, UrlError) as error:
            self._fail(wanted, expected, str(error))

    def _take(self, wanted: Wanted, answer: Answer, body: bytes, final: Url) -> None:
        found = faults(wanted, answer, body, final.origin)
        for expected, got in found:
            self._fail(wanted, expected, got)
        if not found and wanted.kind in ("stylesheet", "module", "manifest"):
            references = next_references(wanted.kind, text_of(answer, body), final, wanted.document, self.client.look_at_clock)
            self._note(final, references, str(wanted.url), wanted.document)

    def _fail(self, wanted: Wanted, expected: str, got: str) -> None:
        self.failures.append(Failure(str(wanted.url), expected, got, wanted.named_by, "reference"))

    def _follow(self, url: Url, headers: t.Mapping[str, str] | None = None) -> tuple[Answer, Url]:
        """Ask, and follow redirects within the site; one that leads out of it is noted and returned as the answer."""
        for _step in range(MAX_REDIRECTS):
            answer = self.client.get(url.origin, url.target, headers=headers)
            location = answer.header("Location")
            if answer.status not in REDIRECTS or not location:
                return answer, url
            url = join(url, location)
            if url.origin not in self.origins:
                self.foreign[str(url)] = None
                return answer, url
        raise TransportError(f"more than {MAX_REDIRECTS} redirects")

    def _note(self, base: Url, references: t.Sequence[Reference], named_by: str, document: Document) -> None:
        for reference in references:
            if NOT_FETCHED.match(reference.url.strip()):
                continue
            try:
                url = join(base, reference.url)
            except UrlError as error:
                self.failures.append(Failure(reference.url, "a URL of this site", f"one that {error}", named_by, "reference"))
                continue
            wanted = Wanted(url, reference.kind, named_by, document, reference.integrity, reference.cors)
            if document.origin.scheme == "https" and url.origin.scheme == "http":
                self.mixed[str(url)] = None
                if reference.kind in _BLOCKED_IF_MIXED:
                    self._fail(wanted, "an https URL on an https page", "an http URL, which browsers block")
            elif url.origin not in self.origins:
                self.foreign[str(url)] = None
            elif wanted.key not in self._seen:
                self._seen[wanted.key] = url
                self._open.append(wanted)
