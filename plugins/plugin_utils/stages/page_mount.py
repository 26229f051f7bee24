# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an application is mounted: the sub-path that it is told, and the one whose location leads to it."""

from __future__ import annotations

import collections
import re
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import leads_to, locations
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Location
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_names import bare, known_names, references, split

HEADERS = ("script_name", "script-name", "x-script-name", "x-forwarded-prefix")
"""By which a proxy tells an application where it is mounted."""
_IN_COMMAND = re.compile(r"(?:^|[\s,=])SCRIPT_NAME=(/[^\s,]*)|--root-path[= ](/\S*)|--mount[= ](/[^=\s]*)=")


def explains(site: SiteView) -> bool:
    """Tell whether the sub-path that the application is mounted at explains why URLs under STATIC_URL lead nowhere.

    Then the stages ``location`` and ``file`` have nothing to say: nginx has no place for such URLs because nobody should ask for them.
    """
    asked = urlsplit(site.static_url).path
    script, mount = script_name(site), mount_of(site)
    if script and script_fault(script, asked, "", site):
        return True
    return bool(mount and site.static.get("whitenoise") and not asked.startswith(f"{mount}/") and not _has_location(site, asked))


def used_prefix(site: SiteView) -> str | None:
    """Return the absolute URL prefix under which pages ask for most known files, and get them; None if they get none."""
    names = known_names(site)
    counted: collections.Counter[str] = collections.Counter()
    for _page, reference in references(site):
        url = bare(reference["url"])
        prefix, name = (
            split(urlsplit(url).path, names) if reference.get("status") == 200 and reference.get("content_type") != "text/html" else ("", "")
        )
        if name:
            counted[url[: url.index(urlsplit(url).path)] + prefix] += 1
    return counted.most_common(1)[0][0] if counted else None


def script_name(site: SiteView) -> str:
    """Return the sub-path that the application is told to be mounted at, without a slash at its end; empty if it is told none."""
    given = str(site.static.get("force_script_name") or "").rstrip("/")
    if given:
        return given
    for location in _to_application(site):
        for name in ("proxy_set_header", "uwsgi_param"):
            for directive in location.effective(name):
                value = directive.arguments[1] if len(directive.arguments) > 1 else ""
                if directive.arguments and directive.arguments[0].lower() in HEADERS and value.startswith("/") and value != "/":
                    return value.rstrip("/")
    match = _IN_COMMAND.search(" ".join(site.application.get("command") or ()))
    if match:
        return next(group for group in match.groups() if group).rstrip("/")
    return mount_of(site) if "SCRIPT_NAME" in (site.application.get("environment_names") or ()) else ""


def mount_of(site: SiteView) -> str:
    """Return the sub-path whose location passes requests to the application, if there is no location for the rest; without a slash at its end."""
    prefixes = [
        location.pattern.rstrip("/") for location in _to_application(site) if location.modifier in ("", "^~") and location.pattern.startswith("/")
    ]
    return prefixes[0] if prefixes and "" not in prefixes else ""


def _to_application(site: SiteView) -> list[Location]:
    if site.server is None:
        return []
    return [
        location for location in locations(site.server) if any(leads_to(upstream, site.application, site.evidence) for upstream in location.upstreams)
    ]


def script_fault(script: str, asked: str, served: str, site: SiteView) -> str:
    """Tell whether links ``lack`` or ``double`` the sub-path; empty if it is something else."""
    if asked == script + served or asked.startswith(f"{script}{script}/"):
        return "double"
    if asked.startswith(script + "/"):
        return ""
    if served:
        return "lack" if served == script + asked else ""
    # Nothing but the sub-path is served here, by whomever.
    return "lack" if mount_of(site) == script and not _has_location(site, asked) else ""


def _has_location(site: SiteView, prefix: str) -> bool:
    return site.server is not None and any(location.pattern.rstrip("/") == prefix.rstrip("/") for location in locations(site.server))
