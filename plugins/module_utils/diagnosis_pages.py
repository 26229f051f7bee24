# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages as a browser loads them, and what became of everything that they name: facts for a diagnosis."""

from __future__ import annotations

import collections
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils.css_references import Reference
from ansible_collections.webops.django.plugins.module_utils.diagnosis_answer import MAX_VALUE, flat_headers, who_answered
from ansible_collections.webops.django.plugins.module_utils.diagnosis_fetch import (
    CLOSED,
    MAX_URL,
    Found,
    Places,
    fetch,
    follow,
    unasked,
    unasked_by_cors,
)
from ansible_collections.webops.django.plugins.module_utils.diagnosis_pace import LEFT, LIMITED, SILENT, TOO_LATE, Patience, ask_again, is_limited
from ansible_collections.webops.django.plugins.module_utils.diagnosis_page_facts import error_title, is_login, page_headers, shown_exception
from ansible_collections.webops.django.plugins.module_utils.diagnosis_place import TIMEOUT, Asker, readable_url, route_to
from ansible_collections.webops.django.plugins.module_utils.encodings import EncodingError
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, TransportError
from ansible_collections.webops.django.plugins.module_utils.http_route import Deadline, DeadlineError
from ansible_collections.webops.django.plugins.module_utils.served_pages import NOT_FETCHED
from ansible_collections.webops.django.plugins.module_utils.served_references import Document, Wanted, read_body, read_page, text_of
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url, UrlError, join, printable

CONNECTIONS = 6
"""That a browser opens to one server for a page."""
AT_ONCE = 60
"""References of a page that are asked for as fast as a browser does; more come one by one."""
LIMIT = 500
"""References of all pages of a site, where no other number is asked for."""
MAX_PAGES = 50
Record = t.Dict[str, t.Any]


