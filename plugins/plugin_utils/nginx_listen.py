# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ``listen`` directive."""

from __future__ import annotations

import re

from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive, Listen

_ADDRESS = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[^:\[\]]*))(?::(?P<port>\d+)(?:-(?P<last>\d+))?)?\Z")


def read_listens(directive: Directive) -> list[Listen]:
    """Read a ``listen``: several for a range of ports, none if it cannot be understood."""
    if not directive.arguments:
        return []
    text, options = directive.arguments[0], set(directive.arguments[1:])
    ssl, default = "ssl" in options, bool({"default_server", "default"} & options)
    if text.startswith("unix:"):
        return [Listen("", None, text[5:], ssl, default, directive.file, directive.line)]
    match = _ADDRESS.match(f"*:{text}" if re.fullmatch(r"\d+(?:-\d+)?", text) else text)
    if match is None:
        return []
    address = match["six"] if match["six"] is not None else "" if match["four"] in ("*", "0.0.0.0") else match["four"]
    first = int(match["port"] or 80)
    last = min(int(match["last"] or first), 65535)
    both = address == "::" and "ipv6only=off" in options
    return [Listen(address, port, "", ssl, default, directive.file, directive.line, both) for port in range(first, last + 1)]
