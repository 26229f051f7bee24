# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directives of nginx's rewrite module: rewrite, return, set, break and if, in their order.

https://nginx.org/en/docs/http/ngx_http_rewrite_module.html
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import PASSES, Block, Directive, Location
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, compiled
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import UnknownVariableError

if t.TYPE_CHECKING:
    from ansible_collections.webops.django.plugins.plugin_utils.nginx_request import Request
    from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route

TESTS = {"-f": ("file",), "-d": ("directory",), "-e": ("file", "directory", "other")}


class IfBlock(Block):
    """An ``if`` that holds: what stands in it goes before what stands around it, the handler of the location among it."""

    def __init__(self, directive: Directive, parent: Block) -> None:
        self.directives = directive.block or []
        self.parent = parent
        self.prefix = parent.prefix

    @property
    def handler(self) -> str:
        own = super().handler
        return self._around.handler if own == "static" else own

    @property
    def _around(self) -> Block:
        return t.cast("Block", self.parent)

    def own(self, name: str) -> list[Directive]:
        found = super().own(name)
        return found or (self._around.own(name) if name in PASSES else [])


class Rewriter:
    """Runs the directives of one block.

    :ivar searches_again: whether a change of the URI leads to a new search for the location.
    :ivar block: the ``if`` whose configuration is in effect now.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.searches_again = True
        self.block: Block | None = None
        self._ended = False

    def run(self, block: Block) -> Route | None:
        """Run; return the route if it ends the request."""
        for item in block.directives:
            done = self._one(item, block)
            if done is not None or self._ended:
                return done
        return None

    def _one(self, item: Directive, block: Block) -> Route | None:
        try:
            if item.name == "set" and len(item.arguments) == 2:
                self._set(item)
            elif item.name == "rewrite" and len(item.arguments) >= 2:
                return self._rewrite(item)
            elif item.name == "return":
                return self._return(item)
            elif item.name == "break":
                self._ended, self.searches_again = True, False
            elif item.name == "if":
                return self._if(item, block)
        except UnknownVariableError as error:
            return self._request.undecided(item, f"the value of ${error} is not known here")
        except PatternError as error:
            return self._request.undecided(item, f"this pattern cannot be decided here: {error}")
        return None

    def _set(self, item: Directive) -> None:
        name = item.arguments[0].lstrip("$")
        try:
            self._request.variables.set(name, self._request.variables.expand(item.arguments[1]))
        except UnknownVariableError:
            # It matters only where it is used.
            return

    def _rewrite(self, item: Directive) -> Route | None:
        request = self._request
        match = compiled(item.arguments[0]).search(request.uri)
        if match is None:
            return None
        request.variables.note(match)
        flag = item.arguments[2] if len(item.arguments) > 2 else ""
        target = item.arguments[1]
        if flag in ("redirect", "permanent") or re.match(r"https?://|\$scheme", target):
            return request.answer(301 if flag == "permanent" else 302, str(item))
        uri, question, args = request.variables.expand(target).partition("?")
        if question:
            request.args = args if target.endswith("?") or not request.args else f"{args}&{request.args}"
            if target.endswith("?"):
                request.args = args.rstrip("?")
        request.uri = uri
        request.route.steps.append(f"{item} ({item.file}:{item.line}) makes the URI {uri}")
        if flag in ("last", "break"):
            self._ended = True
            self.searches_again = flag == "last"
        return None

    def _return(self, item: Directive) -> Route:
        first = item.arguments[0] if item.arguments else ""
        status = int(first) if first.isdigit() else 302
        return self._request.answer(status, f"{item} ({item.file}:{item.line})")

    def _if(self, item: Directive, block: Block) -> Route | None:
        words = _condition(item.arguments)
        holds = self._holds(words)
        if holds is None:
            return self._request.undecided(item, "this condition cannot be decided here")
        if not holds:
            return None
        inner = IfBlock(item, self.block or block)
        if isinstance(block, (Location, IfBlock)):
            self.block = inner
        return self.run(inner)

    def _holds(self, words: list[str]) -> bool | None:
        """Tell whether a condition holds; None where it cannot be decided."""
        variables = self._request.variables
        if len(words) == 1:
            return variables.expand(words[0]) not in ("", "0")
        if len(words) == 2:
            return self._tests(words[0], variables.expand(words[1]))
        if len(words) != 3:
            return None
        value, operator, wanted = variables.expand(words[0]), words[1], words[2]
        if operator in ("=", "!="):
            return (value == variables.expand(wanted)) == (operator == "=")
        if operator in ("~", "~*", "!~", "!~*"):
            match = compiled(wanted, operator.endswith("*")).search(value)
            if match is not None and not operator.startswith("!"):
                variables.note(match)
            return (match is not None) == (not operator.startswith("!"))
        return None

    def _tests(self, operator: str, path: str) -> bool | None:
        negated, plain = operator.startswith("!"), operator.lstrip("!")
        if plain not in TESTS:
            return None
        kind = self._request.kind_of(path)
        if kind is None:
            self._request.route.wants.append(path)
            return None
        return (kind in TESTS[plain]) != negated


def _condition(arguments: list[str]) -> list[str]:
    """Return the words between the parentheses."""
    words = list(arguments)
    if words and words[0].startswith("("):
        words[0] = words[0][1:]
    if words and words[-1].endswith(")"):
        words[-1] = words[-1][:-1]
    return [word for word in words if word]
