# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel could not be asked about nginx's worker, in words."""

from __future__ import annotations

import os

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView

MOST = 5
"""Sentences that are told; more would say the same of other paths."""


def unseen_by_worker(site: SiteView) -> list[str]:
    """Return what of a site's files could not be seen as nginx's worker sees it, and why."""
    if site.nginx is None:
        return []
    told = []
    for path, tree in (site.look.get("trees") or {}).items():
        if site.static_root and path == os.path.normpath(site.static_root):
            told += [f"{path}: {note}" for note in (tree or {}).get("notes") or ()]
    for path, record in (site.look.get("paths") or {}).items():
        said = ((record or {}).get("worker") or {}).get(site.nginx["id"]) or {}
        if said.get("opens") is None and said.get("note"):
            told.append(f"Whether nginx's worker may open {path} is not known: {said['note']}.")
    return list(dict.fromkeys(told))[:MOST]
