# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``, continued: whom ``allow``, ``deny`` and passwords let in.

The first rule that matches an address decides, and who matches none is let in
(https://nginx.org/en/docs/http/ngx_http_access_module.html). With ``satisfy any``, an address that a rule allows, or a password, is enough.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Directive

Document = t.Mapping[str, t.Any]
ASKING = ("auth_basic", "auth_request", "auth_jwt")
"""Directives that ask for a password, or ask somebody who knows of one."""
ANYBODY = ("198.51.100.77", "2001:db8::77")
"""Addresses for documentation (RFC 5737, RFC 3849): they stand for a client that no rule names."""


def client_address(connect: Document | None) -> str:
    """Return the address from which nginx sees the client of a diagnosis come: that to which it connects, for both are this host's."""
    connect = connect or {}
    return "unix:" if connect.get("unix") else str(connect.get("address") or "127.0.0.1").strip("[]")


def refusing(block: Block | None, address: str) -> Directive | None:
    """Return the ``deny`` that refuses an address; None if it is let in, or if a rule cannot be understood."""
    for rule in block.effective("deny") if block else ():
        said = _matches(rule, address)
        if said is None:
            return None
        if said:
            return rule if rule.name == "deny" else None
    return None


def _matches(rule: Directive, address: str) -> bool | None:
    word = rule.arguments[0] if rule.arguments else ""
    if word in ("all", "unix:"):
        return word == "all" or address == "unix:"
    try:
        network = ipaddress.ip_network(word, strict=False)
        return address != "unix:" and ipaddress.ip_address(address) in network
    except ValueError:
        return None


def asking(block: Block | None) -> Directive | None:
    """Return the directive that asks for a password; None if none does. auth_basic asks for none as long as no file holds any."""
    for name in ASKING if block else ():
        for item in t.cast("Block", block).effective(name)[-1:]:
            if item.arguments[:1] != ["off"] and (name != "auth_basic" or t.cast("Block", block).effective("auth_basic_user_file")):
                return item
    return None


def is_one_enough(block: Block | None) -> bool:
    """Tell whether an address that is allowed needs no password."""
    return any(item.arguments[:1] == ["any"] for item in (block.effective("satisfy") if block else ()))


def lets_in(block: Block | None, address: str) -> bool:
    """Tell whether a client with this address, and without a password, gets in."""
    denied, asks = refusing(block, address) is not None, asking(block) is not None
    if is_one_enough(block):
        # Only a rule that matches satisfies; where no rule does, the password is left to ask for.
        return not denied and (not asks or _is_allowed(block, address))
    return not denied and not asks


def _is_allowed(block: Block | None, address: str) -> bool:
    first = next((rule for rule in (block.effective("deny") if block else ()) if _matches(rule, address) is not False), None)
    return first is not None and first.name == "allow"


def admitted(block: Block | None) -> list[str]:
    """Return the addresses that rules name in order to let them in, as they are written."""
    return [rule.arguments[0] for rule in (block.effective("deny") if block else ()) if rule.name == "allow" and rule.arguments[:1] != ["all"]]


def shut_out(files: Block | None, pages: Block | None, own: str) -> list[str]:
    """Return addresses of clients that get the pages and not the files.

    Each network that a rule names is tried by its first address, beside this host's own and one that nobody names.
    """
    tried = [own, *ANYBODY]
    for block in (files, pages):
        for rule in block.effective("deny") if block else ():
            try:
                tried.append(str(ipaddress.ip_network((rule.arguments or ["all"])[0], strict=False)[0]))
            except ValueError:
                continue
    return [address for address in dict.fromkeys(tried) if lets_in(pages, address) and not lets_in(files, address)]
