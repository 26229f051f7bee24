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

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_content import Content, access
from ansible_collections.webops.django.plugins.plugin_utils.nginx_location_choice import choose_location
from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Directive, Location, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_paths import Place
from ansible_collections.webops.django.plugins.plugin_utils.nginx_rewrite import IfBlock, Rewriter
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import KindOf, Route
from ansible_collections.webops.django.plugins.plugin_utils.nginx_server_choice import choose_server
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import normalised
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import UnknownVariableError, Variables

CHANGES = 11
"""Changes of the URI, and internal redirects, at the last of which nginx answers 500 (NGX_HTTP_MAX_URI_CHANGES and one)."""
REDIRECTS = (301, 302, 303, 307, 308)
Step = t.Callable[[], t.Any]


class Request:
    """A request; :meth:`run` gives its route.

    :ivar stays: ``rewrite … break`` changed the URI, so that the location's alias cannot be used.
    :ivar adds_uri: try_files has found the URI behind the alias of a pattern.
    :ivar is_internal: locations that say ``internal`` are open.
    """

    def __init__(self, configuration: Configuration, kind_of: KindOf, parts: SplitResult, port: int | None, address: str | None) -> None:
        self.configuration = configuration
        self.kind_of = kind_of
        self._parts = parts
        self._port = port
        self._address = address
        self.uri = parts.path or "/"
        self.args = parts.query
        self.route = Route()
        self.stays = self.adds_uri = self.is_internal = False
        self.content: Directive | None = None
        self._changes = CHANGES
        self._kept: dict[str, t.Any] | None = None
        self._final = self._had_error_page = False
        self._before: tuple[Route, int, str | None] | None = None
        self.variables = Variables(_values(self, parts, port), configuration.declared)

    def run(self, server: ServerBlock | None = None) -> Route:
        """Return the route."""
        step: Step | None = self._choose(server)
        while step is not None:
            step = step() or self._error_page()
        if self._kept is not None and self._before is None:
            self.route = dataclasses.replace(self.route, **self._kept)
        return self._told()

    def _choose(self, server: ServerBlock | None) -> Step | None:
        """Choose the server block and read the URI."""
        unix = self._address[5:] if self._address and self._address.startswith("unix:") else ""
        choice = choose_server(self.configuration, self._parts.hostname or "", self._port, None if unix else self._address, unix)
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
        if uri is None:
            self.answer(400, "the URI cannot be decoded, or leaves the root", final=True)
            return None
        self.uri = uri
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
        self._changes -= 1
        if self._changes <= 0:
            self.answer(500, "the URI was changed too often", final=True)
        return self._changes > 0

    def _access_phase(self) -> Step | None:
        refused = access(t.cast("Block", self.route.block))
        if refused is not None:
            self.answer(refused[0], refused[1], outcome="denied")
            return None
        route, block = self.route, t.cast("Block", self.route.block)
        route.handler = self.content.name if self.content is not None else "static"
        route.mapping = block.mapping
        if route.mapping is not None:
            with contextlib.suppress(UnknownVariableError):
                route.mapping = route.mapping._replace(folder=Place(block, self.variables).folder() or "/")
        return Content(self).run

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
        if self._kept is None:
            self._kept = {name: getattr(route, name) for name in ("location", "location_reason", "losers", "mapping", "tries")}
        route.tries = []

    def _error_page(self) -> Step | None:
        """Follow the error page of a status; once in a request."""
        route = self.route
        status = 404 if route.outcome == "file" and self.is_missing else route.status or 0
        if self._had_error_page or self._final or status < 300 or self._changes <= 0 or route.outcome == "unknown" or route.block is None:
            return None
        given = route.block.effective("error_page")
        self._had_error_page = bool(given) and not any(item.arguments[:1] == ["on"] for item in route.block.effective("recursive_error_pages"))
        for item in given:
            codes = [word for word in item.arguments[:-1] if not word.startswith("=")]
            if str(status) in codes:
                return self._to_error_page(item, status)
        return None

    def _to_error_page(self, item: Directive, status: int) -> Step | None:
        route = self.route
        overwrite = next((word[1:] for word in item.arguments[:-1] if word.startswith("=")), None)
        try:
            target = self.variables.expand(item.arguments[-1])
        except UnknownVariableError as error:
            route.undecided.append((str(item), item.file, item.line, f"the value of ${error} is not known here"))
            return None
        if self._before is None:
            kept = self._kept or {}
            self._before = (dataclasses.replace(route, **kept, steps=list(route.steps)), status, overwrite)
        else:
            self._before = (self._before[0], status, overwrite)
        self.is_missing = False
        route.outcome, route.status, route.path = "none", None, None
        route.steps.append(f"{item} ({item.file}:{item.line})")
        if target.startswith("@"):
            return self.named(target)
        if target.startswith("/"):
            uri, _question, args = target.partition("?")
            return self.redirect(uri, args)
        code = int(overwrite) if overwrite and overwrite.isdigit() else status
        self.answer(code if code in REDIRECTS else 302, str(item), final=True)
        return None

    is_missing = False

    def _told(self) -> Route:
        """Return the route; where an error page was taken, that of before, with the error page's beside it."""
        if self._before is None:
            return self.route
        before, status, overwrite = self._before
        after = self.route
        own = {"file": 404 if self.is_missing else 200}.get(after.outcome, after.status)
        if after.outcome != "unknown" and after.outcome != "proxy" and own is not None and own < 300:
            after.status = status if overwrite is None else int(overwrite) if overwrite.isdigit() else own
        if after.outcome == "proxy" and before.outcome in ("file", "return"):
            tries = before.tries or [
                (self._parts.path, before.path, "file"),
                (str(after.location.pattern if after.location else ""), None, "fallback"),
            ]
            kept = {name: getattr(before, name) for name in ("location", "location_reason", "losers", "mapping")}
            return dataclasses.replace(after, **kept, tries=tries if before.path else before.tries)
        before.error_page = after
        before.steps = after.steps
        return before

    def answer(self, status: int, why: str, outcome: str = "", final: bool = False) -> Route:
        """End the request with a status.

        :param final: no error page is looked for.
        """
        route = self.route
        route.status, route.outcome = status, outcome or ("redirect" if status in REDIRECTS else "return")
        route.handler = "return" if not outcome else route.handler or "return"
        route.path = None if status in REDIRECTS or not outcome else route.path
        route.steps.append(f"answers {status}: {why}")
        self._final = final
        return route

    def undecided(self, directive: Directive, why: str) -> Route:
        """End the request, for a directive cannot be decided."""
        self.route.undecided.append((str(directive), directive.file, directive.line, why))
        self.unknown()
        return self.route

    def unknown(self) -> None:
        """End the request without knowing how."""
        self.route.outcome = "unknown"

    def place(self) -> Place:
        """Return where the files of the place are at which the request is."""
        return Place(t.cast("Block", self.route.block), self.variables)

    def file_name(self) -> str:
        """Return $request_filename."""
        place = self.place()
        return "" if place.is_alias and self.stays else place.path(self.uri, self.adds_uri)


def _values(request: Request, parts: SplitResult, port: int | None) -> dict[str, str | t.Callable[[], str]]:
    """Return the variables of a plain GET request."""
    host = (parts.hostname or "").lower().removesuffix(".")
    return {
        "host": host,
        "http_host": parts.netloc.rpartition("@")[2],
        "scheme": parts.scheme or "http",
        "request_method": "GET",
        "request_uri": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        "uri": lambda: request.uri,
        "document_uri": lambda: request.uri,
        "args": lambda: request.args,
        "query_string": lambda: request.args,
        "is_args": lambda: "?" if request.args else "",
        "server_port": str(port or ""),
        "https": "on" if parts.scheme == "https" else "",
        "http_cookie": "",
        "http_authorization": "",
        "http_referer": "",
        "http_upgrade": "",
        "content_type": "",
        "content_length": "",
        "request_body": "",
        "http_x_forwarded_proto": "",
        "http_x_requested_with": "",
        "document_root": lambda: request.place().folder(),
        "request_filename": request.file_name,
    }
