# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From evidence to sites: each application with the nginx, the server block, the name and the files by which it is followed."""

from __future__ import annotations

import os
import typing as t
from urllib.parse import quote, urljoin, urlsplit

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils import diagnosis_servers as servers
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_endpoints import address_of, client_of, direct, endpoint, through
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_other_names import other_blocks
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, ServerBlock, read_configuration
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route
from ansible_collections.webops.django.plugins.plugin_utils.stages import location_onwards, page_mount

Document = t.Mapping[str, t.Any]
_SYNTHETIC = "/unreached.conf"
"""Name of a main file that holds nothing but the include of a file which no real one reaches."""


class Front(t.NamedTuple):
    """An nginx, its configuration, and the server blocks in it that belong to an application, the best one first."""

    nginx: Document
    configuration: Configuration
    blocks: list[ServerBlock]


class Hosts:
    """The configurations of a host, each read once.

    :param evidence: the document of a survey; what is looked at later may be added to its part ``look``.
    """

    def __init__(self, evidence: dict[str, t.Any]) -> None:
        self.evidence = evidence
        self.unreadable: list[str] = []
        """Why a configuration could not be understood, a sentence for each."""
        self._configurations: dict[str, Configuration] = {}
        self._resolvers: dict[int, tuple[Configuration, Resolver]] = {}
        for nginx in evidence["nginx"]:
            try:
                self._configurations[nginx["id"]] = read_configuration(
                    nginx["files"],
                    nginx["main"],
                    nginx.get("prefix") or "",
                    nginx.get("globals") or "",
                    shortened=nginx.get("shortened") or (),
                )
            except ExplainedError as error:
                self.unreadable.append(str(error))

    def configuration(self, nginx: Document) -> Configuration | None:
        """Return an nginx's configuration; None where it cannot be read at all."""
        return self._configurations.get(nginx["id"])

    def sites(self) -> list[SiteView]:
        """Return the host's sites, each with its own name."""
        found: list[SiteView] = []
        for site in (site for application in self.evidence["applications"] for site in self._sites_of(application)):
            number, name = 2, site.name
            while any(other.name == site.name for other in found):
                site.name = f"{name} {number}"
                number += 1
            found.append(site)
        return found

    def names(self) -> dict[str, dict[str, t.Any]]:
        """Return every host name that an nginx of this host serves, and where a client connects to for it."""
        found: dict[str, dict[str, t.Any]] = {}
        for nginx in self.evidence["nginx"]:
            configuration = self.configuration(nginx)
            for block in configuration.servers if configuration and nginx["running"] else ():
                connect, _base = endpoint(block, {}, dict(self.evidence, options={}), configuration)
                for name in block.names:
                    if connect and servers.is_askable(name):
                        found.setdefault(name.lower(), connect)
        return found

    def _sites_of(self, application: Document) -> list[SiteView]:
        """Return an application's site, and one more for each name under which its static files are served another way."""
        front = self._front(application)
        first = self._site(application, front, front.blocks[0] if front else None)
        others = other_blocks(application, front.configuration, front.blocks, self.evidence) if front else []
        return [first, *(self._site(application, front, block) for block in others)]

    def _site(self, application: Document, front: Front | None, server: ServerBlock | None) -> SiteView:
        static = application.get("static") or {}
        connect, base = (
            endpoint(server, static, self.evidence, front.configuration if front else None) if server else direct(application, static, self.evidence)
        )
        broken = None if front else self._unreadable_front(application)
        if broken is not None:
            connect, base = through(broken, static, self.evidence)
        static_url = urljoin(base, static.get("static_url") or "/static/")
        return SiteView(
            name=servers.site_name(application, server),
            application=application,
            nginx=front.nginx if front else broken,
            server=server,
            servers=front.blocks if front else [],
            resolver=self._resolver(front.configuration) if front else None,
            configuration=front.configuration if front else None,
            base_url=base,
            static_url=static_url if static_url.endswith("/") else f"{static_url}/",
            static_root=static.get("storage_location") or static.get("static_root") or "",
            connect=connect,
            evidence=self.evidence,
        )

    def _resolver(self, configuration: Configuration) -> Resolver:
        known = self._resolvers.get(id(configuration))
        if known is None:
            known = self._resolvers[id(configuration)] = (configuration, Resolver(configuration, self._kind_of))
        return known[1]

    def _kind_of(self, path: str) -> str | None:
        """Tell what lies at a path, "" for nothing, None where nobody has looked yet."""
        known = self.evidence["look"].get("paths", {}).get(os.path.normpath(path))
        if known is None or known["exists"] is None:
            return None
        return str(known.get("kind") or "") if known["exists"] else ""

    def _front(self, application: Document) -> Front | None:
        """Return the nginx and the server blocks that lead to an application, or that are meant to."""
        running_first = sorted(self.evidence["nginx"], key=lambda nginx: not nginx["running"])
        for choose in (self._by_upstream, self._by_unreached_file, self._by_folder_or_name):
            for nginx in running_first:
                front = choose(nginx, application)
                if front is not None:
                    return front
        return None

    def _unreadable_front(self, application: Document) -> Document | None:
        """Return an nginx whose configuration cannot be understood, or leads nowhere as it is broken, but speaks of the application."""
        words = [str(bind.get("unix") or f":{bind.get('port')}") for bind in application["binds"]]
        for nginx in self.evidence["nginx"]:
            texts = [*nginx["files"].values(), *(nginx.get("unreached") or {}).values()]
            unclear = self.configuration(nginx) is None or (nginx.get("test") or {}).get("valid") is False
            if unclear and any(word in text for word in words for text in texts):
                return t.cast("Document", nginx)
        return None

    def _by_upstream(self, nginx: Document, application: Document) -> Front | None:
        configuration = self.configuration(nginx)
        blocks = servers.servers_to(application, configuration, self.evidence) if configuration else []
        return Front(nginx, t.cast("Configuration", configuration), _best_first(blocks)) if blocks else None

    def _by_unreached_file(self, nginx: Document, application: Document) -> Front | None:
        for path, text in (nginx.get("unreached") or {}).items():
            configuration = alone(path, text, nginx)
            blocks = servers.servers_to(application, configuration, self.evidence) if configuration else []
            if blocks:
                return Front(nginx, t.cast("Configuration", configuration), _best_first(blocks))
        return None

    def _by_folder_or_name(self, nginx: Document, application: Document) -> Front | None:
        """An application whose socket is another than nginx thinks, or that does not run: by its files, or by its names."""
        configuration, static = self.configuration(nginx), application.get("static") or {}
        if configuration is None or not static:
            return None
        roots = {(static.get("storage_location") or static.get("static_root") or "").rstrip("/")} - {""}
        by_folder = [block for block in configuration.servers if any(_maps(location, roots) for location in servers.locations(block))]
        names = set(servers.allowed_names(static))
        others = [other for other in self.evidence["applications"] if other is not application]
        by_name = [
            block
            for block in configuration.servers
            if names & {name.lstrip(".").lower() for name in block.names}
            # Two projects may admit one name, as copies do: the block belongs to the one that it leads to.
            and not any(servers.leads_to(upstream, other, self.evidence) for upstream in servers.upstreams(block) for other in others)
        ]
        proxying = [block for block in configuration.servers if any(servers.upstreams(block))]
        only = proxying if len(proxying) == 1 and len(self.evidence["applications"]) == 1 else []
        blocks = by_folder or by_name or only
        return Front(nginx, configuration, _best_first(blocks)) if blocks else None


