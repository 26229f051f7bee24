# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directives of nginx's rewrite module: rewrite, return, set, break and if, in their order.

https://nginx.org/en/docs/http/ngx_http_rewrite_module.html
"""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Directive, Location
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import PatternError, search
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
        """The directive that answers here; that of the location, if there is none of its own."""
        own = super().handler
        return self._around.handler if own == "static" else own

    @property
    def content(self) -> Directive | None:
        """What hands on or answers; that of the location, if there is none of its own."""
        return super().content or self._around.content

    @property
    def _around(self) -> Block:
        return t.cast("Block", self.parent)


class Rewriter:
    """Runs the directives of one block.

    :ivar changed: whether the URI was changed, so that the location is searched anew.
    :ivar blocks: the ``if`` that held, in their order; the configuration of the last one is in effect.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self.changed = False
        self.blocks: list[IfBlock] = []
        self._ended = False

    def run(self, block: Block) -> Route | None:
        """Run; return the route if it ends the request."""
        for item in block.rewrites:
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
                self._break()
            elif item.name == "if":
                return self._if(item, block)
        except UnknownVariableError as error:
            return self._request.undecided(item, f"the value of ${error} is not known here")
        except PatternError as error:
            return self._request.undecided(item, f"this pattern cannot be decided here: {error}")
        return None

    def _break(self) -> None:
        """End the directives; a URI that was changed stays with this location."""
        self._ended = True
        if self.changed:
            self.changed, self._request.stays = False, True

    def _set(self, item: Directive) -> None:
        name = item.arguments[0].lstrip("$")
        try:
            value: str | None = self._request.variables.expand(item.arguments[1])
        except UnknownVariableError:
            # It matters only where it is used.
            value = None
        if name == "args" and value is not None:
            self._request.args = value
        else:
            self._request.variables.set(name, value)

    def _rewrite(self, item: Directive) -> Route | None:
        request = self._request
        captures = search(item.arguments[0], request.uri)
        if captures is None:
            request.variables.captures = {}
            return None
        request.variables.note(captures)
        flag = item.arguments[2] if len(item.arguments) > 2 else ""
        target = item.arguments[1]
        if flag in ("redirect", "permanent") or target.startswith(("http://", "https://", "$scheme")):
            return request.answer(301 if flag == "permanent" else 302, str(item))
        request.is_internal = True
        self._change(target)
        if not request.uri:
            return request.answer(500, f"{item} makes an empty URI")
        request.route.steps.append(f"{item} ({item.file}:{item.line}) makes the URI {request.uri}")
        self.changed = flag != "break"
        request.stays = request.stays or flag == "break"
        self._ended = flag in ("last", "break")
        return None

    def _change(self, target: str) -> None:
        """Set URI and arguments; the arguments of before are appended, unless the target ends in a question mark."""
        request = self._request
        kept = not target.endswith("?")
        path, question, args = target.removesuffix("?").partition("?")
        uri = request.variables.expand(path)
        if question:
            args = request.variables.expand(args)
            request.args = f"{args}&{request.args}" if kept and request.args else args
        elif not kept:
            request.args = ""
        request.uri = uri

    def _return(self, item: Directive) -> Route:
        first = item.arguments[0] if item.arguments else ""
        status = int(first) if first.isdigit() else 302
        # With a text it is the answer itself, and no error page is looked for.
        return self._request.answer(status, f"{item} ({item.file}:{item.line})", final=len(item.arguments) > 1)

    def _if(self, item: Directive, block: Block) -> Route | None:
        holds = self._holds(item.arguments)
        if holds is None:
            return self._request.undecided(item, "this condition cannot be decided here")
        if not holds:
            return None
        inner = IfBlock(item, block)
        if isinstance(block, (Location, IfBlock)):
            self.blocks.append(inner)
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
            captures = search(wanted, value, operator.endswith("*"))
            if captures is None:
                variables.captures = {}
            else:
                variables.note(captures)
            return (captures is not None) == (not operator.startswith("!"))
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
