# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to look at next: from what is known of the sites to the paths, URLs and pages that the target is asked about.

Each round asks only for what is not known yet, so that the rounds end by themselves: first the URLs and the folders, then the paths of those
URLs that failed, and what pages named.
"""

from __future__ import annotations

import os
import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_explain import absolute, connection, site_of
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import alternatives, mapped_by, plain_path
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_past_cache import past_the_cache
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import locations
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts, fill_targets, route_of
from ansible_collections.webops.django.plugins.plugin_utils.stages import page_mount

PAGES = ("", "admin/login/?next=/admin/")
"""Asked for by default, behind the base URL: what is there of it is followed."""
SECONDS = 60
"""For all requests of a round."""
MOST_PATHS = 160
"""Failing URLs of a site whose paths are looked at. They were chosen to cover every app, extension and folder."""
PACED = 12
"""Files that are asked for where the configuration limits requests."""
PER_SECOND = 2
LOG_WORDS = ("limiting requests", "limiting connections", "(13: Permission denied)", "upstream", "[emerg]")
ENCODINGS = {"gzip_static": "gzip", "brotli_static": "br"}
NOT_COLLECTED: dict[str, t.Any] = {"collected": "", "sha256": None, "size": None, "state": "unknown"}
TEMPORARY = {"proxy_pass": "proxy_temp_path", "uwsgi_pass": "uwsgi_temp_path", "fastcgi_pass": "fastcgi_temp_path", "scgi_pass": "scgi_temp_path"}


def next_look(hosts: Hosts, sites: t.Sequence[SiteView]) -> dict[str, t.Any] | None:
    """Return what to ask the target about; None where nothing more is needed."""
    known = hosts.evidence["look"]
    first = not known
    request: dict[str, t.Any] = {
        "workers": {nginx["id"]: worker_of(nginx) for nginx in hosts.evidence["nginx"]},
        "paths": [],
        "trees": [],
        "writable": {},
        "asks": [],
        "pages": [],
        "logs": {"paths": [], "words": list(LOG_WORDS)},
        "seconds": SECONDS,
    }
    wanted: dict[tuple[str, str], dict[str, t.Any]] = {}
    for site in sites:
        fill_targets(site)
        if first:
            _first(site, request, hosts)
        elif site.targets and all(target.answer is None for target in site.targets) and _is_running(site):
            # The pages have told another prefix than the settings: it is asked now.
            request["asks"] += [_ask(site, target, 0) for target in site.targets]
        if not first:
            request["asks"] += [{**_ask(site, target, 0), **changes} for target, changes in past_the_cache(site)] if _is_running(site) else []
        for path in _folders(site) if first else _paths(site):
            if path.startswith("/"):
                nginx = site.nginx["id"] if site.nginx else ""
                wanted[(os.path.normpath(path), nginx)] = {"path": os.path.normpath(path), "nginx": nginx, "digest": False}
    looked = known.get("paths", {})
    request["paths"] = [item for (path, _nginx), item in wanted.items() if path not in looked]
    return request if first or request["paths"] or request["asks"] else None


def worker_of(nginx: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return as whom this nginx opens files: one of its workers, or, where it does not run, the user that it is configured with."""
    workers = nginx.get("workers") or ()
    if workers:
        return {name: workers[0][name] for name in ("uid", "gid", "groups", "pid")}
    user = nginx.get("user") or {}
    return {"uid": user.get("uid"), "gid": user.get("gid"), "groups": user.get("groups") or [], "pid": None}


