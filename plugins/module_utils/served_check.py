# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole proof: files, names that must not exist, and pages, asked of a site within a deadline."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, DeadlineError, Route, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_batch import check_files
from ansible_collections.webops.django.plugins.module_utils.served_files import FileResult, check_missing
from ansible_collections.webops.django.plugins.module_utils.served_pages import Crawl
from ansible_collections.webops.django.plugins.module_utils.served_report import MAX_FAILURES, Failure, failed_message
from ansible_collections.webops.django.plugins.module_utils.served_request import (
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


def check(request: Request) -> dict[str, t.Any]:
    """Ask for everything and return the module's result.

    :raises ExplainedError: something is not served as it must be, or a value is wrong.
    """
    base = base_url(request.base_url)
    static = static_url(request.static_url, base)
    tree, paths, total = find_tree(request, static)
    pages = [page_url(page, base) for page in (DEFAULT_PAGES if request.pages is None else request.pages)]
    route = parse_route(request.connect_to)
    deadline = Deadline(request.deadline)
    tls = tls_context(request)
    clients = [Client(route, deadline, request.timeout, tls) for _number in range(request.connections)]
    try:
        _say_hello(clients[0], {base.origin, static.origin}, route)
        files, unchecked = check_files(clients, tree, paths) if tree else ([], 0)
        crawl = Crawl(clients[0], {base.origin, static.origin})
        unchecked += _crawl(crawl, pages, required=request.pages is not None)
        failures = [failure for result in files for failure in result.failures] + crawl.failures
        missing, more = _check_missing(clients[0], static)
        failures += missing
        unchecked += more
    finally:
        for client in clients:
            client.close()
    result = _result(files, total, crawl, failures, unchecked)
    if failures or unchecked:
        raise ExplainedError(_message(result, failures, unchecked, deadline), **result)
    return result


def _say_hello(client: Client, origins: t.AbstractSet[Origin], route: Route) -> None:
    for origin in sorted(origins, key=str):
        try:
            client.connect(origin)
        except TransportError as error:
            raise ExplainedError(
                f"Nothing was asked for, because no connection to {route.describe(origin)} (for {origin}) came about: {error}."
                " Is the web server running, and does it listen there? connect_to says where to connect.",
            ) from error
        except DeadlineError:
            raise ExplainedError("deadline: the time was over before anything was asked for; give it more seconds.") from None


def _crawl(crawl: Crawl, pages: t.Sequence[Url], required: bool) -> int:
    """Ask for the pages and their references; return for how many there was no time."""
    todo = list(pages)
    try:
        while todo:
            crawl.page(todo[0], required)
            todo.pop(0)
        return crawl.fetch_references()
    except DeadlineError:
        return len(todo) + crawl.waiting


def _check_missing(client: Client, static: Url) -> tuple[list[Failure], int]:
    failures: list[Failure] = []
    for number, name in enumerate(MISSING):
        try:
            failures += check_missing(client, Url(static.origin, static.path + name))
        except DeadlineError:
            return failures, len(MISSING) - number
    return failures, 0


def _result(files: t.Sequence[FileResult], total: int, crawl: Crawl, failures: t.Sequence[Failure], unchecked: int) -> dict[str, t.Any]:
    return {
        "changed": False,
        "checked": {
            "files": len(files),
            "files_total": total,
            "files_by_nginx": sum(result.by_nginx for result in files),
            "files_compressed": sum(result.encoded for result in files),
            "pages": len(crawl.pages),
            "references": crawl.references,
            "missing_names": len(MISSING),
            "unchecked": unchecked,
        },
        "failures": [failure.as_dict() for failure in failures[:MAX_FAILURES]],
        "failure_count": len(failures),
        "pages": crawl.pages,
        "foreign_urls": [printable(url) for url in list(crawl.foreign)[:MAX_FOREIGN]],
        "mixed_content": [printable(url) for url in list(crawl.mixed)[:MAX_FOREIGN]],
    }


def _message(result: dict[str, t.Any], failures: t.Sequence[Failure], unchecked: int, deadline: Deadline) -> str:
    counts = result["checked"]
    checked = counts["files"] + counts["pages"] + counts["references"] + counts["missing_names"]
    if not failures:
        return (
            f"{unchecked} URLs were not asked for within {deadline.seconds:g} seconds; the {checked} others are served."
            " Give deadline more seconds, or write a smaller max_files."
        )
    return failed_message(failures, checked, unchecked)