def _maps(location: t.Any, roots: set[str]) -> bool:
    mapping = location.mapping
    return bool(mapping) and (mapping.folder.rstrip("/") in roots or mapping.folder.rstrip("/") + location.pattern.rstrip("/") in roots)


def alone(path: str, text: str, nginx: Document) -> Configuration | None:
    """Read a file that no include reaches, as if it stood in the http block."""
    files = {**nginx["files"], path: text, _SYNTHETIC: f"http {{ include {path}; }}"}
    try:
        return read_configuration(files, _SYNTHETIC, nginx.get("prefix") or "")
    except ExplainedError:
        return None


def instead(path: str, text: str, nginx: Document) -> Configuration | None:
    """Read a configuration as if a file of it had another text; None where nothing can be made of it."""
    try:
        return read_configuration({**nginx["files"], path: text}, nginx["main"], nginx.get("prefix") or "", nginx.get("globals") or "")
    except ExplainedError:
        return None


def _best_first(blocks: list[ServerBlock]) -> list[ServerBlock]:
    """Put https before http, for that is where browsers end."""
    return sorted(blocks, key=lambda block: not any(listen.ssl for listen in block.listens))


def fill_targets(site: SiteView) -> None:
    """Put together what is known of each static URL of the site."""
    used = page_mount.used_prefix(site)
    if used:
        # A proxy may tell the application of a sub-path, which settings alone do not know.
        site.static_url = used
    site.unknown = []
    if _is_elsewhere(site):
        site.unknown.append(f"STATIC_URL {site.static_url} is on a host that no server block here names, so it was not followed.")
        site.targets = []
        return
    answers = {answer["id"]: answer for answer in site.look.get("answers", ()) if answer["site"] == site.name and answer["kind"] == "file"}
    site.targets = [_target(site, item, answers) for item in site.application["sample"]]
    known = {target.url for target in site.targets}
    for page in site.pages:
        for reference in page.get("references", ()):
            target = _from_page(site, reference)
            if target is not None and target.url not in known:
                known.add(target.url)
                site.targets.append(target)


