# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``server``, continued: two server blocks of one name, of which nginx ignores the one that was read later.

``nginx -t`` only warns then ("conflicting server name"), so that an old copy of a site may win over the file that people edit.
"""

from __future__ import annotations

import fnmatch
import os
import shlex
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_enable import includes

Document = t.Mapping[str, t.Any]


def findings(site: SiteView) -> list[Finding]:
    """Name the block that wins and the one that is ignored, where it is the ignored one that leads to the collected files.

    The walk goes on in the ignored one.
    """
    winner, failing = site.server, site.failing()
    if winner is None or site.configuration is None or site.nginx is None or not failing:
        return []
    for other in later_twins(site, winner):
        mended = {target.url: route for target in failing for route in [_way(site, target, other)] if _arrives(site, target, route)}
        mended = {url: route for url, route in mended.items() if not _arrives(site, _target(site, url), _target(site, url).route)}
        if not mended:
            continue
        found = _finding(site, winner, other, list(mended))
        site.server = other
        site.targets = [target._replace(route=_way(site, target, other)) for target in site.targets]
        return [found]
    return []


def later_twins(site: SiteView, winner: ServerBlock) -> list[ServerBlock]:
    """Return the blocks whose names nginx has given to another one already, in the order of the configuration."""
    blocks = site.configuration.servers if site.configuration else []
    place = next((number for number, block in enumerate(blocks) if _is_same(block, winner)), len(blocks))
    return [block for block in blocks[place + 1 :] if shared_names(winner, block)]


def shared_names(one: ServerBlock, other: ServerBlock) -> list[str]:
    """Return the names that two blocks both have on one socket."""
    if not {(item.address, item.port, item.unix) for item in one.listens} & {(item.address, item.port, item.unix) for item in other.listens}:
        return []
    names = {name.lower() for name in other.names}
    return [name for name in one.names if name and name.lower() in names]


def removal(site: SiteView, block: ServerBlock, kept: ServerBlock) -> str:
    """Return how a block is taken out of effect: its file, where nothing else is in it that others do not have, or the block."""
    blocks = site.configuration.servers if site.configuration else []
    beside = [item for item in blocks if item.file == block.file]
    names = {name.lower() for item in blocks if item.file == kept.file for name in item.names}
    if block.file == kept.file or not all({name.lower() for name in item.names} <= names for item in beside):
        return f"In {block.file} take the server block out that begins at line {block.line}"
    file = shlex.quote(block.file)
    if block.file in ((site.nginx or {}).get("links") or {}):
        return f"sudo rm {file}   # a link; the file that it leads to stays"
    return f"sudo mv {file} {shlex.quote(_aside(site, block.file))}"


def _aside(site: SiteView, file: str) -> str:
    """Return a name for a file by which no include reaches it."""
    patterns = includes(t.cast("Document", site.nginx))
    for name in (f"{file}.disabled", os.path.join(os.path.dirname(os.path.dirname(file)), f"{os.path.basename(file)}.disabled")):
        if not any(fnmatch.fnmatchcase(name, pattern) and os.path.dirname(pattern) == os.path.dirname(name) for pattern in patterns):
            return name
    return f"/root/{os.path.basename(file)}.disabled"


def _target(site: SiteView, url: str) -> Target:
    return next(target for target in site.targets if target.url == url)


def _way(site: SiteView, target: Target, server: ServerBlock) -> Route | None:
    connect = site.connect or {}
    return site.resolver.route(target.url, address=connect.get("address"), port=connect.get("port"), server=server) if site.resolver else None


def _arrives(site: SiteView, target: Target, route: Route | None) -> bool:
    """Tell whether a way ends at the collected file."""
    return bool(route and route.outcome == "file" and route.path and site.same(route.path, target.expected["collected"]))


def _is_same(one: ServerBlock, other: ServerBlock) -> bool:
    return (one.file, one.line) == (other.file, other.line)


def _finding(site: SiteView, winner: ServerBlock, other: ServerBlock, urls: list[str]) -> Finding:
    names = shared_names(winner, other)
    won, lost = f"{winner.file}:{winner.line}", f"{other.file}:{other.line}"
    fix = f"{removal(site, winner, other)}\n{command(t.cast('Document', site.nginx), 'reload')}"
    return dict(
        finding(
            "default_server_wins",
            "server",
            f"Two server blocks have the name {' '.join(names)}. nginx takes the one that it reads first, at {won}, and ignores the one at {lost}, "
            'which leads to the collected files (nginx -t warns of it: "conflicting server name").',
            fix,
            {"asked": names, "answers": won, "site": lost, "server_name": list(other.names)},
        ),
        urls=urls,
    )
