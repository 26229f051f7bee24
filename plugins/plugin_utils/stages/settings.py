# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``settings``: what do Django's evaluated settings say?"""

from __future__ import annotations

import collections
import posixpath

from ansible_collections.webops.django.plugins.module_utils.finding import Finding
from ansible_collections.webops.django.plugins.module_utils.static_repairs import new_root
from ansible_collections.webops.django.plugins.module_utils.static_settings_findings import root_fix, settings_findings
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import alias_line, is_prefix, plain_path
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command, restart

NEEDED_ONLY_TO_COLLECT = ("static_root_unset", "staticfiles_app_missing")
"""Of no consequence where the application itself serves every file, as with ``runserver`` or a WhiteNoise that asks the finders."""


def findings(site: SiteView) -> list[Finding]:
    """Name the faults of the settings."""
    if not site.static:
        return []
    served_by_application = bool(site.targets) and all(target.served and target.route and target.route.outcome == "proxy" for target in site.targets)
    alone = bool(site.targets) and site.nginx is None and all(target.served for target in site.targets)
    found = settings_findings(site.static)
    if served_by_application or alone:
        found = [item for item in found if item["code"] not in NEEDED_ONLY_TO_COLLECT]
    if site.targets and all(target.served for target in site.targets):
        # Modes that shut others out do no harm where nginx's worker is the owner.
        found = [item for item in found if item["code"] != "upload_permissions_setting"]
    # Whatever is not in STATIC_ROOT, or not as it must be, is explained by it.
    lacking = [target.url for target in site.targets if not target.served and target.expected["state"] != "same"]
    return [dict(item, urls=lacking, fix=_complete(site, item)) for item in found]


def _complete(site: SiteView, item: Finding) -> str:
    """Return a repair with what only the site tells: nginx's folder, and how the application takes new settings."""
    lines = [item["fix"]]
    if item["code"] in ("static_root_unset", "static_root_in_staticfiles_dirs", "static_root_is_source_dir"):
        lines = _move_root(site, item)
    if item["code"] != "collectstatic_wrong_environment" or site.static.get("manifest_name") or "write:" in item["fix"]:
        lines.append(f"then {restart(site.application)}")
    return "\n".join(lines)


def _move_root(site: SiteView, item: Finding) -> list[str]:
    """Make the folder that nginx serves STATIC_ROOT, if it may be one; else let nginx serve the new folder."""
    mapped = _nginx_folders(site)
    if not mapped:
        return [item["fix"]]
    folder, target = mapped[0]
    if _may_be_root(site, folder):
        return [item["fix"].replace(root_fix(site.static, new_root(site.static)), root_fix(site.static, folder))]
    route = target.route
    lines = [item["fix"]]
    if route is not None and route.mapping is not None and route.location is not None and is_prefix(route.location) and site.nginx:
        line = alias_line(route.location, new_root(site.static))
        lines += [f"then in {route.mapping.file}:{route.mapping.line} write: {line}", f"then {command(site.nginx, 'reload')}"]
    return lines


def _nginx_folders(site: SiteView) -> list[tuple[str, Target]]:
    """Return the folders that nginx takes for STATIC_ROOT, and of each a target that it would find there; the one of most targets first."""
    found: dict[str, Target] = {}
    counted: collections.Counter[str] = collections.Counter()
    for target in site.targets:
        path = plain_path(target.route, target.url) if target.route and target.route.location and target.route.location.pattern != "/" else ""
        if path.startswith("/") and path.endswith(f"/{target.path}"):
            folder = posixpath.normpath(path[: -len(target.path)])
            found.setdefault(folder, target)
            counted[folder] += 1
    return [(folder, found[folder]) for folder, _count in counted.most_common()]


def _may_be_root(site: SiteView, folder: str) -> bool:
    """Tell whether files may be collected into a folder: it holds no sources, is in none, and is the user's, or new and in the project."""
    sources = [source["path"] for source in site.static.get("sources") or ()]
    real = site.real(folder)
    for source in map(site.real, sources):
        if real == source or real.startswith(source.rstrip("/") + "/") or source.startswith(real.rstrip("/") + "/"):
            return False
    project = str(site.static.get("project_path") or "")
    known = site.path(folder) or {}
    if known.get("exists"):
        return known.get("kind") == "directory" and folder != project and known.get("uid") == site.application.get("uid")
    return bool(project) and folder.startswith(project.rstrip("/") + "/")
