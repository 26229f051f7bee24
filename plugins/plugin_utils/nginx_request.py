# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request on its way through the phases: server rewrite, find location, rewrite, access, try_files, content.

The order is that of ngx_http_phases in src/http/ngx_http_core_module.h. Each phase returns the next one, or None when the request has an answer.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from urllib.parse import SplitResult

from ansible_collections.webops.django.plugins.plugin_utils.nginx_access import admission
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_connection import Connection
from ansible_collections.webops.django.plugins.plugin_utils.nginx_content import Content
from ansible_collections.webops.django.plugins.plugin_utils.nginx_error_page import REDIRECTS, ErrorPages
from ansible_collections.webops.django.plugins.plugin_utils.nginx_location_choice import choose_location
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Directive, Location, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_paths import Place
from ansible_collections.webops.django.plugins.plugin_utils.nginx_request_values import request_values
from ansible_collections.webops.django.plugins.plugin_utils.nginx_rewrite import IfBlock, Rewriter
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import KindOf, Route
from ansible_collections.webops.django.plugins.plugin_utils.nginx_server_choice import choose_server
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import normalised
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import Made, UnknownVariableError, Variables

CHANGES = 11
"""Changes of the URI, and internal redirects, at the last of which nginx answers 500 (NGX_HTTP_MAX_URI_CHANGES and one)."""
PLAIN_ON_TLS = 497
"""What error pages are looked for by; the client is told 400 (NGX_HTTP_TO_HTTPS)."""
Step = t.Callable[[], t.Any]


