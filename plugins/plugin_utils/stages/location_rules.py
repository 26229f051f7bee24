# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``, continued: rules by which nginx refuses a request."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import is_for_static
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import route_of
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Directive
from ansible_collections.webops.django.plugins.plugin_utils.stages import location_access as access
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_prefix import intended, left_to_pages
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_redirects import REDIRECTS, redirecting
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_repair import INDENT, add_location, name_of, place
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

REFUSED = (401, 403, 405)


def findings(site: SiteView) -> list[Finding]:
    """Name the rules that refuse."""
    by_rule: dict[str, tuple[Directive, list[Target]]] = {}
    for number, target in enumerate(site.targets):
        rule = None if target.served or left_to_pages(site, target) else rule_of(site, target)
        if rule is not None and _is_for_others(site, rule, target):
            # What is told to a client that is not admitted says nothing of those that are.
            site.targets[number] = target._replace(answer=None)
        elif rule is not None:
            by_rule.setdefault(place(rule), (rule, []))[1].append(target)
    return [_finding(site, rule, hit) for rule, hit in by_rule.values()]


def rule_of(site: SiteView, target: Target) -> Directive | None:
    """Return the directive that refuses a URL: one that certainly does, or one that may where a client was refused."""
    route, answer = target.route, target.answer
    if route is None or (route.tries and route.outcome == "return"):
        return None
    if route.outcome == "return":
        return _returning(route)
    if route.outcome == "redirect" and answer and answer["status"] in REDIRECTS:
        # location_redirects has left alone what may lead to a file.
        return redirecting(target)
    denying = access.refusing(route.block, access.client_address(site.connect))
    if route.outcome == "denied":
        return route.refusal or denying
    if not answer or answer["status"] in (None, 200) or answer["server"] == "app":
        return None
    if answer["status"] == 401:
        return access.asking(route.block)
    said = site.worker(route.path) if route.path else None
    if denying is not None or (said and said.get("opens") is False):
        # A file that is closed itself looks the same as one that a rule closes.
        return denying
    asking = access.asking(route.block)
    if answer["status"] == 500:
        # So nginx tells that whom it has asked answered neither yes nor no, or that it may not read the passwords.
        return asking
    return (_conditional(site, route, answer["status"]) or asking) if answer["status"] in REFUSED else None


def _conditional(site: SiteView, route: t.Any, status: int) -> Directive | None:
    """Return the ``return`` of an ``if`` that could not be decided beforehand, and that the answer shows to have held.

    It may be about this very client, whom no page was given either: then nothing is known of others.
    """
    admitted = not site.pages or any((page.get("status") or 0) not in REFUSED for page in site.pages)
    undecided = {(text, file, line) for text, file, line, _why in route.undecided}
    for block in (route.block, route.server):
        for item in block.rewrites if block is not None else ():
            if item.name == "if" and (str(item), item.file, item.line) in undecided and admitted:
                return next((inner for inner in item.block or () if inner.name == "return" and inner.arguments[:1] == [str(status)]), None)
    return None


def _returning(route: t.Any) -> Directive | None:
    """Return the directive that answered in the place of a file: ``return``, also in an ``if``, or ``internal``."""
    waiting = [item for block in (route.block, route.server) if block is not None for item in block.rewrites]
    while waiting:
        item = waiting.pop(0)
        if item.name == "return" and any(f"{item} ({place(item)})" in step for step in route.steps):
            return t.cast("Directive", item)
        waiting += item.block or []
    location = route.location
    around = [location, *location.parents] if location is not None and location.is_internal and route.status == 404 else []
    return next((item for block in around for item in block.own("internal")), None)


def _pages(site: SiteView) -> Block | None:
    """Return where nginx answers the site's pages."""
    route = route_of(site, site.base_url)
    return route.block if route else None


