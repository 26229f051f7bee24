# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``: what does a client get for the file?"""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.finding import Finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages import response_application, response_bytes, response_proxy, response_types


def findings(site: SiteView) -> list[Finding]:
    """Name what is wrong with answers whose file is the right one, or that the application gives in nginx's place."""
    return [
        *response_types.findings(site),
        *response_bytes.findings(site),
        *response_proxy.findings(site),
        *response_application.findings(site),
    ]
