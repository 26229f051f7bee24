# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``, continued: the application answers a static URL, with something of its own or from old memory."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.module_utils.content_types import extension
from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.stages import page_names
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_repair import add_location
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_caches import from_cache
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command, restart

Document = t.Mapping[str, t.Any]
REDIRECTS = (301, 302, 303, 307, 308)


def findings(site: SiteView) -> list[Finding]:
    """Name a view or middleware that answers static URLs, and a service that is older than its settings or its manifest."""
    old = _not_restarted(site)
    told = {url for item in old for url in item["urls"]}
    return [*_intercepts(site, told), *old]


def _intercepts(site: SiteView, told: set[str]) -> list[Finding]:
    hit = [target for target in site.targets if not site.blamed(target.url) and target.url not in told and intercepted(target)]
    if not hit:
        return []
    target = hit[0]
    answer = t.cast("Document", target.answer)
    return [
        dict(
            finding(
                "app_intercepts_static",
                "response",
                f"The application itself answers {target.url}, {_with_what(answer)}: a catch-all view or a middleware takes the request before "
                "anything "
                f"that serves static files.",
                _fix(site, target),
                {
                    "status": answer["status"],
                    "content_type": answer["content_type"],
                    "location": answer.get("location", ""),
                    "start": (answer.get("start") or "")[:100],
                    "whitenoise": bool(site.static.get("whitenoise")),
                },
            ),
            urls=[item.url for item in hit],
        )
    ]


def intercepted(target: Target) -> bool:
    """Tell whether the application answered with a page of its own, a redirect elsewhere, or a refusal."""
    answer, route = target.answer, target.route
    if not answer or target.served or (route is not None and route.outcome != "proxy") or answer["server"] == "nginx":
        return False
    status = answer["status"]
    if status == 200:
        return answer["matches"] is False and _is_page(answer) and extension(target.path) not in ("html", "htm")
    if status in REDIRECTS:
        return not is_only_to_https(target.url, answer.get("location") or "")
    return status in (401, 403, 405)


def is_only_to_https(url: str, location: str) -> bool:
    """Tell whether a redirect leads to the same path, under https or under another name of the host."""
    return bool(location) and urlsplit(location).path in (urlsplit(url).path, "") and bool(urlsplit(location).netloc)


def _is_page(answer: Document) -> bool:
    kind = str(answer["content_type"] or "").partition(";")[0].strip().lower()
    start = (answer.get("start") or "").lstrip().lower()
    return kind in ("text/html", "application/xhtml+xml") or start.startswith(("<!doctype html", "<html"))


def _with_what(answer: Document) -> str:
    if answer["status"] == 200:
        return f"with 200 and a page ({answer['content_type']})"
    if answer["status"] in REDIRECTS:
        return f"with {answer['status']} and a redirect to {answer.get('location')}"
    return f"with {answer['status']}"


def _fix(site: SiteView, target: Target) -> str:
    prefix = urlsplit(site.static_url).path or "/static/"
    answer = t.cast("Document", target.answer)
    exempt = f"Exempt {prefix} from the middleware that asks for a login: put WhiteNoiseMiddleware before it, or name the prefix among its exceptions"
    inside = f'Keep {prefix} out of the catch-all: re_path(r"^(?!{prefix.strip("/")}/).*$", ...)' if answer["status"] == 200 else exempt
    if site.server is None or not site.static_root:
        return inside
    # nginx, which stands in front, need not ask the application.
    return f"{add_location(site)}\nthen {command(t.cast('Document', site.nginx), 'reload')}\nor, in the application: {inside}"


def _not_restarted(site: SiteView) -> list[Finding]:
    """The process began before the settings or the manifest changed, and what it says is what they said then."""
    cached = {page["url"] for page in site.pages if from_cache(page.get("headers") or {})}
    signs = [*page_names.old_names(site), *page_names.old_prefixes(site), *_not_yet_known(site)]
    signs = [sign for sign in signs if sign.changed and sign.page not in cached and not site.blamed(sign.url)]
    if not signs:
        return []
    first = signs[0]
    what, when = t.cast("tuple[str, float]", first.changed)
    application = site.application
    return [
        dict(
            finding(
                "app_not_restarted",
                "response",
                f"{application.get('unit') or application['kind']} runs since before {what} changed, and still holds the older one: {first.sentence} "
                f"{some(len(signs), 'URL', [sign.url for sign in signs])} of this kind.",
                restart(application),
                {"started": application.get("started"), "changed": when, "what": what, "page": first.page, "asked": first.url, "now": first.now},
            ),
            urls=list(dict.fromkeys(sign.url for sign in signs)),
        )
    ]


def _not_yet_known(site: SiteView) -> list[page_names.Sign]:
    """Files that the application serves itself, and that it does not know: it had looked into STATIC_ROOT before, or read other settings."""
    found = []
    for target in site.targets:
        later = None if target.served else page_names.came_later(site, target)
        if later is not None:
            sentence = f"it answers 404 for {target.url}, which lies in STATIC_ROOT by now."
            found.append(page_names.Sign(target.url, "", target.expected["collected"], sentence, later))
    return found
