# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``, continued: what a page's Content-Security-Policy does not allow."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.plugin_utils import content_security_policy
from ansible_collections.webops.django.plugins.plugin_utils.content_security_policy import Blocked, Policy, Request
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

Document = t.Mapping[str, t.Any]
HEADER = "content-security-policy"


class Hit(t.NamedTuple):
    """A reference that a page's policy blocks."""

    page: Document
    reference: Document
    blocked: Blocked


def policies_of(page: Document) -> list[Policy]:
    """Return the policies that hold for a page: of its header, and of its meta elements."""
    return [policy for stated in enforced(page) for policy in content_security_policy.parse(stated["policy"])]


def enforced(page: Document) -> list[Document]:
    """Return the policies as they are stated: by the header, and by meta elements. Those that only report block nothing."""
    header = (page.get("headers") or {}).get(HEADER)
    in_html = [{"source": "meta", "policy": text} for text in page.get("meta_csp") or ()]
    return [*([{"source": "header", "policy": header}] if header else []), *in_html]


def final(page: Document) -> str:
    """Return the URL of a page, redirects followed."""
    return str(page.get("redirected_to") or page["url"])


def findings(site: SiteView) -> list[Finding]:
    """Name what policies block of that which pages ask for."""
    hit: list[Hit] = []
    for page in site.pages:
        policies = policies_of(page)
        for reference in (page.get("references") or ()) if policies else ():
            request = Request(
                str(reference.get("kind")),
                reference["url"],
                reference.get("nonce"),
                reference.get("integrity") or "",
                reference.get("from") not in (None, "", page["url"]),
            )
            found = None if site.blamed(reference["url"]) else content_security_policy.blocked(policies, request, final(page))
            if found:
                hit.append(Hit(page, reference, found))
    return [_finding(site, hit)] if hit else []


def _finding(site: SiteView, hit: list[Hit]) -> Finding:
    page, reference, found = hit[0]
    urls = list(dict.fromkeys(item.reference["url"] for item in hit))
    written = " ".join([found.directive, *found.sources])
    return dict(
        finding(
            "csp",
            "page",
            f"{page['url']} asks for {urls[0]}, and its Content-Security-Policy (`{written}`) does not allow it: browsers refuse the "
            f"{reference['kind']}. "
            f"{some(len(urls), 'URL', urls)} of this kind.",
            _fix(site, hit),
            {
                "page": page["url"],
                "directive": written,
                "policy": "; ".join(stated["policy"] for stated in enforced(page)),
                "blocked": urls[0],
                "kind": reference["kind"],
            },
        ),
        urls=urls,
    )


def _widened(hit: t.Sequence[Hit]) -> t.Iterator[str]:
    """Yield each directive that blocks, with what it lacks."""
    groups: dict[str, list[Hit]] = {}
    for item in hit:
        groups.setdefault(specific(item.reference["kind"], item.blocked), []).append(item)
    for name, items in groups.items():
        kept = [source for source in items[0].blocked.sources if source.lower() != "'none'"]
        yield " ".join([name, *kept, *sorted({content_origin(item.reference["url"], final(item.page)) for item in items})])


def specific(kind: str, found: Blocked) -> str:
    """Return the directive to write: default-src is widened for one kind only."""
    return content_security_policy.DIRECTIVES[kind][-2] if found.directive == "default-src" else found.directive


def content_origin(url: str, page: str) -> str:
    """Return the source expression that allows a URL's origin."""
    if content_security_policy.matches("'self'", url, page):
        return "'self'"
    scheme, _colon, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _fix(site: SiteView, hit: t.Sequence[Hit]) -> str:
    """Return the line to write where nginx makes the policy, and its directives where the page or the application does."""
    page, lines = hit[0].page, list(_widened(hit))
    if all(stated["source"] == "meta" for stated in enforced(page)):
        return f"In the policy of the page's meta element, write: {'; '.join(lines)}"
    header = _header(site, page)
    if header is None:
        file = site.static.get("settings_file") or "the project"
        return f"In the policy that the application sends (its middleware or view; settings in {file}), write: {'; '.join(lines)}"
    always = " always" if "always" in header.arguments[2:] else ""
    policy = widened(header.arguments[1], lines)
    reload = command(t.cast("Document", site.nginx), "reload")
    return f'In {header.file}:{header.line} write: add_header {header.arguments[0]} "{policy}"{always};\nthen {reload}'


def widened(policy: str, lines: t.Sequence[str]) -> str:
    """Return a policy with other directives in the place of those of the same name."""
    names = {line.split()[0] for line in lines}
    kept = [part.strip() for part in policy.split(";") if part.strip() and part.split()[0].lower() not in names]
    return "; ".join([*kept, *lines])


def _header(site: SiteView, page: Document) -> t.Any:
    """Return the add_header by which nginx makes the policy; None if the application does."""
    route = site.resolver.route(page["url"], server=site.server) if site.resolver is not None and site.server is not None else None
    found = route.effective("add_header") if route else []
    return next((item for item in found if len(item.arguments) > 1 and item.arguments[0].lower() == HEADER), None)