def _first(site: SiteView, request: dict[str, t.Any], hosts: Hosts) -> None:
    if _is_running(site):
        limited = any(target.route and any(target.route.effective(name) for name in ("limit_req", "limit_conn")) for target in site.targets)
        chosen = site.targets[:: max(1, len(site.targets) // PACED)][:PACED] if limited else site.targets
        request["asks"] += [_ask(site, target, PER_SECOND if limited else 0) for target in chosen]
        request["pages"].append(_pages(site, hosts))
    if site.nginx is None or site.server is None:
        return
    for folder, encodings in _trees(site).items():
        request["trees"].append({"path": folder, "nginx": site.nginx["id"], "encodings": encodings})
    folders = _temporary_folders(site)
    if folders:
        request["writable"].setdefault(site.nginx["id"], []).extend(folders)
    logs = [item.arguments[0] for item in site.server.effective("error_log") if item.arguments]
    request["logs"]["paths"] += [path for path in [*logs, site.nginx.get("built", {}).get("error-log-path", "")] if path.startswith("/")]


def _is_running(site: SiteView) -> bool:
    """Tell whether there is somebody to ask."""
    return bool(site.connect) and (site.nginx is None or bool(site.nginx["running"]))


def _ask(site: SiteView, target: Target, pace: int) -> dict[str, t.Any]:
    encodings = [encoding for directive, encoding in ENCODINGS.items() if target.route and _is_on(target.route.effective(directive))]
    return {
        "id": target.url,
        "site": site.name,
        "kind": "file",
        "url": target.url,
        "host": "",
        "connect": site.connect,
        "expected": {"sha256": target.expected["sha256"], "size": target.expected["size"]},
        "encodings": encodings,
        "pace": pace,
        "origin": None,
        # As browsers do: servers may give files to their own pages only.
        "referer": site.base_url,
    }


def _is_on(directives: t.Sequence[t.Any]) -> bool:
    return any(item.arguments[:1] in (["on"], ["always"]) for item in directives)


def _pages(site: SiteView, hosts: Hosts) -> dict[str, t.Any]:
    asked = site.evidence.get("options", {}).get("pages")
    login = site.static.get("admin_login")
    defaults = [PAGES[0], login.lstrip("/") if login else PAGES[1]]
    mount = "" if urlsplit(site.base_url).path.strip("/") or asked else page_mount.mount_of(site).strip("/")
    base = f"{site.base_url}{mount}/" if mount else site.base_url
    urls = [base + page.lstrip("/") for page in (asked or defaults)]
    return {"site": site.name, "urls": urls, "base": site.base_url, "connect": site.connect, "hosts": hosts.names(), "limit": 500}


def _trees(site: SiteView) -> dict[str, list[str]]:
    """Return the folders whose every file the worker must be able to open: where the right files are, as nginx reaches them."""
    encodings = sorted(
        {
            encoding
            for directive, encoding in ENCODINGS.items()
            for target in site.targets
            if target.route and _is_on(target.route.effective(directive))
        }
    )
    roots = [site.static_root] if site.static_root else []
    through_application = bool(site.targets) and all(target.route and target.route.outcome == "proxy" for target in site.targets)
    # What the application serves, the worker never opens.
    return {} if through_application and _serves_itself(site) else {os.path.normpath(root): encodings for root in roots}


def _serves_itself(site: SiteView) -> bool:
    return bool(site.static.get("whitenoise") or site.static.get("debug"))


def _temporary_folders(site: SiteView) -> list[str]:
    """Return the folders in which nginx keeps what an upstream sends faster than a client reads."""
    found: dict[str, None] = {}
    for target in site.targets:
        route = target.route
        if route is None or route.outcome != "proxy" or route.handler not in TEMPORARY:
            continue
        given = route.effective(TEMPORARY[route.handler])
        name = TEMPORARY[route.handler].replace("_path", "").replace("_", "-")
        folder = given[0].arguments[0] if given and given[0].arguments else (site.nginx or {}).get("built", {}).get(f"http-{name}-path", "")
        if folder and not folder.startswith("/"):
            folder = os.path.join((site.nginx or {}).get("prefix") or "/", folder)
        if folder:
            found[os.path.normpath(folder)] = None
    return list(found)


def _folders(site: SiteView) -> t.Iterator[str]:
    """Yield the folders that decide, and a few of the files."""
    yield site.static_root
    for source in site.static.get("sources") or ():
        yield source["path"]
    if site.server is not None:
        for location in locations(site.server):
            if location.mapping is not None:
                yield location.mapping.folder
                if location.mapping.directive == "root" and location.pattern.startswith("/"):
                    yield location.mapping.folder.rstrip("/") + location.pattern


def _paths(site: SiteView) -> t.Iterator[str]:
    """Yield what must be known of the URLs that failed."""
    failing = [target for target in site.targets if not target.served]
    for target in failing[:MOST_PATHS]:
        yield target.expected["collected"]
        if target.route is None:
            continue
        yield target.route.path or ""
        yield from target.route.wants
        yield plain_path(target.route, target.url)
        for other in alternatives(target.route, target.url):
            yield other.path
        for location, _why in target.route.losers:
            yield mapped_by(location, target.url)
        for path in (plain_path(target.route, target.url), *(other.path for other in alternatives(target.route, target.url))):
            tail = "/" + target.path
            if path.endswith(tail):
                yield path[: -len(tail)]
    for tree in (site.look.get("trees") or {}).values():
        for item in tree.get("closed") or ():
            yield item["path"]
    for page in site.pages:
        for reference in page.get("references") or ():
            url = reference["url"].partition("#")[0].partition("?")[0]
            if reference.get("status") != 200 and url.startswith(site.static_url) and site.static_root:
                yield f"{site.static_root.rstrip('/')}/{url[len(site.static_url) :]}"


def merge(known: dict[str, t.Any], seen: t.Mapping[str, t.Any]) -> None:
    """Add what a round has seen to what is known."""
    for part, value in seen.items():
        if isinstance(value, dict):
            known.setdefault(part, {}).update(value)
        else:
            known.setdefault(part, []).extend(value)


def ask_url(request: dict[str, t.Any], url: str, sites: t.Sequence[SiteView]) -> None:
    """Have one more URL asked for, and the paths looked at to which it leads, to explain its way."""
    site = site_of(url, sites)
    wanted = absolute(url, site)
    # The URL may have another scheme or port than the site is asked by.
    connect = connection(wanted, site)
    request["asks"] = [ask for ask in request["asks"] if ask["url"] == wanted and ask["site"] == site.name and ask["connect"] == connect]
    if not request["asks"] and connect and (site.nginx is None or site.nginx["running"]):
        request["asks"].append(dict(_ask(site, Target(wanted, "", NOT_COLLECTED, route_of(site, wanted), None), 0), connect=connect))
    request["pages"] = []
    route = route_of(site, wanted)
    if route is not None:
        nginx = site.nginx["id"] if site.nginx else ""
        paths = [route.path or "", plain_path(route, wanted), *route.wants]
        request["paths"] += [{"path": os.path.normpath(path), "nginx": nginx, "digest": False} for path in paths if path.startswith("/")]
