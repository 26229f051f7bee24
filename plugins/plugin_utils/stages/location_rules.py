# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``, continued: rules by which nginx refuses a request, or some of many."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import route_of
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_prefix import left_to_pages
from ansible_collections.webops.django.plugins.plugin_utils.stages.server import command

REFUSED = (401, 403, 405)
ACCESS_RULES = ("deny", "auth_basic", "auth_request", "auth_jwt", "limit_except", "valid_referers", "secure_link")
LIMITS = ("limit_req", "limit_conn")


def findings(site: SiteView) -> list[Finding]:
    """Name the rule that refuses, and the limit that does so to part of a page's files."""
    return [*_refused(site), *_limited(site)]


def _refused(site: SiteView) -> list[Finding]:
    by_rule: dict[str, tuple[t.Any, list[Target]]] = {}
    for target in site.targets:
        rule = None if target.served or left_to_pages(site, target) else _rule(target)
        if rule is not None and not _lets_others_in(site, rule, target):
            by_rule.setdefault(f"{rule.file}:{rule.line}", (rule, []))[1].append(target)
    found = []
    for where, (rule, hit) in by_rule.items():
        text = " ".join([rule.name, *rule.arguments])
        status = hit[0].answer["status"] if hit[0].answer and hit[0].answer["status"] else _status(rule)
        found.append(
            dict(
                finding(
                    "access_rule_denied",
                    "location",
                    f"The configuration itself refuses {hit[0].url} with {status}: `{text}` at {where} is in effect there.",
                    f"{_fix(rule, hit[0])}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
                    {"directive": text, "at": where, "status": status},
                ),
                urls=[target.url for target in hit],
            )
        )
    return found


def _lets_others_in(site: SiteView, rule: t.Any, target: Target) -> bool:
    """Tell whether the whole site, pages and files alike, is for certain addresses only, of which this host's own is none: that is on purpose."""
    rules = target.route.effective("deny") if target.route else []
    admitted = [item.arguments[0] for item in rules if item.name == "allow" and item.arguments[:1] != ["all"]]
    page = route_of(site, site.base_url)
    everywhere = {(item.file, item.line) for item in page.effective("deny")} if page else set()
    if rule.name != "deny" or not admitted or (rule.file, rule.line) not in everywhere:
        return False
    who = ", ".join(admitted)
    sentence = f"{rule.file}:{rule.line} lets only {who} in, and this host is asked from itself: whether they get the files is not known."
    if sentence not in site.unknown:
        site.unknown.append(sentence)
    return True


def _rule(target: Target) -> t.Any:
    """Return the directive that refuses a URL: one that certainly does, or one that may where a client was refused."""
    route, answer = target.route, target.answer
    if route is None:
        return None
    if route.outcome == "denied" or (route.outcome == "return" and (route.status or 0) >= 400 and not route.tries):
        return next((item for name in ("return", "internal", *ACCESS_RULES) for item in route.effective(name) if _refuses(item)), None)
    if not answer or answer["status"] not in REFUSED or answer["server"] == "app":
        return None
    names = sorted(ACCESS_RULES, key=lambda name: not name.startswith("auth_")) if answer["status"] == 401 else ACCESS_RULES
    return next((item for name in names for item in route.effective(name) if _refuses(item)), None)


def _refuses(directive: t.Any) -> bool:
    return directive.name != "allow" and not (directive.name in ("auth_basic", "auth_request") and directive.arguments[:1] == ["off"])


def _status(rule: t.Any) -> int:
    if rule.name == "return" and rule.arguments and rule.arguments[0].isdigit():
        return int(rule.arguments[0])
    return {"auth_basic": 401, "internal": 404}.get(rule.name, 403)


def _fix(rule: t.Any, target: Target) -> str:
    location = target.route.location if target.route else None
    where = f"{location.file}:{location.line}" if location else "the location of the static files"
    if rule.name in ("auth_basic", "auth_request"):
        also = " allow all;" if target.route and target.route.effective("deny") else ""
        return f"In {where} write: {rule.name} off;{also}"
    if rule.name == "deny":
        return f"In {where} write: allow all;"
    return f"Take `{' '.join([rule.name, *rule.arguments])}` out of {rule.file}:{rule.line}"


def _limited(site: SiteView) -> list[Finding]:
    """A page's own files, asked for as fast as a browser does, are refused in part."""
    pages = [page for page in site.pages if page.get("limited")]
    if not pages:
        return []
    urls = [url for page in pages for url in page.get("limited_urls", ())]
    rules = [item for target in site.targets if target.route for name in LIMITS for item in target.route.effective(name)]
    if not rules:
        return []
    rule = rules[0]
    text = " ".join([rule.name, *rule.arguments])
    return [
        dict(
            finding(
                "rate_limited",
                "location",
                f"`{text}` at {rule.file}:{rule.line} refuses {pages[0]['limited']} of the files that {pages[0]['url']} asks for at once, "
                "as every browser does.",
                f"Take `{rule.name}` out of what holds for static files: move it from {rule.file}:{rule.line} into the location of the "
                f"application, or give "
                f"it burst=100 nodelay; then {command(t.cast('t.Any', site.nginx), 'reload')}",
                {"directive": text, "at": f"{rule.file}:{rule.line}", "limited": sum(page["limited"] for page in pages)},
                count=sum(page["limited"] for page in pages),
            ),
            urls=urls,
        )
    ]
