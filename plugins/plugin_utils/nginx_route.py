# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of a URL through a configuration: which server block, location, path or upstream, and why."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_connection import connection_to
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Directive, Location, Mapping, ServerBlock

__all__ = ["Resolver", "Route"]
KindOf = t.Callable[[str], "str | None"]
Undecided = t.Tuple[str, str, int, str]


@dataclasses.dataclass
class Route:
    """What nginx does with a request.

    :ivar server: the server block that answers; None if nobody listens.
    :ivar location: the location that was chosen; None for the server block itself.
    :ivar losers: the other locations that match, and why each lost.
    :ivar outcome: ``file``, ``proxy``, ``return``, ``redirect``, ``denied``, ``none`` or ``unknown``.
    :ivar handler: the directive that answers: ``static``, ``proxy_pass``, ``return``, …
    :ivar upstreams: where the request is passed to.
    :ivar path: the path that nginx opens.
    :ivar mapping: the ``root`` or ``alias`` that made it, or would make it.
    :ivar tries: of try_files: argument, path, and ``file``, ``directory`` or ``fallback``.
    :ivar status: of an answer that the configuration itself gives.
    :ivar undecided: directive, file, line, and why it cannot be decided here.
    :ivar wants: paths of which somebody would have to tell what lies there.
    :ivar steps: the same in sentences.
    :ivar refusal: the directive that refuses, where the outcome is ``denied``.
    :ivar if_admitted: the outcome if the client is let in, where only that is not known; all else is told as if it were.
    :ivar is_missing: whether the file is not there; None where nobody knows.
    :ivar block: where the request ended.
    :ivar error_page: the way that the error page took, where there is one for the status.
    """

    server: ServerBlock | None = None
    server_reason: str = ""
    location: Location | None = None
    location_reason: str = ""
    losers: list[tuple[Location, str]] = dataclasses.field(default_factory=list)
    outcome: str = "none"
    handler: str = ""
    upstreams: list[str] = dataclasses.field(default_factory=list)
    path: str | None = None
    mapping: Mapping | None = None
    tries: list[tuple[str, str | None, str]] = dataclasses.field(default_factory=list)
    status: int | None = None
    undecided: list[Undecided] = dataclasses.field(default_factory=list)
    wants: list[str] = dataclasses.field(default_factory=list)
    steps: list[str] = dataclasses.field(default_factory=list)
    block: Block | None = None
    error_page: Route | None = None
    refusal: Directive | None = None
    if_admitted: str = ""
    is_missing: bool | None = False

    def effective(self, name: str) -> list[Directive]:
        """Return the directives of a name that are in effect where the request ended."""
        return self.block.effective(name) if self.block else []


class Resolver:
    """Routes URLs through a configuration.

    :param kind_of: tells what lies at a path: ``file``, ``directory``, ``""`` for nothing, None where that is not known.
    """

    def __init__(self, configuration: Configuration, kind_of: KindOf | None = None) -> None:
        self._configuration = configuration
        self._kind_of = kind_of or (lambda _path: None)

    def route(
        self, url: str, address: str | None = None, port: int | None = None, server: ServerBlock | None = None, client: str | None = None
    ) -> Route:
        """Return the way of a GET request.

        :param url: absolute; its host is the Host header.
        :param address: that the connection goes to; ``unix:/path`` for a socket.
        :param port: that the connection goes to; by default the URL's.
        :param server: a server block that is taken for the chosen one.
        :param client: address that the connection comes from; by default the host's own, if it goes to a loopback address or a socket, else unknown.
        """
        from ansible_collections.webops.django.plugins.plugin_utils.nginx_request import Request

        try:
            parts = urlsplit(url)
        except ValueError as error:
            return Route(outcome="unknown", undecided=[(url, "", 0, f"this is no URL: {error}")])
        try:
            port = port or parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            port = port or 80
        try:
            to = connection_to(address, port, client)
        except ValueError as error:
            return Route(outcome="unknown", undecided=[(url, "", 0, str(error))])
        return Request(self._configuration, self._kind_of, parts, to, url.partition("#")[0].endswith("?")).run(server)