def _is_for_others(site: SiteView, rule: Directive, target: Target) -> bool:
    """Tell whether pages and files alike are for certain addresses only, of which this host's own is none: that is on purpose."""
    block = target.route.block if target.route else None
    who = access.admitted(block)
    if rule.name != "deny" or not who or access.shut_out(block, _pages(site), access.client_address(site.connect)):
        return False
    sentence = (
        f"`{rule}` at {place(rule)} lets only {', '.join(who)} in, to the pages as well, and this host was asked from itself: "
        "whether those clients get the files could not be told."
    )
    if sentence not in site.unknown:
        site.unknown.append(sentence)
    return True


def _finding(site: SiteView, rule: Directive, hit: list[Target]) -> Finding:
    answer = hit[0].answer or {}
    status = answer.get("status") or _status(rule)
    return dict(
        finding(
            "access_rule_denied",
            "location",
            f"The configuration itself refuses {hit[0].url} with {status}: `{rule}` at {place(rule)} is in effect there"
            f"{_beside(site, rule, hit[0])}.",
            f"{_fix(site, rule, hit[0])}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
            {"directive": str(rule), "at": place(rule), "status": status},
        ),
        urls=[target.url for target in hit],
    )


def _status(rule: Directive) -> int:
    if rule.name == "return" and rule.arguments and rule.arguments[0].isdigit():
        return int(rule.arguments[0])
    return {"auth_basic": 401, "internal": 404}.get(rule.name, 403)


def _beside(site: SiteView, rule: Directive, target: Target) -> str:
    """Say how the rule treats the pages, which tells a site that is closed on purpose from files that were forgotten."""
    pages = _pages(site)
    if rule.name in access.ASKING:
        asks = access.asking(pages)
        return ", and asks for a password; " + ("so do the pages" if asks is not None else "the pages do not")
    block = target.route.block if target.route else None
    if rule.name != "deny":
        return ""
    who = ", ".join(access.admitted(block))
    out = access.shut_out(block, pages, access.client_address(site.connect))
    told = f", and lets only {who} in" if who else ""
    if not out:
        return f"{told}, and for the pages as well"
    return f"{told}, while the pages are open to {'anybody' if set(out) & set(access.ANYBODY) else out[0]}"


def _fix(site: SiteView, rule: Directive, target: Target) -> str:
    """Return what to write: for the static files only, for the pages may be closed on purpose."""
    route = t.cast("t.Any", target.route)
    meant = intended(site, target)
    if meant is not None and route.location.modifier in ("~", "~*"):
        return f"In {place(meant[0])} write: location ^~ {meant[0].pattern} {{"
    if not is_for_static(route.location) and not _stands_in(route.server.directives, rule):
        return add_location(site, [_opposite(item) for item in _in_effect(route.server)])
    rules = [rule]
    if rule.name == "deny" or rule.name in access.ASKING:
        rules = _in_effect(route.block) or rules
    own = [item for item in rules if route.location is not None and _stands_in(route.location.directives, item)]
    lines = [_opposite(item) for item in rules if item not in own and _opposite(item)]
    told = [_taken_out(item) for item in own]
    if lines and is_for_static(route.location):
        told.append(f"In {name_of(route.location)} at {place(route.location)} add:" + "".join(f"\n{INDENT}{line}" for line in lines))
    elif lines:
        told.append(add_location(site, lines))
    return "\n".join(told or [_taken_out(rule)])


def _in_effect(block: Block) -> list[Directive]:
    """Return what keeps a client out that no rule names: the password, and the address."""
    return [item for item in (access.asking(block), access.refusing(block, access.ANYBODY[0])) if item is not None]


def _stands_in(directives: t.Sequence[Directive], rule: Directive) -> bool:
    return any(item == rule or _stands_in(item.block or (), rule) for item in directives if item.name != "location")


def _opposite(rule: Directive) -> str:
    """Return the line that takes back, further inside, what a directive says."""
    return "allow all;" if rule.name == "deny" else f"{rule.name} off;" if rule.name in access.ASKING else ""


def _taken_out(rule: Directive) -> str:
    if rule.name in access.ASKING:
        return f"At {place(rule)} write instead:\n{INDENT}{rule.name} off;"
    return f"Take `{rule}` out of {place(rule)}"
