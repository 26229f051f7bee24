# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole proof: files, names that must not exist, and pages, asked of a site within a deadline."""

from __future__ import annotations

import dataclasses
import os
import re
import ssl
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.http_client import Client, Deadline, DeadlineError, Route, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_files import FileResult, Tree, check_file, check_missing
from ansible_collections.webops.django.plugins.module_utils.served_pages import Crawl
from ansible_collections.webops.django.plugins.module_utils.served_report import MAX_FAILURES, Failure, failed_message
from ansible_collections.webops.django.plugins.module_utils.served_tree import MANIFEST, hashed_names, list_files, sample
from ansible_collections.webops.django.plugins.module_utils.web_urls import Origin, Url, UrlError, join, parse_url, printable

DEFAULT_PAGES = ("/", "/admin/login/?next=/admin/")
MISSING = ("webops-no-such-file.css", "webops-no-such-file.0123456789ab.css")
"""Names that nobody has; one looks like a hashed one, for those are cached for longest."""
MAX_FOREIGN = 100
GIVE_UP = 20
"""Files in a row, over all connections, after whose silence the rest is not asked for."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be proven; the module's options under the same names.

    :param static_path: empty: there is no tree on this host.
    :param pages: None: the default ones, which need not exist.
    :param connections: asked over at the same time.
    """

    base_url: str
    connect_to: str
    static_url: str
    static_path: str
    manifest: str
    pages: list[str] | None
    max_files: int
    connections: int
    timeout: float
    deadline: float
    validate_certs: bool
    ca_path: str


def check(request: Request) -> dict[str, t.Any]:
    """Ask for everything and return the module's result.

    :raises ExplainedError: something is not served as it must be, or a value is wrong.
    """
    base = _url("base_url", request.base_url)
    static = _static_url(request.static_url, base)
    tree, paths, total = _tree(request, static)
    route = parse_route(request.connect_to)
    deadline = Deadline(request.deadline)
    tls = _tls(request)
    clients = [Client(route, deadline, request.timeout, tls) for _number in range(request.connections)]
    try:
        _say_hello(clients[0], {base.origin, static.origin}, route)
        files, unchecked = check_files(clients, tree, paths) if tree else ([], 0)
        crawl = Crawl(clients[0], {base.origin, static.origin})
        unchecked += _crawl(crawl, request.pages, base)
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


def _url(option: str, text: str) -> Url:
    try:
        return parse_url(text)
    except UrlError as error:
        raise ExplainedError(f"{option}: {printable(text)!r} {error}; write something like http://shop.example.com.") from error


def _static_url(text: str, base: Url) -> Url:
    try:
        url = join(base, text)
    except UrlError as error:
        raise ExplainedError(f"static_url: {printable(text)!r} {error}; write what Django's STATIC_URL evaluates to, such as /static/.") from error
    if not url.target.endswith("/"):
        raise ExplainedError(
            f"static_url: {printable(text)!r} must end with a slash, as Django's STATIC_URL does; write {printable(text)!r} with one."
        )
    return url


def _tree(request: Request, static: Url) -> tuple[Tree | None, list[bytes], int]:
    """Return the tree, the files that will be asked for, and how many there are."""
    if not request.static_path:
        return None, [], 0
    # Resolved once: a release that is switched to meanwhile must not mix with this one.
    root = os.path.realpath(request.static_path)
    if not os.path.isdir(root):
        raise ExplainedError(
            f"static_path: there is no folder {printable(request.static_path)} on this host; name the folder of the collected files,"
            " or leave static_path out where the module does not run on the web server.",
        )
    found = os.path.join(root, MANIFEST)
    manifest = request.manifest or (found if os.path.isfile(found) else "")
    paths = list_files(root)
    return Tree(root, static, hashed_names(manifest)), sample(paths, request.max_files), len(paths)


def parse_route(text: str) -> Route:
    """Read the option connect_to.

    :raises ExplainedError: it is nothing that can be connected to.
    """
    if text == "dns":
        return Route()
    if text.startswith(("/", "unix:/")):
        return Route(socket_path=text[len("unix:") :] if text.startswith("unix:") else text)
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%\w]+)\]|([\w.-]+))(?::(\d{1,5}))?", text)
    if match and int(match.group(3) or 1) in range(1, 65536):
        return Route(match.group(1) or match.group(2), int(match.group(3) or 0))
    if re.fullmatch(r"[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*", text):
        return Route(text)
    raise ExplainedError(
        f"connect_to: {printable(text)!r} is no place to connect to; write an address such as 127.0.0.1, 127.0.0.1:8080, [::1]:80, the path of a unix socket, or dns."
    )


def _tls(request: Request) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=request.ca_path or None)
    except OSError as error:
        raise ExplainedError(f"ca_path: {request.ca_path} cannot be read as certificates: {error.strerror or 'it holds none'}.") from error
    if not request.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


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


def check_files(clients: t.Sequence[Client], tree: Tree, paths: t.Sequence[bytes]) -> tuple[list[FileResult], int]:
    """Ask for files over several connections.

    :returns: what each brought, in the order of the paths; and for how many there was no time.
    """
    results: dict[int, FileResult] = {}
    numbers, lock, silent = iter(range(len(paths))), threading.Lock(), []

    def work(client: Client) -> None:
        while len(silent) < GIVE_UP:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                result = check_file(client, tree, paths[number])
            except DeadlineError:
                return
            results[number] = result
            if result.silent:
                silent.append(number)
            elif not result.failures:
                silent.clear()

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, clients))
    return [results[number] for number in sorted(results)], len(paths) - len(results)


def _crawl(crawl: Crawl, pages: list[str] | None, base: Url) -> int:
    """Ask for the pages and their references; return for how many there was no time."""
    todo = list(DEFAULT_PAGES if pages is None else pages)
    prefix = base.path.rstrip("/")
    try:
        while todo:
            crawl.page(_page_url(todo[0], prefix, base), required=pages is not None)
            todo.pop(0)
        return crawl.fetch_references()
    except DeadlineError:
        return len(todo) + crawl.waiting


def _page_url(page: str, prefix: str, base: Url) -> Url:
    try:
        url = join(base, prefix + page if page.startswith("/") else page)
    except UrlError as error:
        raise ExplainedError(f"pages: {printable(page)!r} {error}; write a path such as /shop/.") from error
    if url.origin != base.origin:
        raise ExplainedError(f"pages: {printable(page)!r} is not on {base.origin}; write a path such as /shop/.")
    return url


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
        return f"{unchecked} URLs were not asked for within {deadline.seconds:g} seconds; the {checked} others are served. Give deadline more seconds, or max_files fewer files."
    return failed_message(failures, checked, unchecked)
