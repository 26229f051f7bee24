# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``file``, continued: nginx maps a folder that only another container has."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import locations
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Location
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

Document = t.Mapping[str, t.Any]


def findings(site: SiteView) -> list[Finding]:
    """Name a mapped folder that is not there for nginx, and that is the application's in its container."""
    if site.server is None or site.nginx is None or not site.application.get("in_container"):
        return []
    for location in locations(site.server):
        folder = _folder(location)
        if folder and _is_absent(site, folder):
            why = _theirs(site, folder)
            if why:
                return [_finding(site, location, folder, why)]
    return []


def _folder(location: Location) -> str:
    """Return the folder in which a location looks for files; empty where it is no prefix's."""
    mapping = location.mapping
    if mapping is None or location.modifier in ("~", "~*", "@") or location.pattern == "/" or any(location.upstreams):
        return ""
    return mapping.folder if mapping.directive == "alias" else mapping.folder.rstrip("/") + location.pattern


def _is_absent(site: SiteView, folder: str) -> bool:
    """Tell whether nginx finds no such folder, in its own view if that is known."""
    said = site.worker(folder)
    if said and said.get("opens") is not None:
        return said["opens"] is False and said.get("error") in ("ENOENT", "ENOTDIR")
    return site.exists(folder) is False


def _theirs(site: SiteView, folder: str) -> str:
    """Tell what shows that the application's container has the folder; empty where nothing does."""
    application = site.application
    path = folder.rstrip("/")
    master = application.get("master_pid")
    if master and site.exists(f"/proc/{master}/root{path}"):
        return f"/proc/{master}/root{path} exists"
    root = site.static_root.rstrip("/")
    if root and (path == root or path.startswith(root + "/")):
        return f"STATIC_ROOT is {root} there"
    for name in ("project_path", "cwd"):
        place = str(application.get(name) or "").rstrip("/")
        if place and path.startswith(place + "/"):
            return f"the application runs in {place} there"
    return ""


def _finding(site: SiteView, location: Location, folder: str, why: str) -> Finding:
    mapping = t.cast("t.Any", location.mapping)
    at = f"{mapping.file}:{mapping.line}"
    application = site.application
    home = f"/srv/{site.name.split(' ')[0]}"
    source = f"{home}/static"
    argument = f"{source}/" if mapping.directive == "alias" else home
    return dict(
        finding(
            "container_path_mismatch",
            "file",
            f"{mapping.directive} {mapping.argument} at {at} names {folder}, a path of the application's container ({why}): for nginx, outside "
            "of it, there is no "
            f"such folder.",
            f"Mount a folder of the host into the container (-v {source}:{folder.rstrip('/')}), collect, and at {at} write: {mapping.directive} "
            f"{argument};\nthen {command(t.cast('Document', site.nginx), 'reload')}",
            {"directive": f"{mapping.directive} {mapping.argument}", "at": at, "folder": folder, "application": application["id"], "why": why},
        ),
        urls=[target.url for target in site.targets if not target.served],
    )
