# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole proof: pages, files, names that must not exist, and what must not be served, asked of a site within a deadline."""

from __future__ import annotations

import contextlib
import dataclasses
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, DeadlineError, Route, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_batch import check_files
from ansible_collections.webops.django.plugins.module_utils.served_files import Expectations, FileResult, check_missing
from ansible_collections.webops.django.plugins.module_utils.served_headers import DEFAULT, check_error, gaps, header_names, page_faults, wanted
from ansible_collections.webops.django.plugins.module_utils.served_pages import Crawl
from ansible_collections.webops.django.plugins.module_utils.served_probe_plan import Probe, plan
from ansible_collections.webops.django.plugins.module_utils.served_probes import Outcome, ask
from ansible_collections.webops.django.plugins.module_utils.served_report import MAX_FAILURES, Failure, failed_message, varied
from ansible_collections.webops.django.plugins.module_utils.served_report_files import report_paths, write_reports
from ansible_collections.webops.django.plugins.module_utils.served_request import (
    Collected,
    Request,
    base_url,
    find_tree,
    page_url,
    parse_route,
    static_url,
    tls_context,
)
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin, Url, printable

DEFAULT_PAGES = ("/", "/admin/login/?next=/admin/")
MISSING = ("webops-no-such-file.css", "webops-no-such-file.0123456789ab.css")
"""Names that nobody has; one looks like a hashed one, for those are cached for longest."""
MAX_FOREIGN = 100


@dataclasses.dataclass
class Proof:
    """What is asked, and what came of it.

    :param collected: None: there is no tree on this host.
    :param headers: by lower-case name what the pages carry and the files must.
    :param unchecked: URLs for which there was no time.
    """

    clients: list[Client]
    base: Url
    static: Url
    collected: Collected | None
    crawl: Crawl
    files: list[FileResult] = dataclasses.field(default_factory=list)
    failures: list[Failure] = dataclasses.field(default_factory=list)
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    header_gaps: list[str] = dataclasses.field(default_factory=list)
    headers_demanded: bool = True
    probes: Outcome = dataclasses.field(default_factory=Outcome)
    unchecked: int = 0

    def ask_pages(self, pages: t.Sequence[Url], required: bool, names: t.Sequence[str]) -> None:
        """Ask for the pages, and learn from the first that answers which headers the files must carry.

        :param names: of those headers, in lower case.
        """
        try:
            for number, page in enumerate(pages):
                # Counted before it is asked for: the deadline may end it in the middle.
                self.unchecked = len(pages) - number
                self.crawl.page(page, required)
            self.unchecked = 0
        except DeadlineError:
            pass
        for url, answer in self.crawl.answers if self.headers_demanded else ():
            self.failures += [Failure(url, expected, got, kind="page") for expected, got in page_faults(names, answer)]
        first = next((answer for _url, answer in sorted(self.crawl.answers, key=lambda pair: pair[1].status != 200)), None)
        if first is not None:
            self.headers = wanted(names, first, self.static.origin == self.base.origin)

    def ask_files(self) -> None:
        """Ask for the collected files."""
        if self.collected:
            demanded = self.headers if self.headers_demanded else {}
            self.files, unchecked = check_files(self.clients, self.collected.tree, self.collected.paths, Expectations(headers=demanded))
            self.failures += [failure for result in self.files for failure in result.failures]
            self.unchecked += unchecked

    def look_for_headers(self) -> None:
        """Where no headers are demanded, see whether a file carries what the pages do: worth a word, and no failure."""
        if self.headers_demanded or not self.headers or not self.collected or not self.collected.paths:
            return
        with contextlib.suppress(DeadlineError):
            tree = self.collected.tree
            url = Url(tree.url.origin, tree.target(self.collected.paths[0]))
            self.header_gaps = [printable(line) for line in gaps(self.clients[0], url, self.headers)]

    def ask_references(self) -> None:
        """Ask for what the pages name."""
        try:
            self.unchecked += self.crawl.fetch_references()
        except DeadlineError:
            self.unchecked += self.crawl.waiting
        self.failures += self.crawl.failures

    def ask_missing(self) -> None:
        """Ask for names that nobody has."""
        for number, name in enumerate(MISSING):
            url = Url(self.static.origin, self.static.path + name)
            try:
                faults = check_missing(self.clients[0], url)
                self.failures += [dataclasses.replace(failure, kind="missing_name") for failure in faults]
                if not faults and self.headers and self.headers_demanded:
                    self.failures += check_error(self.clients[0], url, self.headers)
            except DeadlineError:
                self.unchecked += len(MISSING) - number
                return

    def ask_probes(self) -> None:
        """Ask for what must not be served."""
        probes: list[Probe] = plan(self.static, self.collected.known if self.collected else None, self.crawl.folders(self.static))
        if self.crawl.pages or any(not result.silent for result in self.files):
            self.probes = ask(self.clients, self.static, probes)
        else:
            # Nobody has answered anything so far.
            self.probes.unchecked = len(probes)
        self.failures += self.probes.failures
        self.unchecked += self.probes.unchecked


