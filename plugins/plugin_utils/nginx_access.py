# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may come in: the access phase (ngx_http_core_access_phase() and the modules access, auth_basic and auth_request, in this order)."""

from __future__ import annotations

import ipaddress
import itertools
import typing as t

from ansible_collections.webops.django.plugins.module_utils.nginx_scan import KEPT_LINES
from ansible_collections.webops.django.plugins.plugin_utils.nginx_connection import Client
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Directive
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import UnknownVariableError

if t.TYPE_CHECKING:
    from ansible_collections.webops.django.plugins.plugin_utils.nginx_request import Request
    from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route

OK, DECLINED = 200, 0
"""What a module says beside the status with which it refuses."""
ANYTHING = frozenset((OK, DECLINED, 401, 403))
ELSEWHERE = ("access_by_lua_block", "access_by_lua_file", "auth_jwt", "auth_pam", "auth_ldap", "auth_gss", "auth_digest", "auth_oidc")
"""Directives of other modules that refuse clients."""

RESTRICTIONS = ("deny", "auth_basic", "auth_request", *ELSEWHERE)


class Said(t.NamedTuple):
    """What a module may say, and the directive that makes it do so."""

    verdicts: frozenset[int]
    directive: Directive
    why: str


class Admission(t.NamedTuple):
    """What the modules decide together.

    :ivar status: with which the client is refused; None where it is let in, or where that is not known.
    :ivar refusal: the directive that refuses.
    :ivar doubts: what cannot be decided.
    """

    status: int | None
    refusal: Directive | None
    doubts: list[Said]


_EVERYBODY = Admission(None, None, [])


def admission(request: Request) -> Admission:
    """Decide; where several outcomes are possible, the client is neither refused nor let in."""
    block = t.cast("Block", request.route.block)
    if not any(block.effective(name) for name in RESTRICTIONS):
        return _EVERYBODY
    any_suffices = [item.arguments[:1] for item in block.effective("satisfy")][-1:] == [["any"]]
    said = [item for item in (_rules(block, request), _password(request, block), _subrequest(request, block), *_others(block)) if item]
    ends = {_together(verdicts, any_suffices) for verdicts in itertools.product(*(item.verdicts for item in said))}
    if len(ends) > 1:
        return Admission(None, None, [item for item in said if len(item.verdicts) > 1])
    status = ends.pop()
    refusals = [item.directive for item in said if status in item.verdicts]
    return Admission(status, refusals[0] if refusals else None, []) if status else Admission(None, None, [])


def _together(verdicts: tuple[int, ...], any_suffices: bool) -> int | None:
    """Return the status with which a client is refused; None if it is let in."""
    refused: int | None = None
    for verdict in verdicts:
        if verdict == DECLINED:
            continue
        if verdict == OK:
            if any_suffices:
                return None
            continue
        if not any_suffices or verdict not in (401, 403):
            return verdict
        # Of several refusals, the one that asks for a password is told.
        refused = verdict if refused != 401 else refused
    return refused


def _rules(block: Block, request: Request) -> Said | None:
    """``allow`` and ``deny``: the first rule that holds for the client."""
    rules = block.effective("deny")
    if not rules:
        return None
    # Lists of addresses may be long, and are the same for all URLs of a place.
    known = request.configuration.said_by_rules
    key = (id(rules[0]), len(rules), request.client)
    if key not in known:
        known[key] = _of_rules(rules, request)
    return t.cast("Said", known[key])


def _of_rules(rules: list[Directive], request: Request) -> Said:
    client = request.client
    possible: set[int] = set()
    # Long lists may have been cut behind what is kept of them.
    whole = len(rules) <= KEPT_LINES or not any(rule.file in request.configuration.shortened for rule in rules)
    for rule in rules if whole else rules[:KEPT_LINES]:
        holds = _holds(rule.arguments[0] if rule.arguments else "", client)
        if holds is not False:
            possible.add(OK if rule.name == "allow" else 403)
        if holds:
            break
    else:
        possible.update((DECLINED,) if whole else (DECLINED, OK, 403))
    refusing = next((rule for rule in rules if rule.name == "deny" and _holds(rule.arguments[0] if rule.arguments else "", client)), None)
    named = refusing or next((rule for rule in rules if rule.name == "deny"), rules[0])
    return Said(frozenset(possible), named, "whether it holds depends on the address that the client comes from")


def _holds(rule: str, client: Client) -> bool | None:
    """Tell whether a rule is about a client; None where the client is not known."""
    if rule == "all":
        return True
    if client is None:
        return None
    if rule == "unix:" or isinstance(client, str):
        return rule == client
    try:
        network = ipaddress.ip_network(rule, strict=False)
    except ValueError:
        return None
    return network.version == client.version and client in network


def _password(request: Request, block: Block) -> Said | None:
    """``auth_basic``: a plain request has no password."""
    realm, file = block.effective("auth_basic")[-1:], block.effective("auth_basic_user_file")[-1:]
    if not realm or not realm[0].arguments or not file:
        return None
    why = "what it says depends on a variable that is not known here"
    try:
        off = request.variables.expand(realm[0].arguments[0]) == "off"
    except UnknownVariableError:
        return Said(frozenset((DECLINED, 401)), realm[0], why)
    return None if off else Said(frozenset((401,)), realm[0], why)


def _subrequest(request: Request, block: Block) -> Said | None:
    """``auth_request``: what another URI answers."""
    item = next(iter(block.effective("auth_request")), None)
    if item is None or not item.arguments or item.arguments[0] == "off":
        return None
    status = _status(request.subrequest(item.arguments[0]))
    why = f"what {item.arguments[0]} answers is not known here"
    if status is None:
        return Said(frozenset((OK, 401, 403, 500)), item, why)
    return Said(frozenset((OK if 200 <= status < 300 else status if status in (401, 403) else 500,)), item, why)


def _status(route: Route) -> int | None:
    """Return the status that a subrequest ends with; None where it is not known."""
    if route.error_page is not None or route.status == 444:
        return None
    if route.outcome == "file":
        return 404 if route.is_missing else None if route.is_missing is None else 200
    return route.status if route.outcome in ("return", "redirect") else None


def _others(block: Block) -> list[Said]:
    found = [item for name in ELSEWHERE for item in block.effective(name)[-1:] if item.arguments[:1] != ["off"]]
    return [Said(ANYTHING, item, "whom this module lets in cannot be decided here") for item in found]
