# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How locations are told and written: names, places, and blocks that can be pasted."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.static_repairs import new_root
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Location
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_prefix import static_prefix

INDENT = "        "


def name_of(location: Location | None) -> str:
    """Return a location as it is written."""
    return str(location) if location else "the server block itself"


def place(item: t.Any) -> str:
    """Return file and line of a location, a server block or a directive."""
    return f"{item.file}:{item.line}"


def root_of(site: SiteView) -> str:
    """Return STATIC_ROOT, without a slash at its end; where it is not set, the folder that its own repair names."""
    return site.static_root.rstrip("/") or (new_root(site.static) if site.static else "<STATIC_ROOT>")


def new_location(site: SiteView, more: t.Sequence[str] = (), prefix: str = "") -> str:
    """Return a location for the static files, to be pasted.

    :param more: lines that it needs beside its alias.
    :param prefix: under which files are asked for, if that is another than STATIC_URL.
    """
    lines = "".join(f"\n{INDENT}{line}" for line in more)
    return f"    location ^~ {prefix or static_prefix(site)} {{\n{INDENT}alias {root_of(site)}/;{lines}\n    }}"


def add_location(site: SiteView, more: t.Sequence[str] = (), prefix: str = "") -> str:
    """Return where to write a location for the static files, and what.

    nginx takes no two locations of one prefix, so that one which is there already gives way.
    """
    server = t.cast("t.Any", site.server)
    wanted = prefix or static_prefix(site)
    same = next((item for item in server.locations if item.modifier in ("", "^~") and item.pattern == wanted), None)
    where = f"Write in the place of {name_of(same)} at {place(same)}" if same else f"Add to the server block at {place(server)}"
    return f"{where}:\n{new_location(site, more, prefix)}"
