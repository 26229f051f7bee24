# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagnosis itself: evidence in, sites with their findings out. Pure, so that it runs over a saved document as well."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import EXAMPLES, Finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_notes import unseen_by_worker
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts, fill_targets
from ansible_collections.webops.django.plugins.plugin_utils.stages import access, collected, file, location, page, response, server, settings

SCHEMA_VERSION = 1
STAGES = ("settings", "collected", "server", "location", "file", "access", "response", "page")
"""The way of a request, in its order; see docs/architecture.md."""
_MODULES = (settings, collected, server, location, file, access, response, page)


def conclude(evidence: dict[str, t.Any], host: str = "") -> dict[str, t.Any]:
    """Name the causes on a host.

    :param evidence: the document that was gathered, see docs/diagnose.md.
    :param host: the inventory's name of it.
    :returns: what docs/diagnosis.schema.json describes.
    """
    hosts = Hosts(evidence)
    sites = hosts.sites()
    for site in sites:
        fill_targets(site)
    return {
        "schema_version": SCHEMA_VERSION,
        "host": host or evidence["host"].get("hostname", ""),
        "sites": [judge(site, hosts) for site in sites] or [_nothing(evidence, hosts)],
    }


def judge(site: SiteView, hosts: Hosts) -> dict[str, t.Any]:
    """Follow one site's requests through the stages."""
    found: list[Finding] = []
    for module in _MODULES:
        found += site.take(module.findings(site))
    found.sort(key=lambda item: STAGES.index(item["stage"]))
    told = [_public(item) for item in found]
    unknown = [*site.unknown, *_unknown(site, hosts)]
    return {
        "name": site.name,
        "url": site.base_url,
        "verdict": verdict(site, found),
        "findings": told,
        "checked": _checked(site),
        "unknown": unknown,
    }


def _public(found: Finding) -> Finding:
    """Return a finding as users get it: the URLs that it explains as a count and a few examples."""
    item = {key: value for key, value in found.items() if key != "urls"}
    urls = found.get("urls") or []
    if urls:
        item["count"], item["examples"] = len(urls), list(urls)[:EXAMPLES]
    return item


def verdict(site: SiteView, found: t.Sequence[Finding]) -> str:
    """Say what a client gets: every file that was asked for, or not, or that nobody could tell."""
    asked = [target for target in site.targets if target.answer is not None]
    references = [item for page_ in site.pages for item in page_.get("references") or () if item["url"].startswith(site.static_url)]
    broken = [target for target in asked if not target.served] or [item for item in references if item.get("status") not in (200, None)]
    errors = [page_ for page_ in site.pages if (page_.get("status") or 0) >= 500]
    if broken or any(item.get("urls") for item in found) or (errors and found):
        return "not_served"
    if errors:
        return "unknown"
    if asked and all(target.served for target in asked):
        return "served"
    return "not_served" if found else "unknown"


def _checked(site: SiteView) -> dict[str, t.Any]:
    return {
        "urls": sum(target.answer is not None for target in site.targets),
        "served": sum(target.served for target in site.targets),
        "files": site.application.get("files_total") or 0,
        "pages": len(site.pages),
        "references": sum(len(item.get("references") or ()) for item in site.pages),
        "page_statuses": dict(collections.Counter(str(item.get("status") or 0) for item in site.pages)),
    }


def _unknown(site: SiteView, hosts: Hosts) -> list[str]:
    """Say what could not be seen, and what would be needed for it."""
    told = [note["message"] for note in site.evidence["notes"]]
    error = site.application.get("static_error")
    if error:
        told.append(f"Django could not be asked: {error['message']}")
    told += hosts.unreadable
    told += unseen_by_worker(site)
    for directive, file_, line, why in dict.fromkeys(item for target in site.targets if target.route for item in map(tuple, target.route.undecided)):
        told.append(f"{file_}:{line}: {directive}: {why}")
        if len(told) > 20:
            break
    for page_ in site.pages:
        if (page_.get("status") or 0) >= 500 and not site.blamed(page_["url"]):
            told.append(f"The page {page_['url']} answers {page_['status']}{': ' + str(page_.get('error_text')) if page_.get('error_text') else ''}.")
    unexplained = [target for target in site.targets if target.answer is not None and not target.served and not site.blamed(target.url)]
    if unexplained:
        url, answer = unexplained[0].url, unexplained[0].answer or {}
        got = answer.get("status") or answer.get("error")
        told.append(f"{len(unexplained)} URLs are not served and no cause was found, such as {url}: {got}.")
    return told


def _nothing(evidence: dict[str, t.Any], hosts: Hosts) -> dict[str, t.Any]:
    """No application was found: say what would help."""
    told = [note["message"] for note in evidence["notes"]] + hosts.unreadable
    needs = [note["needs"] for note in evidence["notes"]]
    if "root" in needs:
        told.append("Other users' processes cannot be seen: run it as root (become), or as the user of the site.")
    elif not any(need.startswith("django_app_") for need in needs):
        told.append(
            "No Django application server runs here (looked for Gunicorn, Uvicorn, Hypercorn, Daphne, uWSGI and runserver). "
            "Set django_app_project_path and django_app_python to follow one that does not run."
        )
    return {
        "name": evidence["host"].get("hostname", ""),
        "url": "",
        "verdict": "unknown",
        "findings": [],
        "checked": {"urls": 0, "served": 0, "files": 0, "pages": 0, "references": 0},
        "unknown": told,
    }
