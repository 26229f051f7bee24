# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``, continued: nginx sends clients to another host or scheme, where nobody has asked."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import route_of
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive

REDIRECTS = (301, 302, 303, 307, 308)


def leave(site: SiteView) -> None:
    """Say of files that nginx redirects to elsewhere that they could not be followed: a proxy in front, or a CDN, may have them."""
    for number, target in enumerate(site.targets):
        if target.served or not (_is_sent_elsewhere(target) or _leads_to_a_file(site, target)):
            continue
        rule = redirecting(target)
        where = f"`{rule}` at {rule.file}:{rule.line}" if rule else "The configuration"
        to = str((target.answer or {}).get("location"))
        sentence = f"{where} redirects {target.url} to {to}, which was not followed: whether the file is there could not be told."
        if not any(other.startswith(where) for other in site.unknown):
            site.unknown.append(sentence)
        site.targets[number] = target._replace(answer=None)


def _is_sent_elsewhere(target: Target) -> bool:
    answer, route = target.answer, target.route
    if not answer or answer["status"] not in REDIRECTS or answer["server"] == "app" or route is None or route.outcome not in ("redirect", "unknown"):
        return False
    to, own = urlsplit(answer.get("location") or ""), urlsplit(target.url)
    return bool(to.netloc) and (to.scheme, to.netloc) != (own.scheme, own.netloc)


def _leads_to_a_file(site: SiteView, target: Target) -> bool:
    """Tell whether a redirect on this host may end at a file."""
    answer = target.answer or {}
    if answer.get("status") not in REDIRECTS or answer.get("server") == "app" or not answer.get("location"):
        return False
    after = route_of(site, urljoin(target.url, answer["location"]))
    return after is not None and after.outcome == "file" and site.exists(after.path or "") is not False


def redirecting(target: Target) -> Directive | None:
    """Return the directive by which nginx redirects a URL; None where it does not, or nothing tells."""
    route = target.route
    if route is None or route.outcome not in ("redirect", "unknown"):
        return None
    blocks = [block for block in (route.block, route.server) if block is not None] if route else []
    waiting = [item for block in blocks for item in block.rewrites]
    while waiting:
        item = waiting.pop(0)
        if item.name in ("return", "rewrite") and route and any(str(item) in step for step in route.steps):
            return item
        waiting += item.block or []
    return None
