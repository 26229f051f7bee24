# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One URL's way, told stage by stage."""

from __future__ import annotations

import typing as t
from urllib.parse import urljoin, urlsplit

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_endpoints import address_of, client_of, for_url
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import plain_path
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import fill_targets, route_of
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route

Document = t.Mapping[str, t.Any]


def absolute(url: str, site: SiteView) -> str:
    """Return a URL that may be only a path, as the site's.

    :raises ExplainedError: it is no URL of http.
    """
    if not url.startswith("/") and urlsplit(url).scheme not in ("http", "https"):
        raise ExplainedError(
            f"{url} is no URL; give a path such as /static/admin/css/base.css, or http://shop.example.com/static/admin/css/base.css."
        )
    return urljoin(site.base_url, url)


def site_of(url: str, sites: t.Sequence[SiteView]) -> SiteView:
    """Return the site that a URL belongs to: by its host name, or the one whose server block answers it, or the only one.

    :raises ExplainedError: there is none, or a path could belong to several.
    """
    if not sites:
        raise ExplainedError("No site was found on this host, so that no URL can be followed.")
    host = urlsplit(url).hostname
    if not host:
        known = [site for site in sites if not _is_in_container(site)] or list(sites)
        if len({site.base_url for site in known}) > 1 or len(known) > 1:
            named = ", ".join(f"{site.base_url} ({site.name})" for site in known)
            raise ExplainedError(f"Several sites are on this host; write the URL with its host name. They are {named}.")
        return known[0]
    named_ = [site for site in sites if urlsplit(site.base_url).hostname == host or (site.server and host in site.server.names)]
    return (named_ or list(sites))[0]


def _is_in_container(site: SiteView) -> bool:
    """Tell whether a site is in a container of this host, where nothing of it can be seen."""
    return bool(site.application.get("in_container")) and site.nginx is None


def connection(url: str, site: SiteView) -> dict[str, t.Any] | None:
    """Return where a client connects to for a URL."""
    return for_url(url, site.connect, site.configuration, site.evidence)


def explanation(url: str, sites: t.Sequence[SiteView]) -> list[str]:
    """Tell one URL's way on a host.

    :raises ExplainedError: it is no URL, or no site's.
    """
    site = site_of(url, sites)
    fill_targets(site)
    wanted = absolute(url, site)
    answer = next((answer for answer in site.look.get("answers", ()) if answer["url"] == wanted and answer["site"] == site.name), None)
    return explain(wanted, site, answer)


def explain(url: str, site: SiteView, answer: Document | None) -> list[str]:
    """Tell one URL's way in lines for the screen.

    :param url: absolute.
    :param answer: what a client got for it.
    """
    route = _real_route(url, site)
    target = next((target for target in site.targets if target.url == url), None)
    lines = [f"{url}", ""]
    for stage, sentences in _stages(url, site, route, target, answer):
        for number, sentence in enumerate(sentences):
            lines.append(f"  {stage if number == 0 else '':<10}{sentence}")
    return lines


def _real_route(url: str, site: SiteView) -> Route | None:
    """Return the way by the name that the URL has, which may lead to another server block than the site's."""
    if site.resolver is None:
        return route_of(site, url)
    connect = connection(url, site) or {}
    return site.resolver.route(url, address=address_of(connect), port=connect.get("port"), client=client_of(connect, site.host))


def _stages(url: str, site: SiteView, route: Route | None, target: Target | None, answer: Document | None) -> t.Iterator[tuple[str, list[str]]]:
    static = site.static
    if static:
        yield "settings", [f"{static['settings_module']}: STATIC_URL {static['static_url']}, STATIC_ROOT {static['static_root'] or 'not set'}"]
    if target is not None:
        yield "collected", [f"{target.expected['collected'] or target.path}: {_state(target)}"]
    elif url.startswith(site.static_url):
        path = f"{site.static_root.rstrip('/')}/{url[len(site.static_url) :].partition('?')[0]}" if site.static_root else ""
        yield "collected", [f"{path or url}: {_known(site, path)}"]
    if route is None:
        yield "server", ["no nginx leads to this application"]
    else:
        yield from _by_nginx(url, site, route)
    yield "response", [_answered(answer)]