class Crawl:
    """The pages of one site.

    :param request: see :func:`.diagnosis_client.crawl_pages`.
    """

    def __init__(self, request: t.Mapping[str, t.Any], deadline: Deadline) -> None:
        self._request = request
        self._deadline = deadline
        self._askers = [Asker(deadline, TIMEOUT) for _number in range(CONNECTIONS)]
        self._known: dict[tuple[str, ...], Found] = {}
        self._left = LIMIT
        self._patience = Patience(TIMEOUT)

    def run(self) -> list[Record]:
        """Load the pages, one after another."""
        urls = list(dict.fromkeys(str(url) for url in self._request.get("urls") or ("",)))[:MAX_PAGES]
        try:
            base = readable_url(self._request.get("base"))
            self._left = int(self._request.get("limit") or LIMIT)
            route_to(self._request.get("connect"))
            self._places = Places(base.origin, self._request.get("connect"), self._request.get("hosts") or ())
        except (AttributeError, TypeError, ValueError) as error:
            # A UrlError is one of these.
            return [self._blank(url, f"the request cannot be read: {error}") for url in urls]
        return [self._load(base, url) for url in urls]

    def close(self) -> None:
        """Close all connections."""
        for asker in self._askers:
            asker.close()

    def _blank(self, url: str, error: str = "") -> Record:
        empty: Record = {"references": [], "mixed": [], "foreign": [], "meta_csp": [], "limited": 0, "limited_urls": [], "references_left": 0}
        told = {"title": "", "error_text": "", "server": "unknown", "redirected_to": "", "login": False, "headers": {}, "content_type": ""}
        return {"site": self._request.get("site") or "", "url": url, "status": None, "error": error, **told, **empty}

    def _load(self, base: Url, address: str) -> Record:
        record = self._blank(address, TOO_LATE)
        try:
            url = join(base, address)
            record = self._blank(str(url))
            answer, final = self._ask_page(url, record)
            body = read_body(answer)
            text = text_of(answer, body)
            self._describe(record, url, final, answer, text, body[:65536])
            if answer.status < 400 and answer.content_type in ("text/html", "application/xhtml+xml"):
                page = read_page(text, url, final, self._askers[0].look_at_clock)
                record["title"] = printable(page.found.title)
                record["meta_csp"] = [policy[:MAX_VALUE] for policy in page.found.policies]
                self._load_references(record, page.base, page.document, page.references)
        except DeadlineError:
            record["error"] = record["error"] or TOO_LATE
        except (EncodingError, OSError, TransportError, ValueError) as error:
            record["error"] = str(error) or type(error).__name__
        return record

    def _ask_page(self, url: Url, record: Record) -> tuple[Answer, Url]:
        """Ask for a page; once more and slowly, where a limit is in the way."""
        headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        found: list[tuple[Answer, Url]] = []

        def ask(_item: Url) -> bool:
            found.append(follow(self._askers[0], self._places, url, headers))
            return found[-1][0].status not in LIMITED

        if not ask(url):
            read_body(found[-1][0])
            relieved, _left = ask_again([url], ask, self._deadline)
            record["paced"] = bool(relieved)
            if not relieved:
                ask(url)
        return found[-1]

    def _describe(self, record: Record, url: Url, final: Url, answer: Answer, text: str, start: bytes) -> None:
        record["status"] = answer.status
        record["content_type"] = answer.content_type
        record["headers"] = page_headers(answer)
        record["server"] = who_answered(answer.status, flat_headers(answer), start)
        record["redirected_to"] = "" if final == url else str(final)
        record["login"] = is_login(url, final)
        if answer.status >= 400:
            record["title"] = error_title(text)
            record["error_text"] = shown_exception(text)

    def _load_references(self, record: Record, base: Url, document: Document, references: t.Sequence[Reference]) -> None:
        """Ask for what a page refers to, and for what that refers to, wave by wave."""
        waiting: collections.deque[tuple[Record, Wanted]] = collections.deque()
        seen: set[tuple[str, ...]] = set()
        self._note(record, waiting, seen, base, references, record["url"], document)
        asked = 0
        while waiting:
            wave = list(waiting)
            waiting.clear()
            new = [(entry, wanted) for entry, wanted in wave if wanted.key not in self._known]
            fast, slow = new[: max(0, AT_ONCE - asked)], new[max(0, AT_ONCE - asked) :]
            asked += len(new)
            self._fetch(fast, CONNECTIONS)
            self._fetch(slow, 1)
            self._fetch_refused(record, new)
            for entry, wanted in wave:
                found = self._known.get(wanted.key)
                if found is None:
                    entry["error"] = SILENT if self._patience.is_over else TOO_LATE
                    continue
                entry.update(found.facts)
                self._note(record, waiting, seen, found.final, found.references, str(wanted.url), document)

    def _note(
        self,
        record: Record,
        waiting: collections.deque[tuple[Record, Wanted]],
        seen: set[tuple[str, ...]],
        base: Url,
        references: t.Sequence[Reference],
        named_by: str,
        document: Document,
    ) -> None:
        for reference in references:
            if NOT_FETCHED.match(reference.url.strip()):
                continue
            entry = unasked(reference, named_by)
            wanted: Wanted | None = None
            key: tuple[str, ...] = (reference.url, reference.kind)
            try:
                url = join(base, reference.url)
            except UrlError as error:
                if _other_scheme(reference.url):
                    continue
                entry["error"] = f"it {error}"
            else:
                wanted = Wanted(url, reference.kind, named_by, document, reference.integrity, reference.cors)
                key = wanted.key
                entry["url"] = str(url)[:MAX_URL]
            if key in seen:
                continue
            seen.add(key)
            if self._left <= 0:
                record["references_left"] += 1
                continue
            self._left -= 1
            record["references"].append(entry)
            if wanted is not None:
                self._place(record, waiting, entry, wanted)

    def _place(self, record: Record, waiting: collections.deque[tuple[Record, Wanted]], entry: Record, wanted: Wanted) -> None:
        """Note where an address lies, and have it asked for where this machine serves it."""
        origin = wanted.url.origin
        entry["mixed"] = wanted.document.origin.scheme == "https" and origin.scheme == "http"
        entry["cors"] = unasked_by_cors(wanted)
        entry["place"] = "own" if origin == wanted.document.origin else "served" if self._places.serves(origin) else "foreign"
        if entry["mixed"]:
            record["mixed"].append(entry["url"])
        elif entry["place"] == "foreign":
            record["foreign"].append(entry["url"])
        else:
            waiting.append((entry, wanted))

    def _fetch(self, jobs: t.Sequence[tuple[Record, Wanted]], connections: int) -> None:
        """Ask for these over so many connections at once."""
        queue = collections.deque(jobs)

        def work(asker: Asker) -> None:
            while not self._patience.is_over:
                try:
                    _entry, wanted = queue.popleft()
                except IndexError:
                    return
                began = time.monotonic()
                try:
                    found = self._known[wanted.key] = fetch(asker, self._places, wanted)
                except DeadlineError:
                    return
                self._patience.note(found.facts["status"], time.monotonic() - began)

        if jobs:
            with ThreadPoolExecutor(connections) as pool:
                list(pool.map(work, self._askers[:connections]))

    def _fetch_refused(self, record: Record, jobs: t.Sequence[tuple[Record, Wanted]]) -> None:
        """Ask once more, slowly, for what a limit may have refused when it was asked for fast."""
        known = [wanted for _entry, wanted in jobs if wanted.key in self._known]
        refused = [wanted for wanted in known if _is_refused(self._known[wanted.key])]

        def ask(wanted: Wanted) -> bool:
            try:
                found = fetch(self._askers[0], self._places, wanted)
            except DeadlineError:
                return False
            if _is_refused(found):
                return False
            self._known[wanted.key] = found._replace(facts={**found.facts, "limited": True})
            return True

        relieved, left = ask_again(refused, ask, self._deadline)
        record["limited"] += len(relieved)
        record["limited_urls"] += [str(wanted.url) for wanted in relieved]
        for wanted in left:
            found = self._known[wanted.key]
            self._known[wanted.key] = found._replace(facts={**found.facts, "status": None, "error": LEFT})


def _other_scheme(address: str) -> bool:
    """Tell whether a server has no part in an address, as in those of browser extensions and apps."""
    scheme, colon, _rest = address.strip().partition(":")
    return bool(colon) and scheme.replace("-", "").replace("+", "").isalnum() and scheme.lower() not in ("http", "https")


def _is_refused(found: Found) -> bool:
    return is_limited(found.facts["status"], found.facts["server"]) or found.facts["error"] in CLOSED
