# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request on its way through the phases: server rewrite, find location, rewrite, access, try_files, content.

The order is that of ngx_http_phases in src/http/ngx_http_core_module.h.
"""

from __future__ import annotations

import typing as t
from urllib.parse import SplitResult

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Block, Configuration, Directive, Location, Mapping, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_location_choice import choose_location
from ansible_collections.webops.django.plugins.plugin_utils.nginx_rewrite import Rewriter
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import KindOf, Route
from ansible_collections.webops.django.plugins.plugin_utils.nginx_server_choice import choose_server
from ansible_collections.webops.django.plugins.plugin_utils.nginx_uri import normalised
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import UnknownVariableError, Variables, has_variables, numbered

CYCLES = 10
"""Changes of the URI, and internal redirects, after which nginx answers 500 (NGX_HTTP_MAX_URI_CHANGES)."""
REDIRECTS = (301, 302, 303, 307, 308)


class Request:
    """A request; :meth:`run` gives its route."""

    def __init__(self, configuration: Configuration, kind_of: KindOf, parts: SplitResult, port: int | None, address: str | None) -> None:
        self._configuration = configuration
        self._kind_of = kind_of
        self._parts = parts
        self._port = port
        self._address = address
        self.uri = parts.path or "/"
        self.args = parts.query
        self.route = Route()
        self._first: Route | None = None
        self._cycles = 0
        host = (parts.hostname or "").lower()
        self.variables = Variables(
            {
                "host": host,
                "http_host": parts.netloc.rpartition("@")[2],
                "scheme": parts.scheme or "http",
                "request_method": "GET",
                "request_uri": (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                "uri": lambda: self.uri,
                "document_uri": lambda: self.uri,
                "args": lambda: self.args,
                "query_string": lambda: self.args,
                "is_args": lambda: "?" if self.args else "",
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
                "document_root": self._document_root,
            }
        )

    def run(self, server: ServerBlock | None = None) -> Route:
        """Return the route."""
        unix = self._address[5:] if self._address and self._address.startswith("unix:") else ""
        choice = choose_server(self._configuration, self._parts.hostname or "", self._port, None if unix else self._address, unix)
        route = self.route
        route.server, route.server_reason = choice.server, choice.reason
        if server is not None:
            route.server, route.server_reason = server, "it is the site's own"
        elif choice.undecided:
            route.undecided += choice.undecided
            return self._unknown()
        if route.server is None:
            route.steps.append(route.server_reason)
            return route
        route.block = route.server
        self.variables.captures.update(choice.captures)
        self.variables.set("server_name", route.server.names[0] if route.server.names else "")
        route.steps.append(f"server block {route.server.file}:{route.server.line}: {route.server_reason}")
        merge = [item.arguments[0] for item in route.server.effective("merge_slashes") if item.arguments]
        uri = normalised(self.uri, merge[:1] != ["off"])
        if uri is None:
            return self._answer(400, "return", "the URI cannot be decoded, or leaves the root")
        self.uri = uri
        if self._rewrite(route.server) is not None:
            return route
        return self._find()

    def _find(self) -> Route:
        """Choose the location, and go on from there."""
        self._cycles += 1
        route = self.route
        if self._cycles > CYCLES:
            return self._answer(500, "return", "the URI was changed too often")
        choice = choose_location(t.cast("ServerBlock", route.server), self.uri)
        if choice.undecided:
            route.undecided += choice.undecided
            return self._unknown()
        self._take(choice.location, choice.reason, choice.losers)
        if choice.match is not None:
            self.variables.captures.update(numbered(choice.match))
        if choice.redirects:
            return self._answer(301, "redirect", "the URI lacks the slash at its end")
        if choice.location is not None and self._cycles == 1 and choice.location.own("internal"):
            return self._answer(404, "return", f"{choice.location} is internal")
        return self._phases()

    def _take(self, location: Location | None, reason: str, losers: list[tuple[Location, str]]) -> None:
        route = self.route
        route.location, route.location_reason, route.block = location, reason, location or route.server
        if self._cycles == 1:
            route.losers = losers
        where = f"{location} ({location.file}:{location.line})" if location else "no location"
        route.steps.append(f"{where}: {reason}")

    def _phases(self) -> Route:
        """Rewrite, access, try_files, content."""
        route = self.route
        before = self.uri
        done = self._rewrite(t.cast("Block", route.block))
        if done is not None:
            return done
        if self._rewriter.searches_again and self.uri != before:
            return self._find()
        block = t.cast("Block", route.block)
        if _denies_all(block):
            return self._answer(403, "denied", "deny all")
        handler = block.handler
        route.handler = handler
        route.mapping = self._mapping(block)
        tries = block.effective("try_files")
        if tries:
            return self._try_files(tries[0])
        return self._content()

    def _rewrite(self, block: Block) -> Route | None:
        """Run the directives of the rewrite module; return the route if they have ended the request."""
        self._rewriter = Rewriter(self)
        done = self._rewriter.run(block)
        if self._rewriter.block is not None:
            self.route.block = self._rewriter.block
        return done

    def _content(self) -> Route:
        route, block = self.route, t.cast("Block", self.route.block)
        handler = block.handler
        route.handler = handler
        if handler.endswith("_pass"):
            return self._pass(handler, block)
        if handler != "static":
            route.outcome = "unknown"
            route.undecided += [
                (str(item), item.file, item.line, "what this module answers cannot be decided here") for item in block.own(handler)[:1]
            ]
            return route
        path = self._path(self.uri)
        if path is None:
            return self._unknown()
        if self.uri.endswith("/"):
            return self._index(block, path)
        route.path = path
        kind = self._kind_of(path)
        if kind == "directory":
            return self._answer(301, "redirect", f"{path} is a folder")
        route.outcome = "file"
        route.steps.append(f"opens {path}")
        return route

    def _pass(self, handler: str, block: Block) -> Route:
        route = self.route
        item = next(item for item in block.directives if item.name == handler)
        route.outcome = "proxy"
        argument = item.arguments[0] if item.arguments else ""
        if has_variables(argument):
            try:
                argument = self.variables.expand(argument)
            except UnknownVariableError as error:
                route.undecided.append((str(item), item.file, item.line, f"the value of ${error} is not known here"))
        route.upstreams = self._configuration.addresses(argument)
        route.steps.append(f"passes the request to {', '.join(route.upstreams)}")
        return route

    def _index(self, block: Block, path: str) -> Route:
        """A URI with a slash at its end: the first index file that is there, by an internal redirect."""
        route = self.route
        given = [argument for item in block.effective("index") for argument in item.arguments] or ["index.html"]
        for name in given:
            try:
                name = self.variables.expand(name)
            except UnknownVariableError as error:
                route.undecided.append((f"index {name}", *_place(block, "index"), f"the value of ${error} is not known here"))
                return self._unknown()
            if name.startswith("/"):
                return self._redirect_internally(name)
            kind = self._kind_of(path + name)
            if kind is None:
                route.wants.append(path + name)
                route.path = path
                route.outcome = "unknown"
                return route
            if kind:
                return self._redirect_internally(self.uri + name)
        route.path = path
        listing = any(item.arguments[:1] == ["on"] for item in block.effective("autoindex"))
        return self._answer(200 if listing else 403, "return", f"{path} is a folder without an index file")

    def _try_files(self, directive: Directive) -> Route:
        route = self.route
        arguments = directive.arguments
        for argument in arguments[:-1]:
            expanded = self._expanded(argument, directive)
            if expanded is None:
                return self._unknown()
            wants_folder = expanded.endswith("/")
            path = self._try_path(expanded)
            route.tries.append((argument, path, "directory" if wants_folder else "file"))
        route.tries.append((arguments[-1] if arguments else "", None, "fallback"))
        for (argument, path, wanted), given in zip(route.tries[:-1], arguments, strict=False):
            if path is None:
                return self._unknown()
            kind = self._kind_of(path.rstrip("/") if wanted == "directory" else path)
            if kind is None:
                route.wants.append(path)
                route.outcome = "unknown"
                return route
            if kind == wanted:
                route.steps.append(f"try_files finds {path}")
                self.uri = t.cast("str", self._expanded(given, directive))
                if wanted == "directory" and route.handler == "static":
                    return self._index(t.cast("Block", route.block), path)
                if route.handler == "static":
                    route.path, route.outcome = path, "file"
                    return route
                return self._content()
        return self._fall_back(directive)

    def _fall_back(self, directive: Directive) -> Route:
        route = self.route
        last = directive.arguments[-1]
        route.steps.append(f"try_files finds nothing and falls back to {last}")
        if last.startswith("=") and last[1:].isdigit():
            return self._answer(int(last[1:]), "return", f"try_files {last}")
        if last.startswith("@"):
            return self._named(last)
        expanded = self._expanded(last, directive)
        return self._unknown() if expanded is None else self._redirect_internally(expanded)

    def _named(self, name: str) -> Route:
        """Go to a named location; what was tried stays part of the route."""
        route = self.route
        found = next((item for item in t.cast("ServerBlock", route.server).locations if item.modifier == "@" and item.pattern == name), None)
        if found is None:
            return self._answer(500, "return", f"there is no location {name}")
        return self._elsewhere(lambda: self._enter(found))

    def _enter(self, location: Location) -> Route:
        self._take(location, f"try_files falls back to {location.pattern}", [])
        return self._phases()

    def _redirect_internally(self, target: str) -> Route:
        uri, question, args = target.partition("?")
        self.uri = uri if uri.startswith("/") else "/" + uri
        if question:
            self.args = args
        self.route.steps.append(f"goes on with {self.uri}")
        return self._elsewhere(self._find)

    def _elsewhere(self, go: t.Callable[[], Route]) -> Route:
        """Follow an internal redirect; location, mapping and tries of the first place stay, for that is where a fault is."""
        route = self.route
        kept = (route.location, route.location_reason, route.losers, route.mapping, list(route.tries))
        self._cycles = max(self._cycles, 1)
        route.tries = []
        go()
        if kept[4]:
            route.location, route.location_reason, route.losers, route.mapping, route.tries = kept
        return route

    def _expanded(self, text: str, directive: Directive) -> str | None:
        try:
            return self.variables.expand(text)
        except UnknownVariableError as error:
            self.route.undecided.append((str(directive), directive.file, directive.line, f"the value of ${error} is not known here"))
            return None

    def _mapping(self, block: Block) -> Mapping | None:
        """Return the mapping with its variables' values."""
        mapping = block.mapping
        if mapping is None or not has_variables(mapping.folder):
            return mapping
        try:
            return mapping._replace(folder=block.absolute(self.variables.expand(mapping.folder)))
        except UnknownVariableError:
            return mapping

    def _document_root(self) -> str:
        mapping = self.route.block.mapping if self.route.block else None
        return mapping.folder if mapping and not has_variables(mapping.folder) else ""

    def _path(self, uri: str) -> str | None:
        """Return the path that ``root`` or ``alias`` makes of a URI (ngx_http_map_uri_to_path())."""
        block = t.cast("Block", self.route.block)
        mapping = block.mapping
        if mapping is None:
            # nginx's own default, --prefix/html.
            return block.absolute("html") + uri
        try:
            folder = block.absolute(self.variables.expand(mapping.argument))
        except UnknownVariableError as error:
            self.route.undecided.append(
                (f"{mapping.directive} {mapping.argument}", mapping.file, mapping.line, f"the value of ${error} is not known here")
            )
            return None
        if mapping.directive == "root":
            return folder.rstrip("/") + uri
        holder = block.holder("alias")
        if isinstance(holder, Location) and holder.modifier in ("~", "~*"):
            return folder
        prefix = holder.pattern if isinstance(holder, Location) else ""
        return folder + uri[len(prefix) :]

    def _try_path(self, name: str) -> str | None:
        """Return the path of a name that try_files tries: behind an alias without the location's prefix, if it begins with it."""
        block = t.cast("Block", self.route.block)
        mapping = block.mapping
        if mapping is not None and mapping.directive == "alias":
            holder = block.holder("alias")
            folder = self._folder(mapping)
            if folder is None:
                return None
            if isinstance(holder, Location) and holder.modifier in ("~", "~*"):
                return folder + name
            prefix = holder.pattern if isinstance(holder, Location) else ""
            return folder + (name[len(prefix) :] if name[: len(prefix)] == self.uri[: len(prefix)] else name)
        return self._path(name)

    def _folder(self, mapping: Mapping) -> str | None:
        try:
            return t.cast("Block", self.route.block).absolute(self.variables.expand(mapping.argument))
        except UnknownVariableError as error:
            self.route.undecided.append(
                (f"{mapping.directive} {mapping.argument}", mapping.file, mapping.line, f"the value of ${error} is not known here")
            )
            return None

    def _answer(self, status: int, outcome: str, why: str) -> Route:
        route = self.route
        route.status, route.outcome = status, outcome
        route.handler = route.handler or "return"
        route.steps.append(f"answers {status}: {why}")
        return route

    def answer(self, status: int, why: str) -> Route:
        """End the request with a status that the configuration gives."""
        self.route.handler = "return"
        return self._answer(status, "redirect" if status in REDIRECTS else "return", why)

    def undecided(self, directive: Directive, why: str) -> Route:
        """End the request, for a directive cannot be decided."""
        self.route.undecided.append((str(directive), directive.file, directive.line, why))
        return self._unknown()

    def _unknown(self) -> Route:
        self.route.outcome = "unknown"
        return self.route

    def kind_of(self, path: str) -> str | None:
        """Tell what lies at a path."""
        return self._kind_of(path)


def _denies_all(block: Block) -> bool:
    """Tell whether the first rule denies everybody; what comes before it may let the client in."""
    rules = block.effective("deny")
    satisfied = any(item.arguments[:1] == ["any"] for item in block.effective("satisfy"))
    return bool(rules) and rules[0].name == "deny" and rules[0].arguments == ["all"] and not satisfied


def _place(block: Block, name: str) -> tuple[str, int]:
    found = block.effective(name)
    return (found[0].file, found[0].line) if found else ("", 0)