def _state(target: Target) -> str:
    texts = {
        "same": "collected, with the source's content",
        "missing": "missing: not collected",
        "different": "collected with another content than the source",
    }
    state = str(target.expected["state"])
    return texts.get(state, state)


def _known(site: SiteView, path: str) -> str:
    exists = site.exists(path) if path else None
    return {True: "is there, though no finder knows it among those looked at", False: "is not there", None: "not looked at"}[exists]


def _by_nginx(url: str, site: SiteView, route: Route) -> t.Iterator[tuple[str, list[str]]]:
    if route.server is None:
        yield "server", [f"nobody listens there: {route.server_reason}"]
        return
    yield (
        "server",
        [
            f"{route.server.file}:{route.server.line}, server_name {' '.join(route.server.names) or '(none)'}",
            route.server_reason,
            *_tls(url, site, route),
        ],
    )
    location = route.location
    chosen = f"location {location.modifier} {location.pattern}".replace("  ", " ") if location else "none: the server block itself"
    where = f" ({location.file}:{location.line})" if location else ""
    lost = [
        f"not location {loser.modifier} {loser.pattern} ({loser.file}:{loser.line}): {why}".replace("location  ", "location ")
        for loser, why in route.losers
    ]
    yield "location", [f"{chosen}{where}", route.location_reason, *lost]
    yield "file", _file(route)
    path = route.path or plain_path(route, url)
    worker = site.worker(path) if path else None
    if worker is not None:
        yield "access", [_access(worker, path)]


def _tls(url: str, site: SiteView, route: Route) -> list[str]:
    """Say where a client and nginx speak different languages: a port speaks TLS for all of its server blocks, or for none."""
    port = (connection(url, site) or {}).get("port")
    blocks = site.configuration.servers if site.configuration else ()
    speaks = any(listen.ssl for block in blocks for listen in block.listens if listen.port == port)
    wants = urlsplit(url).scheme == "https"
    if route.server is None or port is None or speaks == wants:
        return []
    return [f"nginx {'speaks' if speaks else 'does not speak'} TLS on port {port}: a client that asks by {urlsplit(url).scheme} gets no file there"]


def _file(route: Route) -> list[str]:
    if route.outcome == "proxy":
        return [f"{route.handler} to {', '.join(route.upstreams)}: the application answers"]
    lines = [f"{route.mapping.directive} {route.mapping.argument} ({route.mapping.file}:{route.mapping.line})"] if route.mapping else []
    lines += [f"try_files {argument}: {path or kind}" for argument, path, kind in route.tries]
    lines.append(f"opens {route.path}" if route.path else f"outcome: {route.outcome}{f' {route.status}' if route.status else ''}")
    return [*lines, *(f"cannot be decided: {directive} ({file}:{line}): {why}" for directive, file, line, why in route.undecided)]


def _access(worker: Document, path: str) -> str:
    if worker["opens"] is None:
        return f"what the worker may do with {path} could not be asked: {worker.get('error') or 'no root'}"
    if worker["opens"]:
        return f"the worker can open {path}"
    what = f", at {worker['refused_at']}" if worker.get("refused_at") else ""
    return f"the worker cannot open {path}: {worker['error']}{what}"


def _answered(answer: Document | None) -> str:
    if answer is None:
        return "nobody was asked"
    if answer["status"] is None:
        return f"no answer: {answer['error']}"
    right = {True: "with the right content", False: "with other content than the collected file", None: ""}[
        answer.get("matches") if answer["status"] == 200 else None
    ]
    who = {"nginx": "from nginx", "app": "from the application"}.get(answer.get("server", ""), "")
    return " ".join(filter(None, [str(answer["status"]), answer.get("content_type") or "", f"{answer.get('length', 0)} bytes", who, right]))
