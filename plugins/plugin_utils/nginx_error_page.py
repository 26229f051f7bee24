# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error pages: which one a status leads to, and what is told of the way before it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Directive
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import UnknownVariableError

if t.TYPE_CHECKING:
    from ansible_collections.webops.django.plugins.plugin_utils.nginx_request import Request, Step
    from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route

REDIRECTS = (301, 302, 303, 307, 308)


class ErrorPages:
    """The error pages of one request (ngx_http_special_response_handler()).

    :ivar before: the route up to the error page, the status, and the one that ``=`` makes of it; None as long as there was none.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._had = False
        self.before: tuple[Route, int, str | None] | None = None

    def follow(self) -> Step | None:
        """Follow the error page of the status that the request has ended with; once in a request."""
        request, route = self._request, self._request.route
        status = 404 if route.outcome == "file" and request.is_missing else route.status or 0
        if self._had or request.final or status < 300 or request.changes_left <= 0 or route.outcome == "unknown" or route.block is None:
            return None
        given = route.block.effective("error_page")
        self._had = bool(given) and not any(item.arguments[:1] == ["on"] for item in route.block.effective("recursive_error_pages"))
        for item in given:
            codes = [word for word in item.arguments[:-1] if not word.startswith("=")]
            if str(status) in codes:
                return self._to(item, status)
        return None

    def _to(self, item: Directive, status: int) -> Step | None:
        request, route = self._request, self._request.route
        overwrite = next((word[1:] for word in item.arguments[:-1] if word.startswith("=")), None)
        try:
            target = request.variables.expand(item.arguments[-1])
        except UnknownVariableError as error:
            route.undecided.append((str(item), item.file, item.line, f"the value of ${error} is not known here"))
            return None
        if self.before is None:
            kept = request.kept or {}
            self.before = (dataclasses.replace(route, **kept, steps=list(route.steps)), status, overwrite)
        else:
            self.before = (self.before[0], status, overwrite)
        request.is_missing = False
        route.outcome, route.status, route.path, route.refusal = "none", None, None, None
        route.steps.append(f"{item} ({item.file}:{item.line})")
        if target.startswith("@"):
            return request.named(target)
        if target.startswith("/"):
            uri, _question, args = target.partition("?")
            return request.redirect(uri, args)
        code = int(overwrite) if overwrite and overwrite.isdigit() else status
        request.answer(code if code in REDIRECTS else 302, str(item), final=True)
        return None

    def told(self, after: Route, path: str) -> Route:
        """Return the route; where an error page was taken, that of before, with the error page's beside it.

        :param path: of the URL that was asked for.
        """
        if self.before is None:
            return after
        before, status, overwrite = self.before
        own = {"file": 404 if self._request.is_missing else 200}.get(after.outcome, after.status)
        if after.outcome != "unknown" and after.outcome != "proxy" and own is not None and own < 300:
            after.status = status if overwrite is None else int(overwrite) if overwrite.isdigit() else own
        if after.outcome == "proxy" and before.outcome in ("file", "return"):
            tries = before.tries or [(path, before.path, "file"), (str(after.location.pattern if after.location else ""), None, "fallback")]
            kept = {name: getattr(before, name) for name in ("location", "location_reason", "losers", "mapping")}
            return dataclasses.replace(after, **kept, tries=tries if before.path else before.tries)
        before.error_page = after
        before.steps = after.steps
        return before