def check(request: Request, check_mode: bool = False) -> dict[str, t.Any]:
    """Ask for everything, write the reports, and return the module's result.

    :param check_mode: write no reports.
    :raises ExplainedError: something is not served as it must be, or a value is wrong.
    """
    base = base_url(request.base_url)
    static = static_url(request.static_url, base)
    pages = [page_url(page, base) for page in (DEFAULT_PAGES if request.pages is None else request.pages)]
    names = header_names(DEFAULT if request.security_headers is None else request.security_headers)
    reports = report_paths(request.report)
    route, tls = parse_route(request.connect_to), tls_context(request)
    collected = find_tree(request, static)
    deadline, begin = Deadline(request.deadline), time.time()
    clients = [Client(route, deadline, request.timeout, tls) for _number in range(request.connections)]
    proof = Proof(clients, base, static, collected, Crawl(clients[0], {base.origin, static.origin}))
    proof.headers_demanded = request.security_headers is not None
    result: dict[str, t.Any] = {"changed": False, "checked": {}}
    message = ""
    try:
        _say_hello(clients[0], {base.origin, static.origin}, route)
        proof.ask_pages(pages, request.pages is not None, names)
        proof.ask_files()
        proof.look_for_headers()
        proof.ask_references()
        proof.ask_missing()
        if request.probes:
            proof.ask_probes()
        result = _result(proof)
        message = _message(result, proof, deadline)
    except NobodyThereError as error:
        message = str(error)
    finally:
        for client in clients:
            client.close()
    if not check_mode:
        result = _report(reports, request, result, proof.failures, message, begin)
    if message:
        raise ExplainedError(message, **{name: value for name, value in result.items() if result["checked"] or name == "reports"})
    return result


class NobodyThereError(Exception):
    """No connection came about; the message says which."""


def _say_hello(client: Client, origins: t.AbstractSet[Origin], route: Route) -> None:
    for origin in sorted(origins, key=str):
        try:
            client.connect(origin)
        except TransportError as error:
            raise NobodyThereError(
                f"Nothing was asked for, because no connection to {route.describe(origin)} (for {origin}) came about: {error}."
                " Is the web server running, and does it listen there? connect_to says where to connect.",
            ) from error
        except DeadlineError:
            raise NobodyThereError("deadline: the time was over before anything was asked for; give it more seconds.") from None


def _result(proof: Proof) -> dict[str, t.Any]:
    crawl = proof.crawl
    return {
        "changed": False,
        "checked": {
            "files": len(proof.files),
            "files_total": len(proof.collected.known.served) if proof.collected else 0,
            "files_by_nginx": sum(result.by_nginx for result in proof.files),
            "files_compressed": sum(bool(result.encodings) for result in proof.files),
            "files_conditional": sum(result.conditional for result in proof.files),
            "files_range": sum(result.range for result in proof.files),
            "pages": len(crawl.pages),
            "references": crawl.references,
            "missing_names": len(MISSING),
            "probes": proof.probes.asked,
            "unchecked": proof.unchecked,
        },
        "failures": [failure.as_dict() for failure in varied(proof.failures)[:MAX_FAILURES]],
        "failure_count": len(proof.failures),
        "pages": crawl.pages,
        "security_headers": {name: printable(value) for name, value in proof.headers.items()},
        "security_header_gaps": proof.header_gaps,
        "foreign_urls": [printable(url) for url in list(crawl.foreign)[:MAX_FOREIGN]],
        "mixed_content": [printable(url) for url in list(crawl.mixed)[:MAX_FOREIGN]],
    }


def _message(result: dict[str, t.Any], proof: Proof, deadline: Deadline) -> str:
    """Return what is wrong, or an empty string."""
    counts = result["checked"]
    checked = sum(counts[name] for name in ("files", "pages", "references", "missing_names"))
    if proof.failures:
        return failed_message(proof.failures, checked, proof.unchecked, counts["probes"])
    if proof.unchecked:
        return (
            f"{proof.unchecked} URLs were not asked for within {deadline.seconds:g} seconds; the {checked} others are served."
            " Give deadline more seconds, or write a smaller max_files."
        )
    return ""


def _report(
    paths: t.Mapping[str, str], request: Request, result: dict[str, t.Any], failures: t.Sequence[Failure], message: str, begin: float
) -> dict[str, t.Any]:
    """Write the reports; return the result with their paths.

    :raises ExplainedError: one cannot be written; what the check found comes first in its message.
    """
    if not paths:
        return result
    document = {
        **{name: value for name, value in result.items() if name != "changed"},
        "failures": [failure.as_dict() for failure in failures],
        "ok": not message,
        "message": message,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin)),
        "seconds": round(time.time() - begin, 3),
        **{name: printable(getattr(request, name)) for name in ("base_url", "connect_to", "static_url", "static_path")},
    }
    try:
        write_reports(paths, document)
    except ExplainedError as error:
        raise ExplainedError("\n".join(part for part in (message, f"report: {error}") if part), **result) from error
    return {**result, "reports": dict(paths)}
