# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``, continued: caches between server and browser, and what a browser itself blocks."""

from __future__ import annotations

import email.utils
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.stages import page_names

Document = t.Mapping[str, t.Any]
HIT_HEADERS = tuple(
    "akamai-cache-status cache-status cdn-cache cf-cache-status x-cache x-cache-lookup x-cache-status x-cdn-cache x-fastcgi-cache x-litespeed-cache"
    " x-nginx-cache x-nginx-cache-status x-proxy-cache x-sucuri-cache x-varnish-cache x-vercel-cache".split()
)
"""Headers by which caches tell whether they had the answer."""
_HIT = re.compile(r"\b(?:hit|stale|updating|revalidated|tcp_(?:mem_)?hit)\b", re.IGNORECASE)
BLOCKED_BY_CLIENT = re.compile(
    r"ERR_BLOCKED_BY_CLIENT|NS_ERROR_(?:BLOCKED|TRACKING|CONTENT_BLOCKED)|blocked:other|blocked by (?:client|the client|an? extension)", re.IGNORECASE
)
LISTED = re.compile(
    r"(?:^|[/._-])(?:ad|ads|adv|adserver|adsense|advert\w*|banners?|doubleclick|analytics|tracker|tracking|track|pixel|beacon|matomo|piwik|gtm|gtag|"
    r"social[-_]?share|sponsor\w*|popunder|popup|cookie[-_]?(?:consent|notice)\w*|fingerprint\w*)(?=[/._-]|$)",
    re.IGNORECASE,
)
"""Parts of names that the usual blocking lists match."""


def findings(site: SiteView) -> list[Finding]:
    """Name caches that keep what the server no longer says, and blockers."""
    return [*_stale_pages(site), *_edge(site), *_blocker(site)]


def from_cache(headers: Document) -> str:
    """Return the header that tells that an answer came out of a cache; empty if none does."""
    for name in HIT_HEADERS:
        if _HIT.search(str(headers.get(name) or "")):
            return f"{name}: {headers[name]}"
    age = str(headers.get("age") or "")
    if age.isdigit() and int(age) > 0:
        return f"age: {age}"
    if re.match(r"\d+ \d+\Z", str(headers.get("x-varnish") or "")):
        return f"x-varnish: {headers['x-varnish']}"
    return _aged(headers)


def _aged(headers: Document) -> str:
    """Django's own cache keeps Expires as it was when it stored the page, while Date is of now: what is left is less than max-age."""
    match = re.search(r"\bmax-age=(\d+)", str(headers.get("cache-control") or ""))
    dates = [email.utils.parsedate_to_datetime(str(headers[name])) for name in ("expires", "date") if _is_date(headers.get(name))]
    if not match or len(dates) != 2:
        return ""
    left = (dates[0] - dates[1]).total_seconds()
    return f"expires: {headers['expires']}" if 0 < left < int(match.group(1)) - 1 else ""


def _is_date(value: t.Any) -> bool:
    try:
        return email.utils.parsedate_to_datetime(str(value)).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _stale_pages(site: SiteView) -> list[Finding]:
    """Pages out of a cache that name files of before."""
    cached = {page["url"]: header for page in site.pages for header in [from_cache(page.get("headers") or {})] if header}
    gone = {page_names.bare(reference["url"]) for _page, reference in page_names.references(site) if page_names.failed(reference)}
    signs = [
        sign
        for sign in [*page_names.old_names(site), *page_names.old_prefixes(site)]
        if sign.page in cached and sign.url in gone and not site.blamed(sign.url)
    ]
    if not signs:
        return []
    first = signs[0]
    return [
        dict(
            finding(
                "stale_url_cache",
                "page",
                f"{first.page} came out of a cache ({cached[first.page]}) and asks for {first.url}, which is gone; a page made today asks for "
                f"{first.now}. "
                f"{some(len(signs), 'URL', [sign.url for sign in signs])} of this kind.",
                f"Empty the cache that holds {first.page} (the CDN's, nginx's proxy_cache_path, or Django's: {_shell(site)})",
                {
                    "page": first.page,
                    "header": cached[first.page],
                    "asked": first.url,
                    "now": first.now,
                    "static_url": site.static.get("static_url", ""),
                },
            ),
            urls=[sign.url for sign in signs],
        )
    ]


