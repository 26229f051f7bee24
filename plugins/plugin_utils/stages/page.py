# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``: do the pages ask for URLs that are served?"""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.finding import Finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages import page_caches, page_origins, page_policy, page_prefix


def findings(site: SiteView) -> list[Finding]:
    """Name why pages ask for other URLs than those that are served, or browsers do not use what they get."""
    caches = page_caches.findings(site)
    told = {url for item in caches for url in item["urls"]}
    return [*page_prefix.findings(site, told), *caches, *page_origins.findings(site), *page_policy.findings(site)]
