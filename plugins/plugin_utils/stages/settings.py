# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``settings``: what do Django's evaluated settings say?"""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.finding import Finding
from ansible_collections.webops.django.plugins.module_utils.static_settings_findings import settings_findings
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView

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
    return [dict(item, urls=lacking) for item in found]
