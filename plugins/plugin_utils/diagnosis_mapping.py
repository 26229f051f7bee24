# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which path a location makes of a URI by ``root`` or ``alias`` alone, and which one it would make if it were written otherwise.

``root`` puts the whole URI behind the folder; ``alias`` puts what follows the location's prefix behind it, with nothing in between
(https://nginx.org/en/docs/http/ngx_http_core_module.html#alias).
"""

from __future__ import annotations

import contextlib
import os
import re
import typing as t
from urllib.parse import unquote, urlsplit

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Location
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, search


class Alternative(t.NamedTuple):
    """A path that another spelling would lead to.

    :ivar code: the cause that this spelling mends; empty for the path as it is.
    :ivar line: the directive that would have to stand there.
    """

    code: str
    path: str
    line: str


def uri_of(url: str) -> str:
    """Return the decoded path of a URL."""
    return unquote(urlsplit(url).path, errors="surrogateescape")


def is_prefix(location: Location) -> bool:
    """Tell whether a location is chosen by a prefix, and not by a pattern or a name."""
    return location.modifier in ("", "^~", "=")


def is_for_static(location: Location | None) -> bool:
    """Tell whether a location was made for certain URLs, and not for all."""
    return location is not None and not (is_prefix(location) and location.pattern == "/")


def plain_path(route: Route, url: str) -> str:
    """Return the path that the chosen location's ``root`` or ``alias`` makes of a URL, before try_files; empty where none does."""
    mapping, location = route.mapping, route.location
    if mapping is None:
        return ""
    if route.outcome == "file" and route.path and not route.tries:
        # A rewrite may have changed the URI.
        return route.path
    if mapping.directive == "root":
        return mapping.folder.rstrip("/") + uri_of(url)
    if location is not None and is_prefix(location):
        return mapping.folder + uri_of(url)[len(location.pattern) :]
    return route.path or ("" if "$" in mapping.folder else mapping.folder)


def direct_path(route: Route, url: str) -> str:
    """Return the path that ``root`` or ``alias`` would make of a URL if no ``rewrite`` changed it; empty where that cannot be said."""
    mapping, location = route.mapping, route.location
    if mapping is None or (mapping.directive == "alias" and (location is None or not is_prefix(location))):
        return ""
    if mapping.directive == "root":
        return mapping.folder.rstrip("/") + uri_of(url)
    return mapping.folder + uri_of(url)[len(location.pattern) :] if location is not None else ""


def rewriting(route: Route) -> Directive | None:
    """Return the ``rewrite`` that has changed the URI; None if none has."""
    blocks = [block for block in (route.block, route.location, route.server) if block is not None]
    waiting = [item for block in blocks for item in block.rewrites]
    while waiting:
        item = waiting.pop(0)
        if item.name == "rewrite" and any(f"{item} ({item.file}:{item.line})" in step for step in route.steps):
            return item
        waiting += item.block or []
    return None


def mapped_by(location: Location, url: str) -> str:
    """Return the path that a location, would it be chosen, makes of a URL; empty where that cannot be said."""
    mapping, uri = location.mapping, uri_of(url)
    if mapping is None:
        return ""
    captures: dict[str, str] | None = {}
    if is_prefix(location):
        captures = {} if uri.startswith(location.pattern) else None
    else:
        with contextlib.suppress(PatternError):
            captures = search(location.pattern, uri, location.modifier == "~*") if location.modifier in ("~", "~*") else None
    folder = _expanded(mapping.folder, captures) if captures is not None else ""
    if not folder:
        return ""
    if mapping.directive == "root":
        return folder.rstrip("/") + uri
    return folder + (uri[len(location.pattern) :] if is_prefix(location) else "")


def _expanded(text: str, captures: t.Mapping[str, str]) -> str:
    """Put captures into their places; return an empty text where another variable is left."""
    filled = re.sub(r"\$(?:(\d)|\{?(\w+)\}?)", lambda match: captures.get(match.group(1) or match.group(2), match.group(0)), text)
    return "" if "$" in filled else filled


def alternatives(route: Route, url: str) -> list[Alternative]:
    """Return the paths that the usual mistakes in writing ``root`` and ``alias`` would be mended to, the smallest change first."""
    mapping, location = route.mapping, route.location
    if mapping is None:
        return []
    uri = uri_of(url)
    folder = mapping.folder
    direct = direct_path(route, url)
    if direct and direct != plain_path(route, url) and rewriting(route) is not None:
        return [Alternative("alias_root_confusion", direct, "")]
    if mapping.directive == "root":
        rest = _rest(location, uri)
        return [Alternative("alias_root_confusion", os.path.join(folder, rest), alias_line(location, folder))] if rest is not None else []
    if location is None or not is_prefix(location):
        return []
    found = []
    if location.pattern.endswith("/") and not folder.endswith("/"):
        found.append(Alternative("alias_missing_trailing_slash", f"{folder}/{uri[len(location.pattern) :]}", f"alias {folder}/;"))
    return [*found, Alternative("alias_root_confusion", folder.rstrip("/") + uri, f"root {folder.rstrip('/')};")]


def alias_line(location: Location | None, folder: str) -> str:
    """Return the alias that leads from a location to a folder: with a slash at its end if the location has one, and else without.

    With one behind a location without one, ``/static../`` would leave the folder.
    """
    slash = "" if location is not None and is_prefix(location) and not location.pattern.endswith("/") else "/"
    return f"alias {folder.rstrip('/')}{slash};"


def _rest(location: Location | None, uri: str) -> str | None:
    """Return what follows the location's prefix; of a server's own ``root``, what follows the first folder of the URI."""
    if location is not None and is_prefix(location) and location.pattern != "/":
        return uri[len(location.pattern) :].lstrip("/")
    head, slash, rest = uri.lstrip("/").partition("/")
    return rest if slash and head else None


def leaves_folder(location: Location) -> bool:
    """Tell whether ``<location>../`` leads out of the folder that an alias names.

    The prefix without its last slash also matches ``/static../``; what follows it, ``../``, is then put behind the alias's slash.
    """
    mapping = location.mapping
    return bool(
        mapping
        and mapping.directive == "alias"
        and location.modifier in ("", "^~")
        and not location.pattern.endswith("/")
        and mapping.argument.endswith("/")
    )
