# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One site as a diagnosis sees it: the application, nginx's server block, the files to ask for, and what is known of them."""

from __future__ import annotations

import dataclasses
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route

Document = t.Mapping[str, t.Any]


class Target(t.NamedTuple):
    """One static URL of the site that is followed.

    :ivar url: absolute, as the pages would ask for it.
    :ivar path: relative to STATIC_ROOT.
    :ivar expected: the file that must be served: ``collected``, ``source``, ``app``, ``size``, ``sha256``, ``state``.
    :ivar route: the way that nginx's configuration on disk gives it; None without nginx.
    :ivar answer: what a client got; None if nobody was asked.
    """

    url: str
    path: str
    expected: Document
    route: Route | None
    answer: Document | None

    @property
    def served(self) -> bool:
        """Whether a client got the right bytes."""
        return bool(self.answer and self.answer["status"] == 200 and self.answer["matches"] and self.answer.get("complete") is not False)


@dataclasses.dataclass
class SiteView:
    """A site, and the evidence about it.

    :ivar nginx: the NGINX record whose server block is followed; None where nginx leads nowhere near the application.
    :ivar server: the server block that leads to the application, or that is meant to; None if there is none.
    :ivar servers: all such blocks of that nginx.
    :ivar resolver: over that nginx's configuration on disk.
    :ivar configuration: that configuration.
    :ivar base_url: scheme, host name and port under which the site was asked, with a slash at the end.
    :ivar static_url: absolute prefix under which pages ask for static files.
    :ivar static_root: where collectstatic puts them; empty if that is not known.
    """

    name: str
    application: Document
    nginx: Document | None
    server: ServerBlock | None
    servers: list[ServerBlock]
    resolver: Resolver | None
    base_url: str
    static_url: str
    static_root: str
    connect: Document | None
    evidence: Document
    configuration: Configuration | None = None
    targets: list[Target] = dataclasses.field(default_factory=list)
    unknown: list[str] = dataclasses.field(default_factory=list)
    blame: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def look(self) -> Document:
        """What was seen at paths and URLs."""
        return t.cast("Document", self.evidence["look"])

    @property
    def host(self) -> Document:
        """The host."""
        return t.cast("Document", self.evidence["host"])

    @property
    def static(self) -> Document:
        """What Django says; empty where it could not be asked."""
        return self.application.get("static") or {}

    @property
    def pages(self) -> list[Document]:
        """The site's pages that were asked for."""
        return [page for page in self.look.get("pages", ()) if page["site"] == self.name]

    def path(self, path: str) -> Document | None:
        """Return what is known of a path."""
        return self.look.get("paths", {}).get(os.path.normpath(path) if path else path)

    def worker(self, path: str) -> Document | None:
        """Return what the worker may do with a path."""
        known = self.path(path)
        return (known.get("worker") or {}).get(self.nginx["id"]) if known and self.nginx else None

    def exists(self, path: str) -> bool | None:
        """Tell whether something lies at a path; None where that is not known."""
        known = self.path(path)
        return None if known is None else known["exists"]

    def same(self, one: str, other: str) -> bool:
        """Tell whether two paths are one file or folder, links resolved as far as they are known."""
        if not one or not other:
            return False
        return os.path.normpath(one) == os.path.normpath(other) or self.real(one) == self.real(other)

    def real(self, path: str) -> str:
        """Return a path with links resolved, as far as the part of it that was looked at reaches."""
        rest, head = "", os.path.normpath(path)
        while head not in ("/", "", "."):
            known = self.path(head)
            if known and known.get("realpath"):
                return os.path.normpath(os.path.join(known["realpath"], rest) if rest else known["realpath"])
            head, name = os.path.split(head)
            rest = os.path.join(name, rest) if rest else name
        return os.path.normpath(path)

    def blamed(self, url: str) -> bool:
        """Tell whether a finding of an earlier stage explains what a URL answers."""
        return url in self.blame

    def take(self, findings: t.Iterable[Finding]) -> list[Finding]:
        """Note which URLs findings explain, and return the findings."""
        taken = list(findings)
        for found in taken:
            for url in found.get("urls", ()):
                self.blame.setdefault(url, found["code"])
        return taken

    def failing(self) -> list[Target]:
        """Return the targets that nobody has explained and no client has got."""
        return [target for target in self.targets if not target.served and not self.blamed(target.url)]