class Request:
    """A request; :meth:`run` gives its route.

    :param asks: the URL ends in a question mark, with nothing behind it.
    :ivar stays: ``rewrite … break`` changed the URI, so that the location's alias cannot be used.
    :ivar adds_uri: try_files has found the URI behind the alias of a pattern.
    :ivar is_internal: locations that say ``internal`` are open.
    :ivar is_missing: the file that would be opened is not there.
    :ivar final: no error page is looked for.
    :ivar kept: what the route told at the first place that tried files.
    """

    def __init__(self, configuration: Configuration, kind_of: KindOf, parts: SplitResult, to: Connection, asks: bool = False) -> None:
        self.configuration = configuration
        self.kind_of = kind_of
        self._parts = parts
        self.host = parts.hostname or ""
        self._to = to
        self._asks = asks
        self.client = to.client
        self.uri = parts.path or "/"
        self.args = parts.query
        self.route = Route()
        self.stays = self.adds_uri = self.is_internal = False
        self.content: Directive | None = None
        self.is_missing: bool | None = False
        self.changes_left = CHANGES
        self.kept: dict[str, t.Any] | None = None
        self.final = self._is_subrequest = self._in_doubt = self._lost_file_name = False
        self._error_pages = ErrorPages(self)
        self.variables = Variables(request_values(self, parts, to, asks), configuration.declared, self._made)

    def _made(self, name: str, variables: Variables) -> Made | None:
        return self.configuration.maps.value(name, variables, self.client) if name in self.configuration.maps else None

    def run(self, server: ServerBlock | None = None) -> Route:
        """Return the route."""
        return self._walk(lambda: self._choose(server))

    def subrequest(self, uri: str) -> Route:
        """Return the way of a request that a module makes on its own: it begins with the rewrites of the server block, and everybody may come in."""
        inner = Request(self.configuration, self.kind_of, self._parts, self._to, self._asks)
        inner.uri, inner.args, inner.is_internal, inner._is_subrequest = uri, "", True, True
        inner.variables.take(self.variables)
        inner.route.server = self.route.server
        return inner._walk(inner._server_phase)

    def _walk(self, step: Step | None) -> Route:
        while step is not None:
            step = step() or self._error_pages.follow()
        self.route.is_missing = self.is_missing
        if self.kept is not None and self._error_pages.before is None:
            self.route = dataclasses.replace(self.route, **self.kept)
        route = self._error_pages.told(self.route, self._parts.path)
        if route.status == PLAIN_ON_TLS:
            route.status = 400
        for told in (route, route.error_page):
            if self._in_doubt and told is not None:
                told.outcome, told.if_admitted = "unknown", told.outcome
        return route

    def _choose(self, server: ServerBlock | None) -> Step | None:
        """Choose the server block and read the URI."""
        choice = choose_server(self.configuration, self.host, self._to.port, self._to.address, self._to.unix)
        route = self.route
        route.server, route.server_reason = choice.server, choice.reason
        if server is not None:
            route.server, route.server_reason = server, "it is the site's own"
        elif choice.undecided:
            route.undecided += choice.undecided
            self.unknown()
            return None
        if route.server is None:
            route.steps.append(route.server_reason)
            return None
        route.block = route.server
        self.variables.note(choice.captures)
        self.variables.set("server_name", route.server.names[0] if route.server.names else "")
        route.steps.append(f"server block {route.server.file}:{route.server.line}: {route.server_reason}")
        # The request line is read before the Host header; with TLS the name is known by then.
        reads = choice.default if choice.default is not None and self._parts.scheme != "https" else route.server
        merge = [item.arguments[0] for item in reads.effective("merge_slashes") if item.arguments]
        uri = normalised(self.uri, merge[-1:] != ["off"])
        bad = "the URI cannot be decoded, or leaves the root" if uri is None else ""
        if not bad and ".." in self.host:
            bad = "the host name has two dots side by side"
        if bad or uri is None:
            # No name is known as yet.
            route.server = route.block = server or choice.default or route.server
            self.answer(400, bad)
            return None
        self.uri = uri
        if server is None and choice.ssl and self._parts.scheme != "https":
            self.answer(PLAIN_ON_TLS, "a request without TLS comes to a port where TLS is spoken")
            return None
        return self._server_phase

    def _server_phase(self) -> Step | None:
        self.route.block = self.route.server
        if self._rewrite(t.cast("ServerBlock", self.route.server)) is not None:
            return None
        return self._find

    def _find(self) -> Step | None:
        """Choose the location."""
        route = self.route
        choice = choose_location(t.cast("ServerBlock", route.server), self.uri)
        if choice.undecided:
            route.undecided += choice.undecided
            self.unknown()
            return None
        if choice.captures is not None:
            self.variables.note(choice.captures)
        self._take(choice.location, choice.reason, choice.losers)
        if choice.location is not None and not self.is_internal and choice.location.is_internal:
            self.answer(404, f"{choice.location} is internal")
            return None
        if choice.redirects:
            self.answer(301, "the URI lacks the slash at its end")
            return None
        return self._location_phase if choice.location is not None else self._access_phase

    def _take(self, location: Location | None, reason: str, losers: list[tuple[Location, str]]) -> None:
        route = self.route
        route.location, route.location_reason, route.losers = location, reason, losers
        route.block = location or route.server
        self.content = None
        if location is not None:
            self.content = location.content
            limits = next(iter(location.own("limit_except")), None)
            if limits is not None and limits.block is not None and not {"GET", "HEAD"} & set(limits.arguments):
                route.block = IfBlock(limits, location)
        where = f"{location} ({location.file}:{location.line})" if location else "no location"
        route.steps.append(f"{where}: {reason}")

    def _location_phase(self) -> Step | None:
        if self._rewrite(t.cast("Block", self.route.block)) is not None:
            return None
        if self._rewriter.changed:
            return self._find if self._may_change() else None
        return self._access_phase

    def _rewrite(self, block: Block) -> Route | None:
        """Run the directives of the rewrite module; return the route if they have ended the request."""
        self._rewriter = Rewriter(self)
        done = self._rewriter.run(block)
        blocks = self._rewriter.blocks
        if blocks:
            self.route.block = blocks[-1]
            own = [(inner, item) for inner in blocks for item in [Block.content.fget(inner)] if item is not None]  # type: ignore[attr-defined]
            if own and own[-1][0] is not blocks[-1] and (self.content is None or self.content.name != own[-1][1].name):
                return done or self.answer(500, f"{own[-1][1]} stands in an if before the last one that holds")
            if own and own[-1][0] is blocks[-1]:
                self.content = own[-1][1]
        return done

    def _may_change(self) -> bool:
        """Count a change of the URI; tell whether the request goes on."""
        self.changes_left -= 1
        if self.changes_left <= 0:
            self.answer(500, "the URI was changed too often", final=True)
        return self.changes_left > 0

    def _access_phase(self) -> Step | None:
        route, block = self.route, t.cast("Block", self.route.block)
        route.handler = self.content.name if self.content is not None else "static"
        route.mapping = block.mapping
        if route.mapping is not None:
            with contextlib.suppress(UnknownVariableError):
                route.mapping = route.mapping._replace(folder=Place(block, self.variables).folder() or "/")
        return Content(self).run if self._is_subrequest or self._let_in() else None

    def _let_in(self) -> bool:
        """Tell whether the client may come in; what cannot be decided is noted, and the way goes on as if it might."""
        found = admission(self)
        if found.status is not None and found.refusal is not None:
            item = found.refusal
            self.answer(found.status, f"{item} ({item.file}:{item.line})", outcome="" if found.status == 500 else "denied")
            self.route.refusal = item
            return False
        for said in found.doubts:
            item = said.directive
            self.route.undecided.append((str(item), item.file, item.line, said.why))
            self.route.steps.append(f"{item} ({item.file}:{item.line}): {said.why}; if the client is let in, nginx goes on")
            self._in_doubt = True
        return True

    def redirect(self, target: str, args: str | None) -> Step | None:
        """Go on with another URI.

        :param args: its arguments; None for those of before.
        """
        if not self._may_change():
            return None
        if not target:
            # nginx looks at the last character of a URI that has none.
            self.route.undecided.append(("", "", 0, "an internal redirect leads to an empty URI"))
            self.unknown()
            return None
        self.uri, self.args = target, self.args if args is None else args
        self.is_internal, self.stays, self.adds_uri = True, False, False
        self.route.steps.append(f"goes on with {self.uri}")
        return self._server_phase

    def named(self, name: str) -> Step | None:
        """Go to a named location."""
        if not self._may_change():
            return None
        found = t.cast("ServerBlock", self.route.server).named.get(name)
        if found is None or not self.uri:
            self.answer(500, f"there is no location {name}")
            return None
        self.is_internal = True
        self._take(found, f"the request falls back to {name}", self.route.losers)
        return self._location_phase

    def keep(self) -> None:
        """Keep location, mapping and tries of the first place that tries files: that is where a fault is."""
        route = self.route
        if self.kept is None:
            self.kept = {name: getattr(route, name) for name in ("location", "location_reason", "losers", "mapping", "tries")}
        route.tries = []

    def answer(self, status: int, why: str, outcome: str = "", final: bool = False) -> Route:
        """End the request with a status.

        :param final: no error page is looked for.
        """
        route = self.route
        route.status, route.outcome = status, outcome or ("redirect" if status in REDIRECTS else "return")
        route.handler = "return" if not outcome else route.handler or "return"
        route.path = None if status in REDIRECTS or not outcome else route.path
        route.steps.append(f"answers {status}: {why}")
        self.final = final
        return route

    def undecided(self, directive: Directive, why: str) -> Route:
        """End the request, for a directive cannot be decided."""
        self.route.undecided.append((str(directive), directive.file, directive.line, why))
        self.unknown()
        return self.route

    def unknown(self) -> Step | None:
        """End the request without knowing how."""
        self.route.outcome = "unknown"
        return None

    def place(self) -> Place:
        """Return where the files of the place are at which the request is."""
        return Place(t.cast("Block", self.route.block), self.variables)

    def file_name(self) -> str:
        """Return $request_filename: empty behind an alias where the URI was changed, and then for the rest of the request."""
        place = self.place()
        self._lost_file_name = self._lost_file_name or (place.is_alias and (self.stays or self._rewriter.changed))
        return "" if self._lost_file_name else place.path(self.uri, self.adds_uri)
