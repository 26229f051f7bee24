# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``collected``: is every file that the finders know in STATIC_ROOT, with the same content?"""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.module_utils.static_collected_findings import collected_findings
from ansible_collections.webops.django.plugins.module_utils.static_settings_findings import settings_findings
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages import collected_mounts, page_references
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_names import known_names
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import restart

ABOUT_THE_TREE = ("collectstatic_not_run", "collectstatic_stale", "collectstatic_failed", "symlink_broken")


def findings(site: SiteView) -> list[Finding]:
    """Name the faults of the collected tree, and what pages ask for and no finder knows."""
    mounts = collected_mounts.findings(site)
    if not site.static:
        return [*mounts, *page_references.findings(site)]
    explained = settings_findings(site.static)
    found = collected_findings(site.static, explained)
    if _is_not_needed(site) or (site.static.get("static_root_relative") and site.targets and all(target.served for target in site.targets)):
        # What a relative STATIC_ROOT means to the service may be another folder, the one that nginx serves.
        found = [item for item in found if item["code"] not in ABOUT_THE_TREE or _fails_pages(site, item)]
    found = _behind_broken_link(site, found)
    if mounts:
        # A folder behind a mount is stale or empty because of the mount.
        found = [item for item in found if item["code"] not in ("collectstatic_not_run", "collectstatic_stale")]
    lacking = [target.url for target in site.targets if not target.served and target.expected["state"] not in ("same", "unknown")]
    told = [dict(item, urls=lacking if item["code"] in ABOUT_THE_TREE else [], fix=_with_restart(site, item)) for item in found]
    return [*mounts, *told, *_of_pages(site, told)]


def _with_restart(site: SiteView, item: Finding) -> str:
    """A storage with a manifest reads it once, when the application starts."""
    again = item["code"] in ABOUT_THE_TREE and site.static.get("manifest_name") and site.application.get("pids")
    return f"{item['fix']}\nthen {restart(site.application)}" if again else str(item["fix"])


def _behind_broken_link(site: SiteView, found: list[Finding]) -> list[Finding]:
    """STATIC_ROOT, or a folder above it, is a link that leads nowhere: nothing can be collected into it, and what was collected is elsewhere."""
    record = site.path(site.static_root) if site.static_root else None
    links = [item for item in (record or {}).get("chain") or () if item.get("link")]
    if record is None or record.get("exists") is not False or not links or not any(item["code"] == "collectstatic_not_run" for item in found):
        return found
    link = links[-1]
    broken = finding(
        "symlink_broken",
        "collected",
        f"STATIC_ROOT {site.static_root} leads by the link {link['path']} to {link['link']}, which does not exist; nginx finds nothing there, "
        "and collectstatic cannot write there either.",
        f"ls -ld {link['path']}; then point it at the folder that holds the collected files: sudo ln -sfn <that folder> {link['path']}",
        {"link": link["path"], "target": link["link"], "STATIC_ROOT": site.static_root},
    )
    return [broken, *(item for item in found if item["code"] not in ("collectstatic_not_run", "collectstatic_failed"))]


def _of_pages(site: SiteView, told: list[Finding]) -> list[Finding]:
    """Return what pages ask for in vain, without what is an effect of the tree's own fault: a file that is known, and was not collected."""
    known = {item["code"] for item in told}
    names = known_names(site) if known & set(ABOUT_THE_TREE) else {}
    found = [item for item in page_references.findings(site) if item["code"] not in known]
    return [item for item in found if not (item["examples"] and all(name in names for name in item["examples"]))]


def _fails_pages(site: SiteView, item: Finding) -> bool:
    """Tell whether pages end with an error for want of the manifest, however well each file is served."""
    return bool(item["evidence"].get("manifest_missing")) and any((page.get("status") or 0) >= 500 for page in site.pages)


def _is_not_needed(site: SiteView) -> bool:
    """Tell whether the application itself serves every file, from the sources."""
    return bool(site.targets) and all(target.served and (target.route is None or target.route.outcome == "proxy") for target in site.targets)