def _shell(site: SiteView) -> str:
    python = site.application.get("python") or "python"
    return f"{python} manage.py shell -c 'from django.core.cache import cache; cache.clear()'"


def _edge(site: SiteView) -> list[Finding]:
    hit = [
        (target, header)
        for target in site.targets
        for header in [_cached_404(target)]
        if header and not site.blamed(target.url) and _origin_has(site, target)
    ]
    if not hit:
        return []
    target, header = hit[0]
    urls = [item.url for item, _header in hit]
    return [
        dict(
            finding(
                "cdn_cached_404",
                "page",
                f"{target.url} answers 404 out of a cache ({header}), while the server behind it has the file and sends it. "
                f"{some(len(urls), 'URL', urls)} of this kind.",
                _purge(target, urls),
                {"header": header, "status": 404, "origin": 200, "file": target.expected["collected"]},
            ),
            urls=urls,
        )
    ]


def _purge(target: Target, urls: t.Sequence[str]) -> str:
    route = target.route
    kept = route.effective("proxy_cache") if route and route.outcome == "proxy" else []
    if kept and kept[-1].arguments[:1] != ["off"]:
        return (
            f"Empty the folder of proxy_cache_path for the zone {kept[-1].arguments[0]}, which {kept[-1].file}:{kept[-1].line} uses, and let it keep "
            "no 404: proxy_cache_valid 200 301 302 10m;"
        )
    return f"Purge {', '.join(urls[:3])}{' and the others' if urls[3:] else ''} at the CDN, and let it keep no 404 for longer than a minute"


def _cached_404(target: Target) -> str:
    """Return what shows that a 404 may come out of a cache: a header, or nginx's own cache, which need not tell of itself."""
    answer, route = target.answer, target.route
    if not answer or answer["status"] not in (404, 410):
        return ""
    kept = route.effective("proxy_cache") if route and route.outcome == "proxy" else []
    own = f"{kept[-1]} at {kept[-1].file}:{kept[-1].line}" if kept and kept[-1].arguments[:1] != ["off"] else ""
    return from_cache(answer.get("headers") or {}) or own


def _origin_has(site: SiteView, target: Target) -> bool:
    """Tell whether the server sends the file: somebody asked it, or its configuration leads to a file that the worker may open."""
    path = urlsplit(target.url).path
    for answer in site.look.get("answers") or ():
        if (
            answer is not target.answer
            and urlsplit(answer["url"]).path == path
            and answer["status"] is not None
            and not from_cache(answer.get("headers") or {})
        ):
            return bool(answer["status"] == 200 and answer.get("matches") is not False)
    route = target.route
    said = site.worker(route.path) if route and route.path else None
    return bool(route and route.outcome == "file" and said and said.get("opens"))


def _blocker(site: SiteView) -> list[Finding]:
    """What a browser's console told, given with the evidence: the server answers rightly, and the browser did not ask it."""
    reports = {page_names.bare(str(item.get("url"))): str(item.get("error") or "") for item in site.evidence.get("browser") or ()}
    for _page, reference in page_names.references(site):
        if BLOCKED_BY_CLIENT.search(str(reference.get("error") or "")):
            reports.setdefault(page_names.bare(reference["url"]), reference["error"])
    right = {target.url for target in site.targets if target.served}
    right |= {page_names.bare(reference["url"]) for _page, reference in page_names.references(site) if reference.get("status") == 200}
    hit = {url: error for url, error in reports.items() if BLOCKED_BY_CLIENT.search(error) or (url in right and LISTED.search(urlsplit(url).path))}
    hit = {url: error for url, error in hit.items() if not site.blamed(url) and (url in right or BLOCKED_BY_CLIENT.search(error))}
    if not hit:
        return []
    url = next(iter(hit))
    match = LISTED.search(urlsplit(url).path)
    word = match.group(0).strip("/._-") if match else ""
    return [
        dict(
            finding(
                "client_side_blocker",
                "page",
                f"The server sends {url} rightly; the browser did not ask for it ({hit[url]}): an extension that blocks advertisements"
                f"{f' takes the name for one ({word})' if word else ' has a rule for it'}.",
                f"Nothing to repair on the server. Give the file a name without {word or 'what the rule matches'}, or try it in a window "
                "without extensions",
                {"url": url, "error": hit[url], "matches": word},
            ),
            urls=list(hit),
        )
    ]
