# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last phases of a request: who may come in, try_files, and who answers."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Directive
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import UnknownVariableError, has_variables

if t.TYPE_CHECKING:
    from ansible_collections.webops.django.plugins.plugin_utils.nginx_request import Request, Step


class NotKnownError(Exception):
    """What would decide is not known; it stands in the route."""


class Content:
    """Answers a request at the place that was chosen."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._block = t.cast(Block, request.route.block)
        self._place = request.place()

    def run(self) -> Step | None:
        """Try files, then answer; return the next step of the request, None if it is answered."""
        try:
            tries = self._block.effective("try_files")
            if tries and len(tries[-1].arguments) > 1:
                if self._alias_is_void():
                    return None
                step = self._try_files(tries[-1])
                if step is not None or self._request.route.outcome != "none":
                    return step
            if self._request.content is not None:
                return self._hand_on(self._request.content)
            return self._index() if self._request.uri.endswith("/") else self._file()
        except NotKnownError:
            self._request.unknown()
            return None

    def _alias_is_void(self) -> bool:
        if self._place.is_alias and self._request.stays:
            self._request.answer(500, "alias cannot be used where rewrite … break changed the URI")
            return True
        return False

    def _expanded(self, text: str, directive: Directive) -> str:
        """Put in the values of variables.

        :raises NotKnownError: one is not known.
        """
        try:
            return self._request.variables.expand(text)
        except UnknownVariableError as error:
            self._note(directive, error)
            raise NotKnownError from error

    def _note(self, directive: Directive, error: UnknownVariableError) -> None:
        self._request.route.undecided.append((str(directive), directive.file, directive.line, f"the value of ${error} is not known here"))

    def _folder(self) -> str:
        try:
            return self._place.folder()
        except UnknownVariableError as error:
            if self._place.directive is not None:
                self._note(self._place.directive, error)
            raise NotKnownError from error

    def _path(self) -> str:
        """Return the path of the URI."""
        uri = self._request.uri
        if self._place.whole:
            return self._folder() + (uri if self._request.adds_uri else "")
        return self._folder() + uri[self._place.prefix :]

    def _kind(self, path: str) -> str:
        """Tell what lies at a path.

        :raises NotKnownError: nobody knows.
        """
        kind = self._request.kind_of(path)
        if kind is None:
            self._request.route.wants.append(path)
            raise NotKnownError
        return kind

    def _try_files(self, directive: Directive) -> Step | None:
        route, request = self._request.route, self._request
        names = [(argument, *self._tried(argument, directive)) for argument in directive.arguments[:-1]]
        last = directive.arguments[-1]
        route.tries = [
            *((argument, path, "directory" if argument.endswith("/") else "file") for argument, _name, path in names),
            (last, None, "fallback"),
        ]
        for argument, name, path in names:
            wanted = "directory" if argument.endswith("/") else "file"
            if self._kind(path) != wanted:
                continue
            route.steps.append(f"try_files finds {path}")
            if not self._place.is_alias:
                request.uri = name
            elif not self._place.whole:
                request.uri = request.uri[: self._place.prefix] + name
            elif wanted == "file":
                request.uri, request.adds_uri = name, True
            return None
        route.steps.append(f"try_files finds nothing and falls back to {last}")
        if last.startswith("="):
            request.answer(int(last[1:]) if last[1:].isdigit() else 500, f"try_files {last}", final=False)
            return None
        target = self._without_prefix(self._expanded(last, directive), last)
        request.keep()
        if target.startswith("@"):
            return request.named(target)
        uri, _question, args = target.partition("?")
        return request.redirect(uri, args)

    def _tried(self, argument: str, directive: Directive) -> tuple[str, str]:
        """Return the name that an argument stands for, behind the folder, and its path."""
        plain = argument.removesuffix("/")
        name = self._without_prefix(self._expanded(plain, directive), plain)
        return name, self._folder() + name

    def _without_prefix(self, name: str, argument: str) -> str:
        """Behind the alias of a prefix, a name with variables that begins with the prefix loses it."""
        prefix = self._place.prefix if self._place.is_alias else 0
        return name[prefix:] if prefix and has_variables(argument) and name[:prefix] == self._request.uri[:prefix] else name

    def _hand_on(self, item: Directive) -> Step | None:
        route, request = self._request.route, self._request
        if not item.name.endswith("_pass"):
            request.undecided(item, "what this module answers cannot be decided here")
            return None
        route.outcome = "proxy"
        argument = item.arguments[0] if item.arguments else ""
        try:
            argument = request.variables.expand(argument)
        except UnknownVariableError as error:
            self._note(item, error)
        route.upstreams = request.configuration.addresses(argument)
        route.steps.append(f"passes the request to {', '.join(route.upstreams)}")
        return None

    def _file(self) -> Step | None:
        if self._alias_is_void():
            return None
        route, path = self._request.route, self._path()
        route.path = path
        kind = self._request.kind_of(path)
        if kind == "directory":
            self._request.answer(301, f"{path} is a folder")
            return None
        route.outcome = "file"
        self._request.is_missing = None if kind is None else kind == ""
        route.steps.append(f"opens {path}")
        return None

    def _index(self) -> Step | None:
        """A URI with a slash at its end: the first index file that is there, by an internal redirect."""
        request, route = self._request, self._request.route
        chance = self._block.effective("random_index")[-1:]
        if chance and chance[0].arguments == ["on"]:
            request.undecided(chance[0], "which file of the folder it takes is chance")
            return None
        given: list[tuple[str, Directive | None]] = [(argument, item) for item in self._block.effective("index") for argument in item.arguments]
        for number, (argument, item) in enumerate(given or [("index.html", None)]):
            if argument.startswith("/") and not has_variables(argument):
                return request.redirect(argument, None)
            if self._alias_is_void():
                return None
            path = self._path()
            name = self._expanded(argument, item) if item is not None else argument
            if name.startswith("/"):
                return request.redirect(name, None)
            route.path = path
            if self._kind(path + name):
                return request.redirect(request.uri + name, None)
            if number == 0 or all(other.startswith("/") for other, _item in given[:number]):
                folder = path.rstrip("/") or "/"
                kind = self._kind(folder)
                if kind != "directory":
                    # Behind the path of a file without a slash nginx finds a name that is not there, in a folder that is a file.
                    request.answer(500 if kind and not path.endswith("/") else 404, f"{folder} is no folder")
                    return None
        if self._alias_is_void():
            return None
        return self._listing()

    def _listing(self) -> Step | None:
        request, path = self._request, self._path()
        request.route.path = path
        listing = self._block.effective("autoindex")
        if listing and listing[-1].arguments[:1] == ["on"]:
            # The module takes the last character for a slash, also where an alias has none there (ngx_http_autoindex_handler()).
            if self._kind(path[:-1] or "/") != "directory":
                request.answer(404, f"{path} is not there")
                return None
            request.answer(200, f"{path} is listed")
            return None
        request.answer(403, f"{path} is a folder without an index file")
        return None
