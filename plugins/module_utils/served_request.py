# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a check: read, and turned into what is to be asked."""

from __future__ import annotations

import dataclasses
import os
import re
import ssl
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.http_client import Route
from ansible_collections.webops.django.plugins.module_utils.served_files import Tree
from ansible_collections.webops.django.plugins.module_utils.served_leaks import PRIVATE_ENDINGS, START, what_leaked
from ansible_collections.webops.django.plugins.module_utils.served_probe_plan import Known
from ansible_collections.webops.django.plugins.module_utils.served_tree import MANIFEST, hashed_names, read_tree, sample
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url, UrlError, join, parse_url, printable


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be proven; the module's options under the same names.

    :param static_path: empty: there is no tree on this host.
    :param pages: None: the default ones, which need not exist.
    :param security_headers: names of those that every file must carry as the pages do; None: the default ones are only looked for.
    :param probes: whether to ask for what must not be served.
    :param report: paths by format.
    :param connections: asked over at the same time.
    """

    base_url: str
    connect_to: str
    static_url: str
    static_path: str
    manifest: str
    pages: list[str] | None
    security_headers: list[str] | None
    probes: bool
    report: dict[str, str | None] | None
    max_files: int
    connections: int
    timeout: float
    deadline: float
    validate_certs: bool
    ca_path: str


class Collected(t.NamedTuple):
    """A collected tree on this host.

    :param tree: where it lies and is served.
    :param paths: those that will be asked for.
    :param known: all of its files.
    """

    tree: Tree
    paths: list[bytes]
    known: Known


def base_url(text: str) -> Url:
    """Read the option base_url.

    :raises ExplainedError: it is no URL.
    """
    try:
        return parse_url(text)
    except UrlError as error:
        raise ExplainedError(f"base_url: {printable(text)!r} {error}; write something like http://shop.example.com.") from error


def static_url(text: str, base: Url) -> Url:
    """Read the option static_url; a relative one is below the site's path, as Django puts it behind the script's name.

    :raises ExplainedError: it is no URL, or no folder's.
    """
    try:
        url = join(Url(base.origin, base.path.rstrip("/") + "/"), text)
    except UrlError as error:
        raise ExplainedError(f"static_url: {printable(text)!r} {error}; write what Django's STATIC_URL evaluates to, such as /static/.") from error
    if not url.target.endswith("/") or url.target != url.path:
        raise ExplainedError(f"static_url: {printable(text)!r} must end with a slash, as Django's STATIC_URL does; write it with one.")
    return url


def find_tree(request: Request, static: Url) -> Collected | None:
    """Return the tree and the files that will be asked for; None where the request names no tree.

    :raises ExplainedError: there is no such tree, or it cannot be read.
    """
    if not request.static_path:
        return None
    # Resolved once: a release that is switched to meanwhile must not mix with this one.
    root = os.path.realpath(request.static_path)
    if not os.path.isdir(root):
        raise ExplainedError(
            f"static_path: there is no folder {printable(request.static_path)} on this host; name the folder of the collected files,"
            " or leave static_path out where the module does not run on the web server.",
        )
    found = os.path.join(root, MANIFEST)
    manifest = request.manifest or (found if os.path.isfile(found) else "")
    listing = read_tree(root)
    private = [path for path in listing.served if path.endswith(PRIVATE_ENDINGS) and _is_private(root, path)]
    withheld = {*listing.hidden, *private}
    served = [path for path in listing.served if path not in withheld] if private else listing.served
    known = Known(root, request.static_path, served, sorted(withheld))
    return Collected(Tree(root, static, hashed_names(manifest)), sample(served, request.max_files), known)


def _is_private(root: str, path: bytes) -> bool:
    """Tell whether a collected file is none that anybody publishes on purpose, as the project's own settings are."""
    try:
        with open(os.path.join(os.fsencode(root), path), "rb") as file:
            return bool(what_leaked(path, file.read(START)))
    except OSError:
        return False


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
    if re.fullmatch(r"[0-9A-Fa-f:]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*", text):
        return Route(text)
    raise ExplainedError(
        f"connect_to: {printable(text)!r} is no place to connect to;"
        " write an address such as 127.0.0.1, 127.0.0.1:8080, [::1]:80, the path of a unix socket, or dns."
    )


def tls_context(request: Request) -> ssl.SSLContext:
    """Return the settings for https, for all clients.

    :raises ExplainedError: ca_path holds no certificates.
    """
    try:
        context = ssl.create_default_context(cafile=request.ca_path or None)
    except OSError as error:
        raise ExplainedError(f"ca_path: {request.ca_path} cannot be read as certificates: {error.strerror or 'it holds none'}.") from error
    if not request.validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def page_url(page: str, base: Url) -> Url:
    """Return a page's URL; a path is put behind the path of the site.

    :raises ExplainedError: it is no page of this site.
    """
    try:
        url = join(base, base.path.rstrip("/") + page if page.startswith("/") else page)
    except UrlError as error:
        raise ExplainedError(f"pages: {printable(page)!r} {error}; write a path such as /shop/.") from error
    if url.origin != base.origin:
        raise ExplainedError(f"pages: {printable(page)!r} is not on {base.origin}; write a path such as /shop/.")
    return url
