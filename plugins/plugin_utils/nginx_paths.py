# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The paths that nginx makes of URIs by ``root`` and ``alias`` (ngx_http_map_uri_to_path())."""

from __future__ import annotations

import os

from ansible_collections.webops.django.plugins.plugin_utils.nginx_model import Block, Location
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import Variables


class Place:
    """Where the files of a block are.

    :ivar prefix: how many characters of the URI the alias replaces; None for ``root`` and for the alias of a pattern.
    :ivar whole: whether the alias of a pattern is the whole path.
    """

    def __init__(self, block: Block, variables: Variables) -> None:
        self._block = block
        self._variables = variables
        found = block.effective("root")
        self.directive = found[-1] if found and found[-1].arguments else None
        holder = block.holder("root") if self.directive is not None and self.directive.name == "alias" else None
        # An if has its location's name.
        while holder is not None and not isinstance(holder, Location) and holder.parent is not None:
            holder = holder.parent
        self.is_alias = holder is not None
        self.whole = isinstance(holder, Location) and holder.modifier in ("~", "~*")
        self.prefix = len(holder.pattern) if isinstance(holder, Location) and not self.whole else 0

    def folder(self) -> str:
        """Return the folder; of ``root`` without the one slash at its end.

        :raises UnknownVariableError: a variable in it is not known.
        """
        argument = self.directive.arguments[0] if self.directive is not None else "html"
        if argument == "/" and not self.is_alias:
            return ""
        if not self.is_alias:
            argument = argument.removesuffix("/")
        if argument.startswith("$"):
            return os.path.join(self._block.prefix, self._variables.expand(argument))
        return self._variables.expand(self._block.absolute(argument))

    def path(self, uri: str, adds_uri: bool = False) -> str:
        """Return the path of a URI.

        :param adds_uri: whether try_files has found the URI behind the alias of a pattern.
        :raises UnknownVariableError: a variable in the folder is not known.
        """
        if self.whole:
            return self.folder() + (uri if adds_uri else "")
        return self.folder() + uri[self.prefix :]
