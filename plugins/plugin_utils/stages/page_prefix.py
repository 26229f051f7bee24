# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``, continued: pages ask under another prefix than the one that is served."""

from __future__ import annotations

import typing as t
from urllib.parse import urljoin, urlsplit

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.module_utils.static_repairs import write
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_prefix import serves_elsewhere, static_prefix
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_repair import add_location
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_mount import mount_of, script_fault, script_name
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_names import bare, failed, known_names, references, split
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command, restart


class Asked(t.NamedTuple):
    """A prefix that pages use in vain.

    :ivar urls: what was asked for under it.
    :ivar page: the first page that does; empty where no page was seen and the settings say it.
    :ivar raw: the reference as that page writes it.
    """

    prefix: str
    urls: list[str]
    page: str
    raw: str


def findings(site: SiteView, told: t.Collection[str] = ()) -> list[Finding]:
    """Name a prefix under which pages ask, and that leads nowhere.

    :param told: URLs that another finding of this stage explains.
    """
    asked = _asked(site, told)
    if not asked:
        return []
    script = script_name(site)
    found = []
    for item in asked:
        served = served_prefix(site, item.prefix)
        if script and script_fault(script, item.prefix, served, site):
            found.append(_script_name(site, item, script, served))
        elif served:
            found.append(_mismatch(site, item, served))
    return list(_by_code(found).values())


def _by_code(found: t.Sequence[Finding]) -> dict[str, Finding]:
    """Join findings of one code: several wrong prefixes are told as one."""
    joined: dict[str, Finding] = {}
    for item in found:
        first = joined.setdefault(item["code"], item)
        if first is not item:
            first["urls"] = [*first["urls"], *(url for url in item["urls"] if url not in first["urls"])]
    return joined


def _asked(site: SiteView, told: t.Collection[str]) -> list[Asked]:
    """Return the prefixes that pages use in vain; without pages, that of the settings."""
    names = known_names(site)
    found: dict[str, Asked] = {}
    for page, reference in references(site):
        url = bare(reference["url"])
        path = urlsplit(url).path
        prefix, name = split(path, names) if failed(reference) and not site.blamed(url) and url not in told else ("", "")
        if name and urlsplit(url).netloc == urlsplit(site.static_url).netloc:
            item = found.setdefault(prefix, Asked(prefix, [], page["url"], reference.get("raw") or url))
            if url not in item.urls:
                item.urls.append(url)
    is_here = urlsplit(site.static_url).netloc == urlsplit(site.base_url).netloc
    failing = [target.url for target in site.failing() if target.url not in told] if is_here else []
    own = static_prefix(site)
    if failing and len(failing) == sum(not target.served for target in site.targets) and not any(target.served for target in site.targets):
        item = found.setdefault(own, Asked(own, [], "", ""))
        item.urls.extend(url for url in failing if url not in item.urls)
    return list(found.values())


def served_prefix(site: SiteView, asked: str) -> str:
    """Return the prefix under which STATIC_ROOT is served, if it is another than the one asked for; empty if none is."""
    own = static_prefix(site)
    if own != asked and any(target.served for target in site.targets):
        return own
    elsewhere = serves_elsewhere(site)
    if elsewhere is not None:
        return elsewhere.pattern if elsewhere.pattern.endswith("/") else elsewhere.pattern + "/"
    mount = mount_of(site)
    # The application serves files itself, below the path that it is mounted at.
    return mount + asked if mount and site.static.get("whitenoise") and not asked.startswith(mount + "/") else ""


def _where(item: Asked) -> str:
    return f"{item.page} asks for {item.urls[0]}" if item.page else f"Pages ask for {item.urls[0]}"


def _mismatch(site: SiteView, item: Asked, served: str) -> Finding:
    """Where STATIC_URL says it, that is to be changed; where only a page does, its link."""
    own = static_prefix(site)
    said = item.prefix == own
    line = f'STATIC_URL = "{served}"'
    if said:
        ways = [f"{write(site.static, line)}\nthen {restart(site.application)}"]
        if site.server is not None and site.static_root:
            serve = add_location(site, prefix=item.prefix)
            ways.append(f"{serve}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}")
        # What Django's own template of settings says is seldom the mistake.
        fix = "\nor:\n".join(reversed(ways) if item.prefix == "/static/" else ways)
    else:
        name = urlsplit(item.urls[0]).path[len(item.prefix) :]
        fix = f'In the template or style sheet that writes {item.raw}, write {{% static "{name}" %}} (in a style sheet: a relative path) instead.'
    elsewhere = serves_elsewhere(site)
    at = f"{elsewhere.file}:{elsewhere.line}" if elsewhere is not None and served.rstrip("/") == elsewhere.pattern.rstrip("/") else ""
    return dict(
        finding(
            "static_url_mismatch",
            "page",
            f"{_where(item)}, under {item.prefix}{' (STATIC_URL)' if said else ''}, but the static files are served under {served}"
            f"{f' (location at {at})' if at else ''}.",
            fix,
            {
                "asked": item.prefix,
                "served": served,
                "static_url": site.static.get("static_url", ""),
                "page": item.page,
                "written": item.raw,
                "at": at,
            },
        ),
        urls=item.urls,
    )


def _script_name(site: SiteView, item: Asked, script: str, served: str) -> Finding:
    fault = script_fault(script, item.prefix, served, site)
    right = f"{script}/{item.prefix.replace(script, '').strip('/')}/"
    what = f"without it: {item.prefix}" if fault == "lack" else f"with it twice: {item.prefix}"
    return dict(
        finding(
            "script_name_prefix",
            "page",
            f"The application is mounted under {script}, and its static links are written {what} instead of {right}. Django puts the sub-path before "
            f"STATIC_URL only where that is relative; it is {site.static.get('static_url') or 'absolute'}.",
            write(site.static, 'STATIC_URL = "static/"') + f"\nthen {restart(site.application)}\n(nginx has to serve {right})",
            {
                "script_name": script,
                "asked": item.prefix,
                "served": served or right,
                "static_url": site.static.get("static_url", ""),
                "page": item.page,
                "right": urljoin(site.base_url, right),
            },
        ),
        urls=item.urls,
    )
