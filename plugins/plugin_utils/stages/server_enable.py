# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``server``, continued: how a file with a server block comes into effect, and why it is not."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
import shlex
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_endpoints import address_of, client_of
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import instead
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Resolver, Route
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

Document = t.Mapping[str, t.Any]
FOLDERS = ("sites-enabled", "conf.d", "http.d", "vhosts.d")
"""Folders whose files distributions include in the ``http`` block; others, as modules-enabled, are included elsewhere."""
_INCLUDE = re.compile(r"(?<![^\s;{}])include\s+[\"']?([^;\"']+?)[\"']?\s*;")
_COMMENT = re.compile(r"(?<![^\s;{}])#.*")
_PUT_ASIDE = re.compile(r"(?:\.(?:bak|disabled?|old|off|orig|save|dpkg-(?:old|dist|new)|rpm(?:save|new)|\d+)|~)+\Z")


def findings(site: SiteView, urls: t.Sequence[str]) -> list[Finding]:
    """Name the file that holds the site's server block and that no include reaches."""
    nginx, server = t.cast("Document", site.nginx), site.server
    if server is None or server.file not in nginx.get("unreached", {}):
        return []
    link = _link_for(nginx, server.file)
    if link:
        message = f"{link['path']} was meant to enable the site, but {_where_it_leads(link)}."
    else:
        message = f"{server.file} holds the site's server block, but no include of {nginx['main']} reaches it{_why(nginx, server.file)}."
    return [
        dict(
            finding(
                "site_not_enabled",
                "server",
                message,
                f"{enabling(nginx, server.file, link)}\n{command(nginx, 'reload' if nginx['running'] else 'start')}",
                {"file": server.file, "line": server.line, "main": nginx["main"], "link": link},
            ),
            urls=list(urls),
        )
    ]


def stale_copy(site: SiteView) -> list[Finding]:
    """Name the file that people edit while a copy of it, of the same name, is in effect: a link was meant, as Debian has it.

    Only where the file leads to the collected files and the copy does not. The walk goes on in the file.
    """
    nginx, server, failing = site.nginx, site.server, site.failing()
    if nginx is None or server is None or not failing or server.file in (nginx.get("links") or {}):
        return []
    name, copy = os.path.basename(server.file), server.file
    edited = next((path for path in nginx.get("unreached") or {} if path == os.path.join(_available(copy), name)), "")
    configuration = instead(copy, nginx["unreached"][edited], nginx) if edited else None
    block = next((item for item in configuration.servers if set(item.names) & set(server.names)), None) if configuration else None
    if configuration is None or block is None:
        return []
    resolver = Resolver(configuration)
    hit = [target.url for target in failing if _arrives(site, target, resolver, block) and not _arrives(site, target, site.resolver, server)]
    if not hit:
        return []
    # The old copy is kept where no include reaches it.
    kept = f"{os.path.dirname(os.path.dirname(copy))}/{name}.old"
    fix = f"sudo mv {shlex.quote(copy)} {shlex.quote(kept)} && sudo ln -s {shlex.quote(edited)} {shlex.quote(copy)}\n{command(nginx, 'reload')}"
    message = (
        f"{edited} holds the site's server block with a way to the collected files, but nginx reads {copy}: a copy with other content, and no link."
    )
    site.server, site.configuration, site.resolver = block, configuration, resolver
    site.targets = [target._replace(route=_way(site, target, resolver, block)) for target in site.targets]
    evidence = {"file": edited, "line": block.line, "main": nginx["main"], "copy": copy, "link": None}
    return [dict(finding("site_not_enabled", "server", message, fix, evidence), urls=hit)]


def _available(file: str) -> str:
    """Return the folder of files that belongs to a folder of links."""
    base, folder = os.path.split(os.path.dirname(file))
    return os.path.join(base, folder.replace("enabled", "available"))


def _way(site: SiteView, target: Target, resolver: Resolver, block: ServerBlock) -> Route:
    connect = site.connect or {}
    return resolver.route(target.url, address=address_of(connect), port=connect.get("port"), server=block, client=client_of(connect, site.host))


def _arrives(site: SiteView, target: Target, resolver: Resolver | None, block: ServerBlock) -> bool:
    """Tell whether a URL's way through a block ends at the collected file."""
    route = _way(site, target, resolver, block) if resolver else None
    paths = [route.path, *(path for _argument, path, _kind in route.tries)] if route else []
    return any(path and site.same(path, target.expected["collected"]) for path in paths)


def includes(nginx: Document) -> list[str]:
    """Return the patterns of the include directives in effect, as absolute paths."""
    # nginx takes a relative one from the folder of its main file.
    base = os.path.dirname(nginx["main"])
    return [posixpath.normpath(posixpath.join(base, found)) for text in nginx["files"].values() for found in _INCLUDE.findall(_COMMENT.sub("", text))]


def enabling(nginx: Document, file: str, link: Document | None = None) -> str:
    """Return the command that brings a file into effect; what to write, where no folder is included.

    :param link: the broken link that was meant to do so.
    """
    folder, name = os.path.split(file)
    patterns = includes(nginx)
    if link and any(_takes(pattern, link["path"]) for pattern in patterns):
        return f"sudo ln -sfn {shlex.quote(file)} {shlex.quote(link['path'])}"
    own = next((pattern for pattern in patterns if os.path.dirname(pattern) == folder and "*" in pattern), None)
    if own:
        return f"sudo mv {shlex.quote(file)} {shlex.quote(os.path.join(folder, fitting(own, name)))}"
    target = new_file(nginx, name)
    if target:
        return f"sudo ln -s {shlex.quote(file)} {shlex.quote(target)}"
    return f"In the http block of {nginx['main']} write: include {file};\nthen"


def new_file(nginx: Document, name: str) -> str:
    """Return a path by which a file of the given name would be included; empty where no usual folder is."""
    usual = [pattern for wanted in FOLDERS for pattern in includes(nginx) if os.path.basename(os.path.dirname(pattern)) == wanted and "*" in pattern]
    return os.path.join(os.path.dirname(usual[0]), fitting(usual[0], name)) if usual else ""


def fitting(pattern: str, name: str) -> str:
    """Return a name that an include's pattern takes: without what put the file aside, and with the extension that is asked for."""
    wanted = os.path.basename(pattern)
    plain = _PUT_ASIDE.sub("", name) or name
    return next((each for each in (plain, plain + wanted.lstrip("*")) if fnmatch.fnmatchcase(each, wanted)), plain)


def _takes(pattern: str, path: str) -> bool:
    return os.path.dirname(pattern) == os.path.dirname(path) and fnmatch.fnmatchcase(os.path.basename(path), os.path.basename(pattern))


def _why(nginx: Document, file: str) -> str:
    """Say which include passes it over, where there is one for its folder."""
    own = [pattern for pattern in includes(nginx) if os.path.dirname(pattern) == os.path.dirname(file)]
    return f": {own[0]} does not match its name" if own else ""


def _link_for(nginx: Document, file: str) -> Document | None:
    """Return the dangling link that was meant for a file: it has its name, or its target has."""
    name = os.path.basename(file)
    links = nginx.get("dangling") or ()
    return next((link for link in links if name in (os.path.basename(link["path"]), os.path.basename(link["target"]))), None)


def _where_it_leads(link: Document) -> str:
    path, target = str(link["path"]), str(link["target"])
    if posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) == posixpath.normpath(path):
        return f"leads to itself: it was made as a link to {target}, and a link's target is looked for from the link's own folder"
    return f"leads to {target}, which does not exist there"
