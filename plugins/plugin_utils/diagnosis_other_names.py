# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One application under several names: a server block that serves static files another way than the first is followed as a site of its own.

Somebody adds a second domain, or the block for https, and forgets the location for static files: under the first name all is well.
"""

from __future__ import annotations

import os
import typing as t
from urllib.parse import urljoin, urlsplit

from ansible_collections.webops.django.plugins.plugin_utils import diagnosis_servers as servers
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_endpoints import DEFAULT_PORTS, address_of, client_of, endpoint
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route

Document = t.Mapping[str, t.Any]
SAMPLES = 6
"""Files by whose way two blocks are compared, each of another extension."""
MOST = 8
"""Blocks of one application that are followed, each with all its files."""


def other_blocks(application: Document, configuration: Configuration, blocks: t.Sequence[ServerBlock], evidence: Document) -> list[ServerBlock]:
    """Return the blocks, besides the first, by whose names people get the application's static files another way than by those before.

    What lies on the host's disk plays no part, so that the answer is the same however much was looked at.
    """
    static = application.get("static") or {}
    if len(blocks) < 2 or evidence.get("options", {}).get("base_url") or not static or urlsplit(static.get("static_url") or "").hostname:
        return []
    resolver = Resolver(configuration)
    paths = _paths(application)
    known = {_way(resolver, configuration, blocks[0], paths, static, evidence)}
    found = []
    for block in blocks[1:]:
        way = _way(resolver, configuration, block, paths, static, evidence) if _is_public(block, static) else None
        if way is not None and way not in known:
            known.add(way)
            found.append(block)
    return found[:MOST]


def _is_public(block: ServerBlock, static: Document) -> bool:
    """Tell whether browsers ask for a block: by a name that the application admits, on a usual port."""
    names = [name.lstrip(".").lower() for name in block.names]
    ports = {listen.port for listen in block.listens}
    return bool(ports & set(DEFAULT_PORTS.values())) and any(servers.is_public(name) and servers.allows(static, name) for name in names)


def _paths(application: Document) -> list[str]:
    chosen: dict[str, str] = {}
    for item in application.get("sample") or ():
        chosen.setdefault(os.path.splitext(item["path"])[1], item["path"])
    return list(chosen.values())[:SAMPLES]


def _way(
    resolver: Resolver, configuration: Configuration, block: ServerBlock, paths: t.Sequence[str], static: Document, evidence: Document
) -> tuple[t.Any, ...] | None:
    """Return what tells two ways apart; None where nobody comes to the block, or it only sends clients on."""
    connect, base = endpoint(block, static, evidence, configuration)
    if connect is None:
        return None
    told: list[t.Any] = []
    for path in paths:
        url = urljoin(base, (static.get("static_url") or "/static/").rstrip("/") + "/" + path)
        route = resolver.route(url, address=address_of(connect), port=connect.get("port"), client=client_of(connect, evidence["host"]))
        if route.server is not block or route.outcome == "redirect" or (route.outcome == "return" and (route.status or 0) // 100 == 3):
            return None
        told.append(_of(route))
    return tuple(told) or None


def _of(route: Route) -> tuple[t.Any, ...]:
    mapping = route.mapping
    if route.outcome == "proxy":
        return ("proxy", *route.upstreams)
    return (route.outcome, route.status, mapping and (mapping.directive, mapping.folder), route.location and route.location.pattern, len(route.tries))
