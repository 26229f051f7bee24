# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``server``: which nginx server block answers this host name and port?"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import locations
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.stages import (
    server_absent,
    server_choice,
    server_duplicates,
    server_enable,
    server_invalid,
)
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

Document = t.Mapping[str, t.Any]
TOLERANCE = 0.02
"""Seconds by which a worker's start may be wrong: the kernel tells it in ticks of 10 ms."""


def findings(site: SiteView) -> list[Finding]:
    """Name what keeps requests from the site's server block."""
    if site.nginx is None:
        return server_absent.findings(site)
    invalid = (site.nginx.get("test") or {}).get("valid") is False
    not_enabled = server_enable.findings(site, _urls(site))
    found = not_enabled
    if invalid and not _is_the_same_link(site, not_enabled):
        # The configuration that cannot be read goes before the file that no include reaches: nothing can be enabled before.
        found = [_invalid(site), *not_enabled]
    if not site.nginx["running"]:
        return found if invalid else [_not_running(site), *found]
    if not found:
        found = _not_reloaded(site) or server_enable.stale_copy(site)
    return found or [*server_choice.findings(site), *server_duplicates.findings(site)]


def _urls(site: SiteView) -> list[str]:
    return [target.url for target in site.targets if not target.served]


def _finding(code: str, message: str, fix: str, evidence: Document, urls: t.Sequence[str]) -> Finding:
    return dict(finding(code, "server", message, fix, evidence), urls=list(urls))


def _not_running(site: SiteView) -> Finding:
    nginx = t.cast("Document", site.nginx)
    unit = nginx.get("unit") or "nginx.service"
    return _finding(
        "nginx_not_running",
        f"No nginx runs on this host, so nobody answers at {site.base_url}. Its configuration {nginx['main']} holds the site.",
        f"{command(dict(nginx, unit=unit), 'start')}   # if it does not start: journalctl -u {unit} -n 50",
        {"program": nginx["program"], "main": nginx["main"], "unit": unit},
        _urls(site),
    )


def _invalid(site: SiteView) -> Finding:
    nginx = t.cast("Document", site.nginx)
    test = nginx["test"]
    old = " The nginx that runs goes on with the configuration that it read before, and takes no change." if nginx["running"] else ""
    return _finding(
        "nginx_config_invalid",
        f"nginx does not accept its configuration: {test['message']}.{old}",
        server_invalid.repair(nginx),
        {"message": test["message"], "file": test.get("file"), "line": test.get("line"), "dangling": list(nginx.get("dangling") or ())},
        [] if nginx["running"] else _urls(site),
    )


def _is_the_same_link(site: SiteView, not_enabled: list[Finding]) -> bool:
    """Tell whether nginx refuses its configuration for the very link that was meant to enable the site: one cause, not two."""
    link = not_enabled[0]["evidence"]["link"] if not_enabled else None
    return bool(link and site.nginx and link["path"] in site.nginx["test"]["message"])


def _not_reloaded(site: SiteView) -> list[Finding]:
    """nginx behaves otherwise than its files say, and the files are newer than its workers."""
    nginx = t.cast("Document", site.nginx)
    loaded = nginx.get("loaded")
    newer = {path: when for path, when in (nginx.get("changed") or {}).items() if loaded and when and when > loaded + TOLERANCE}
    if not newer:
        return []
    other = [target for target in site.targets if behaves_otherwise(site, target)]
    silent = server_choice.port_is_closed(site)
    if not other and not silent:
        return []
    newest = max(newer, key=lambda path: newer[path])
    what = f"nobody listens on port {silent}" if silent else f"{other[0].url} {_difference(other[0])}"
    return [
        _finding(
            "config_not_reloaded",
            f"nginx runs with an older configuration than the one on disk: {newest} was changed "
            f"{_ago(newer[newest] - t.cast('float', loaded))} after its workers had started, and {what}.",
            command(nginx, "reload"),
            {"changed": {path: _stamp(when) for path, when in sorted(newer.items())[:10]}, "loaded": _stamp(t.cast("float", loaded))},
            [target.url for target in other] or _urls(site),
        )
    ]


def behaves_otherwise(site: SiteView, target: Target) -> bool:
    """Tell whether nginx certainly answers a URL otherwise than its configuration on disk says."""
    route, answer = target.route, target.answer
    if route is None or answer is None or answer["status"] is None:
        return False
    if route.outcome == "file" and route.path:
        worker = site.worker(route.path)
        if worker is None:
            return False
        right = site.same(route.path, target.expected["collected"]) and worker["opens"] is True
        return (right and answer["status"] in (404, 403, 502) and not _is_ruled(target)) or (target.served and worker["opens"] is False)
    return route.outcome in ("proxy", "return", "denied") and target.served and answer["server"] == "nginx"


def _is_ruled(target: Target) -> bool:
    """Tell whether a rule of the configuration may answer in the file's place."""
    route = target.route
    return route is not None and any(route.effective(name) for name in ("auth_basic", "auth_request", "deny", "limit_req", "disable_symlinks"))


def _difference(target: Target) -> str:
    route, answer = target.route, target.answer
    wanted = route.path if route and route.outcome == "file" else "another answer"
    return f"answers {answer['status'] if answer else 'nothing'}, though the files say {wanted}"


def _ago(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 3600:.1f} h"


def _stamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def static_locations(site: SiteView) -> list[t.Any]:
    """Return the locations of the site's server block that serve files from a folder of their own."""
    return [location for location in locations(site.server) if location.mapping] if site.server else []
