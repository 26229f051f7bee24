# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes as plain data, in rounds: each tells which paths must be looked at before the next one can decide more."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import (
    Configuration,
    Directive,
    Location,
    from_dump,
    read_configuration,
)
from ansible_collections.webops.django.plugins.plugin_utils.nginx_connection import connection_to
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route

TEXT = "/etc/nginx/nginx.conf"
"""The name of a configuration that is given as a text."""
ROUNDS = 12
"""Looks at the host at most: each internal redirect may want another one."""


def configuration_of(text: str) -> Configuration:
    """Read a configuration from a text: a dump of ``nginx -T``, or one file. What stands in no ``http`` block is put into one.

    :raises ExplainedError: it cannot be read.
    """
    if text.lstrip().startswith("# configuration file ") or "\n# configuration file " in text:
        files, main = from_dump(text)
        return read_configuration(files, main)
    configuration = read_configuration({TEXT: text}, TEXT)
    if not configuration.servers:
        configuration = read_configuration({TEXT: f"http {{ {text}\n}}"}, TEXT)
    if not configuration.servers:
        raise ExplainedError("The configuration holds no server block, so that no URL can be followed.")
    return configuration


def check_urls(urls: t.Sequence[str]) -> None:
    """Make sure that all are URLs.

    :raises ExplainedError: one is none.
    """
    if not urls:
        raise ExplainedError("urls is empty; name at least one, such as https://shop.example.com/static/a.css.")
    for url in urls:
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            good = False
        if not good:
            raise ExplainedError(f"{url!r} is no URL; write one with scheme and host name, such as https://shop.example.com/static/a.css.")


def check_client(client: str | None) -> None:
    """Make sure that a client is an address.

    :raises ExplainedError: it is none.
    """
    try:
        connection_to(None, 80, client)
    except ValueError as error:
        raise ExplainedError(f"client: {error}; write an address such as 192.0.2.1, or unix: for the other end of a socket.") from error


def follow(
    configuration: Configuration,
    urls: t.Sequence[str],
    address: str | None,
    port: int | None,
    look: t.Callable[[list[str]], t.Mapping[str, str]],
    client: str | None = None,
) -> list[dict[str, t.Any]]:
    """Follow URLs until nothing is wanted that the host can tell.

    :param look: tells what lies at paths.
    """
    kinds: dict[str, str] = {}
    resolver = Resolver(configuration, kinds.get)
    for _round in range(ROUNDS):
        routes = [resolver.route(url, address=address, port=port, client=client) for url in urls]
        wanted = sorted({path for route in routes for path in (*route.wants, *filter(None, [route.path])) if path not in kinds})
        if not wanted:
            break
        told = look(wanted)
        kinds.update({path: told.get(path, "") for path in wanted})
    return [told_of(url, route) for url, route in zip(urls, routes, strict=True)]


def told_of(url: str, route: Route) -> dict[str, t.Any]:
    """Return a route as plain data."""
    server, location, mapping = route.server, route.location, route.mapping
    return {
        "url": url,
        "server": {"names": list(server.names), "file": server.file, "line": server.line, "reason": route.server_reason} if server else None,
        "location": dict(_of_location(location), reason=route.location_reason) if location else None,
        "considered": [dict(_of_location(loser), why_not=why) for loser, why in route.losers],
        "outcome": route.outcome,
        "if_admitted": route.if_admitted,
        "refusal": _of_directive(route.refusal) if route.refusal else None,
        "handler": route.handler,
        "upstreams": list(route.upstreams),
        "path": route.path,
        "mapping": {"directive": mapping.directive, "argument": mapping.argument, "file": mapping.file, "line": mapping.line} if mapping else None,
        "tries": [{"argument": argument, "path": path, "kind": kind} for argument, path, kind in route.tries],
        "status": route.status,
        "undecided": [{"directive": directive, "file": file, "line": line, "why": why} for directive, file, line, why in route.undecided],
        "steps": list(route.steps),
    }


def _of_directive(item: Directive) -> dict[str, t.Any]:
    return {"directive": str(item), "file": item.file, "line": item.line}


def _of_location(location: Location) -> dict[str, t.Any]:
    return {"modifier": location.modifier, "pattern": location.pattern, "file": location.file, "line": location.line}
