# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``, continued: whether nginx serves the files under another prefix than the pages ask for, which the stage ``page`` names."""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import is_prefix, mapped_by
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import locations
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Location, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.stages import page_mount


def static_prefix(site: SiteView) -> str:
    """Return the path under which pages ask for static files."""
    return urlsplit(site.static_url).path or "/static/"


def intended(site: SiteView, target: Target) -> tuple[Location, str] | None:
    """Return the location that was meant for a URL and lost, and why it lost: beside the one that was chosen, or around it."""
    route = target.route
    if route is None or _is_meant_itself(site, route.location):
        return None
    prefix = static_prefix(site).rstrip("/")
    own = route.location is not None and bool(route.location.own_together("root") or route.location.upstreams)
    around = [(location, "a location inside it goes first") for location in route.location.parents] if route.location and own else []
    for location, why in [*route.losers, *around, *_later(route.location)]:
        if location.mapping is None or location.pattern == "/":
            continue
        path = mapped_by(location, target.url)
        own = is_prefix(location) and location.pattern.rstrip("/") == prefix
        if path and (own or site.same(path, target.expected["collected"])):
            return location, why
    return None


def _is_meant_itself(site: SiteView, winner: Location | None) -> bool:
    """Tell whether a longer location is for a part of the static files, by an alias of its own to a folder that is not there.

    Then it is not in the way of another one: what is wrong is its folder.
    """
    if winner is None or winner.modifier not in ("", "^~") or not winner.pattern.startswith(static_prefix(site)):
        return False
    mapping = winner.mapping if winner.own("alias") else None
    return mapping is not None and winner.pattern != static_prefix(site) and site.exists(mapping.folder) is False


def _later(winner: Location | None) -> list[tuple[Location, str]]:
    """Return the patterns behind the one that was chosen: nginx does not even look at them."""
    block = winner.parent if winner is not None and winner.modifier in ("~", "~*") else None
    patterns = block.table.patterns if isinstance(block, (Location, ServerBlock)) else []
    return [(item, "a pattern before it matches") for item in patterns[patterns.index(winner) + 1 :]] if winner in patterns else []


def serves_elsewhere(site: SiteView) -> Location | None:
    """Return a location of the server block that serves STATIC_ROOT under another prefix than the pages ask for."""
    if site.server is None or not site.static_root:
        return None
    for location in locations(site.server):
        mapping = location.mapping
        if mapping is None or not is_prefix(location) or location.pattern.rstrip("/") == static_prefix(site).rstrip("/"):
            continue
        folder = mapping.folder if mapping.directive == "alias" else mapping.folder.rstrip("/") + location.pattern
        # A URI begins with a slash: a location without one is never chosen.
        if location.pattern != "/" and location.pattern.startswith("/") and site.same(folder, site.static_root):
            return location
    return None


def left_to_pages(site: SiteView, target: Target) -> bool:
    """Tell whether a URL fails because nobody should ask for it: its prefix has no location of its own, and the files have another one."""
    location = target.route.location if target.route else None
    own = location is not None and is_prefix(location) and location.pattern.rstrip("/") == static_prefix(site).rstrip("/")
    return not own and (serves_elsewhere(site) is not None or page_mount.explains(site))
