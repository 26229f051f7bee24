# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files to ask the application itself for, past a cache before it that may keep an old refusal."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_caches import from_cache

MOST = 3
"""Files that are asked for so."""


def past_the_cache(site: SiteView) -> list[tuple[Target, dict[str, t.Any]]]:
    """Return a few files, once, and what is asked otherwise for them than of nginx; none where no cache may be at fault."""
    binds = [bind for bind in site.application.get("binds") or () if bind.get("unix") or bind.get("port")]
    asked = any(answer["kind"] == "app" and answer["site"] == site.name for answer in site.look.get("answers") or ())
    if asked or not binds:
        return []
    bind = binds[0]
    connect = {"unix": bind["unix"]} if bind.get("unix") else {"address": bind.get("address") or "", "port": bind["port"], "tls": False}
    doubtful = [target for target in site.targets if _may_be_cached(target)]
    return [(target, {"kind": "app", "connect": connect, "encodings": []}) for target in doubtful[:MOST]]


def _may_be_cached(target: Target) -> bool:
    """Tell whether nginx passes a URL on, and a cache may have answered that there is no such file."""
    answer, route = target.answer, target.route
    if not answer or answer["status"] not in (404, 410) or route is None or route.outcome != "proxy":
        return False
    kept = route.effective("proxy_cache")
    return bool(kept and kept[-1].arguments[:1] != ["off"]) or bool(from_cache(answer.get("headers") or {}))
