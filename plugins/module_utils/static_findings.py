# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a project's static files, by the codes of docs/causes.md: the stages ``settings`` and ``collected`` together.

Pure: evidence in, findings out. The controller may run it over a saved document as well as the target over what it has just gathered.
"""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding
from ansible_collections.webops.django.plugins.module_utils.static_collected_findings import collected_findings
from ansible_collections.webops.django.plugins.module_utils.static_settings_findings import settings_findings


def static_findings(evidence: t.Mapping[str, t.Any]) -> list[Finding]:
    """Name the faults, root cause first.

    :param evidence: what ``django_static_info`` gathers; what is not known may be missing.
    """
    of_settings = settings_findings(evidence)
    return [*of_settings, *collected_findings(evidence, of_settings)]
