# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``, continued: a location that passes requests to another server block of the same nginx."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import is_prefix, uri_of
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import leads_to
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route

MOST = 3
"""Blocks that a request is followed through: a block that passes requests to itself would be followed for ever."""


def own_block(site: SiteView, route: Route) -> ServerBlock | None:
    """Return the server block of this nginx that a request is passed to; None where it goes elsewhere, or to the application."""
    if route.outcome != "proxy" or route.handler != "proxy_pass" or site.configuration is None or len(route.upstreams) != 1:
        return None
    upstream = route.upstreams[0]
    if leads_to(upstream, site.application, site.evidence):
        return None
    for server in site.configuration.servers:
        binds = [{"unix": listen.unix} if listen.unix else {"address": listen.address, "port": listen.port} for listen in server.listens]
        if server is not route.server and leads_to(upstream, {"binds": binds}, site.evidence):
            return server
    return None


def followed(site: SiteView, route: Route, url: str) -> Route:
    """Return the way of a request through the server blocks of this nginx that pass it on to one another."""
    for _number in range(MOST):
        if site.resolver is None or own_block(site, route) is None:
            break
        uri = _uri(route, url)
        if uri is None:
            break
        upstream = route.upstreams[0]
        unix = upstream.startswith("unix:")
        address, _colon, port = upstream.rpartition(":")
        after = site.resolver.route(
            f"http://{_host(route, url, upstream)}{uri}",
            address=upstream if unix else address.strip("[]").replace("localhost", "127.0.0.1"),
            port=None if unix else int(port) if port.isdigit() else 80,
        )
        after.steps = [*route.steps, *after.steps]
        after.undecided = [*route.undecided, *after.undecided]
        route = after
    return route


def shortened_uri(route: Route, url: str, prefix: str) -> str:
    """Return the URI that a location for static files sends on, where its proxy_pass takes the prefix away; empty where it does not."""
    location = route.location
    if route.outcome != "proxy" or route.handler != "proxy_pass" or location is None or location.pattern.rstrip("/") != prefix.rstrip("/"):
        return ""
    uri = _uri(route, url)
    return uri if uri and not uri.startswith(prefix) else ""


def _host(route: Route, url: str, upstream: str) -> str:
    """Return the Host header that is sent on; by default that of proxy_pass itself ($proxy_host)."""
    for item in route.effective("proxy_set_header"):
        if item.arguments[:1] and item.arguments[0].lower() == "host" and item.arguments[1:]:
            value = item.arguments[1]
            own = url.partition("://")[2].partition("/")[0]
            return own if value in ("$host", "$http_host") else value if "$" not in value else "localhost"
    return "localhost" if upstream.startswith("unix:") else upstream


def _uri(route: Route, url: str) -> str | None:
    """Return the URI that is sent on: proxy_pass with a path puts it in the place of the location's prefix. None where nobody can tell."""
    given = route.effective("proxy_pass")
    argument = given[-1].arguments[0] if given and given[-1].arguments else ""
    rest = argument.partition("://")[2]
    if rest.startswith("unix:"):
        rest = rest[5:].partition(":")[2]
    slash = rest.find("/")
    path = url.partition("://")[2].partition("/")[2]
    if "$" in argument:
        return None
    if slash < 0:
        return f"/{path}"
    location = route.location
    if location is None or not is_prefix(location) or not uri_of(url).startswith(location.pattern):
        return None
    return rest[slash:] + f"/{path}"[len(location.pattern) :]
