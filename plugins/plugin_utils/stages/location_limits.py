# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``, continued: limits by which nginx refuses some of many requests."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import is_for_static
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_repair import INDENT, add_location, name_of, place
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

LIMITS = ("limit_req", "limit_conn")
ENOUGH = 200
"""Files that a page asks for at once, at most: what a limit must let through."""


def findings(site: SiteView) -> list[Finding]:
    """A page's own files, asked for as fast as a browser does, are refused in part."""
    pages = [page for page in site.pages if page.get("limited")]
    if not pages:
        return []
    urls = [url for page in pages for url in page.get("limited_urls", ())]
    limited = sorted((target for target in site.targets if target.route), key=lambda target: target.url not in urls)
    rule, route = next(((item, target.route) for target in limited for name in LIMITS for item in _effective(target.route, name)), (None, None))
    if rule is None:
        return []
    count = sum(page["limited"] for page in pages)
    return [
        dict(
            finding(
                "rate_limited",
                "location",
                f"`{rule}` at {place(rule)} refuses {pages[0]['limited']} of the files that {pages[0]['url']} asks for at once, "
                "as every browser does.",
                f"{_fix(site, rule, route)}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
                {"directive": str(rule), "at": place(rule), "limited": count},
                count=count,
            ),
            urls=urls,
        )
    ]


def _effective(route: t.Any, name: str) -> list[Directive]:
    return list(route.effective(name)) if route else []


def _fix(site: SiteView, rule: Directive, route: t.Any) -> str:
    """A limit cannot be switched off further inside; but one that stands there goes before it."""
    location = route.location
    if location is not None and location.own(rule.name) and is_for_static(location):
        return f"Take `{rule}` out of {place(rule)}"
    line = wider(rule)
    if is_for_static(location):
        return f"In {name_of(location)} at {place(location)} add:\n{INDENT}{line}"
    return add_location(site, [line])


def wider(rule: Directive) -> str:
    """Return the directive with room for a page's files."""
    if rule.name == "limit_conn":
        return f"limit_conn {rule.arguments[0]} {ENOUGH};"
    zone = next((word for word in rule.arguments if word.startswith("zone=")), "zone=<zone>")
    return f"limit_req {zone} burst={ENOUGH} nodelay;"