def _is_elsewhere(site: SiteView) -> bool:
    """Tell whether static files come from a host name that nothing on this host serves, such as a CDN's."""
    host = (urlsplit(site.static_url).hostname or "").lower()
    if host == (urlsplit(site.base_url).hostname or "").lower():
        return False
    return not any(servers.matches(name, host) for block in (site.configuration.servers if site.configuration else ()) for name in block.names)


def static_url_of(site: SiteView, path: str) -> str:
    """Return the URL of a static file by its path below STATIC_ROOT."""
    return site.static_url + quote(path, safe="/~:@!$&'()*+,;=", errors="surrogateescape")


def _target(site: SiteView, item: Document, answers: Document) -> Target:
    url = static_url_of(site, item["path"])
    return Target(url, item["path"], item, route_of(site, url), answers.get(url))


def route_of(site: SiteView, url: str) -> Route | None:
    """Return the way of a URL through the site's own server block, also where another one answers its name."""
    if site.resolver is None or site.server is None:
        return None
    connect = site.connect or {}
    same_host = urlsplit(url).hostname == urlsplit(site.base_url).hostname
    route = site.resolver.route(
        url,
        address=address_of(connect),
        port=connect.get("port"),
        server=site.server if same_host else None,
        client=client_of(connect, site.host),
    )
    return location_onwards.followed(site, route, url)


def _from_page(site: SiteView, reference: Document) -> Target | None:
    """A file that a page asks for and does not get, and that lies in STATIC_ROOT all the same."""
    url = reference["url"].partition("#")[0].partition("?")[0]
    if reference.get("status") == 200 or not url.startswith(site.static_url) or not site.static_root:
        return None
    path = url[len(site.static_url) :]
    collected = f"{site.static_root.rstrip('/')}/{path}"
    if not site.exists(collected):
        return None
    expected = {
        "path": path,
        "source_path": path,
        "collected": collected,
        "source": "",
        "app": "",
        "state": "unknown",
        "size": None,
        "sha256": None,
        "hashed": False,
    }
    answer = {
        "status": reference.get("status"),
        "error": reference.get("error", ""),
        "matches": None,
        "server": reference.get("server", "unknown"),
        "content_type": reference.get("content_type", ""),
        "headers": {},
        "complete": None,
        "location": "",
        "encoded": {},
        "start": "",
    }
    return Target(url, path, expected, route_of(site, url), answer)
