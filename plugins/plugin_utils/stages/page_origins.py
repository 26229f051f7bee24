# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``, continued: what a page takes from elsewhere, and browsers do not let it use."""

from __future__ import annotations

import ipaddress
import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.module_utils.static_repairs import write
from ansible_collections.webops.django.plugins.plugin_utils import content_security_policy
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_policy import final, policies_of
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command, restart

Document = t.Mapping[str, t.Any]
BLOCKED_WHEN_MIXED = ("any", "font", "manifest", "module", "script", "stylesheet")
"""Others, images among them, are asked for by https instead (W3C Mixed Content, 4.1)."""
PORTS = {"http": 80, "https": 443}


def findings(site: SiteView) -> list[Finding]:
    """Name insecure links of secure pages, and fonts and modules of another origin that the page may not read."""
    return [*_mixed(site), *_cors(site)]


def origin(url: str) -> tuple[str, str, int | None]:
    """Return a URL's origin (RFC 6454)."""
    try:
        parts = urlsplit(url)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme)
    except ValueError:
        return "", "", None


def origin_text(url: str) -> str:
    """Return an origin as a header writes it."""
    scheme, host, port = origin(url)
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" + ("" if port == PORTS.get(scheme) else f":{port}")


def _mixed(site: SiteView) -> list[Finding]:
    hit: dict[str, tuple[Document, Document]] = {}
    for page in site.pages:
        if not final(page).startswith("https://") or content_security_policy.upgrades(policies_of(page)):
            continue
        for reference in page.get("references") or ():
            if reference["url"].startswith("http://") and not _is_trusted(reference["url"]):
                hit.setdefault(reference["url"], (page, reference))
    if not hit:
        return []
    urls = sorted(hit, key=lambda url: hit[url][1].get("kind") not in BLOCKED_WHEN_MIXED)
    page, reference = hit[urls[0]]
    is_blocked = reference.get("kind") in BLOCKED_WHEN_MIXED
    setting = str(site.static.get("static_url") or "")
    return [
        dict(
            finding(
                "mixed_content",
                "page",
                f"{page['url']} comes by https and asks for {urls[0]} by http, which browsers {'refuse' if is_blocked else 'do not show as it is'}. "
                f"{some(len(urls), 'link', urls)} of this kind.",
                _secure(site, setting, urls[0]),
                {"page": page["url"], "written": reference.get("raw") or urls[0], "static_url": setting},
            ),
            urls=urls,
        )
    ]


def _is_trusted(url: str) -> bool:
    """Browsers take this machine's own addresses for safe (W3C Secure Contexts, 3.1)."""
    host = origin(url)[1]
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _secure(site: SiteView, setting: str, url: str) -> str:
    file = site.static.get("settings_file") or site.static.get("settings_module") or "the settings"
    if setting.startswith("http://"):
        own = origin(setting)[1] == origin(site.base_url)[1]
        value = urlsplit(setting).path if own else "https://" + setting[len("http://") :]
        return write(site.static, f'STATIC_URL = "{value}"') + f"\nthen {restart(site.application)}"
    return (
        f"Where the page writes {url}, write https:// or {{% static %}}. If the application builds it from the request, tell it that the "
        "request came by https: "
        f'in nginx proxy_set_header X-Forwarded-Proto $scheme; and in {file} SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")'
        f"\nthen {restart(site.application)}"
    )


def _cors(site: SiteView) -> list[Finding]:
    """A font or module of another origin, which arrives and may not be used."""
    hit: dict[str, tuple[Document, Document, str]] = {}
    for page in site.pages:
        for reference in page.get("references") or ():
            if origin(reference["url"]) == origin(final(page)) or site.blamed(reference["url"]) or reference.get("status") not in (200, 206):
                continue
            got = cors_fault(reference)
            if got:
                hit.setdefault(reference["url"], (page, reference, got))
    if not hit:
        return []
    url = next(iter(hit))
    page, reference, got = hit[url]
    needed = origin_text(final(page))
    return [
        dict(
            finding(
                "cors_fonts",
                "page",
                f"{page['url']} uses the {reference['kind']} {url} of another origin, which browsers give to a page only with "
                f"Access-Control-Allow-Origin: {needed} (or *); it comes with {got}. {some(len(hit), 'file', list(hit))} of this kind.",
                _allow(site, url, needed),
                {"page": page["url"], "url": url, "kind": reference["kind"], "needed": needed, "got": got, "from": reference.get("from", "")},
            ),
            urls=list(hit),
        )
    ]


def cors_fault(reference: Document) -> str:
    """Tell what came instead of a header that lets the page use a reference (Fetch, "CORS check"); empty if it may, or if nobody asked."""
    said = reference.get("cors") or {}
    if said.get("allowed") is not False:
        return ""
    header = said.get("header") or ""
    return f"Access-Control-Allow-Origin: {header}" if header else "no such header"


def _allow(site: SiteView, url: str, needed: str) -> str:
    route = site.resolver.route(url) if site.resolver is not None else None
    line = f'add_header Access-Control-Allow-Origin "{needed}" always;'
    if route is None or route.location is None:
        return f"Where {origin_text(url)} is served: {line}"
    location = route.location
    return (
        f"In the location at {location.file}:{location.line} write: {line}\n"
        "(a location with an add_header of its own loses those of the server block: repeat them)\nthen "
        f"{command(t.cast('t.Any', site.nginx), 'reload')}"
    )
