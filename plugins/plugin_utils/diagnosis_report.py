# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A diagnosis for the screen: the way of the request, stage by stage, with the place where it breaks."""

from __future__ import annotations

import textwrap
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import STAGES

Document = t.Mapping[str, t.Any]
WIDTH = 100
NAMES = 20
"""Sites whose names the overview tells of each verdict."""
QUESTIONS = {
    "settings": "what Django's settings say",
    "collected": "the files are in STATIC_ROOT",
    "server": "the site's server block answers",
    "location": "the right location answers",
    "file": "nginx opens the collected file",
    "access": "nginx's worker may read it",
    "response": "the answer is right",
    "page": "pages ask for what is served",
}
VERDICTS = {"served": "every file that was asked for is served", "not_served": "NOT SERVED", "unknown": "UNKNOWN: too little could be seen"}


def report(result: Document) -> list[str]:
    """Return the lines for the screen.

    :param result: what diagnosis.conclude() returns.
    """
    sites = result["sites"]
    if len(sites) == 1:
        return site_report(sites[0], result["host"])
    lines = _overview(sites, result["host"])
    for site in sites:
        # Of several sites, a sound one needs no drawing of its way.
        lines += ["", *site_report(site, result["host"], bool(site["findings"]) or site["verdict"] != "served")]
    return lines


def _overview(sites: t.Sequence[Document], host: str) -> list[str]:
    """Say which of several sites need a look."""
    words = {"not_served": "NOT SERVED", "unknown": "UNKNOWN", "served": "served"}
    parts = []
    for verdict, word in words.items():
        names = [f"{site['name']} {site['url']}".strip() for site in sites if site["verdict"] == verdict]
        if names:
            parts.append(f"{len(names)} {word} ({', '.join(names[:NAMES])}{', …' if len(names) > NAMES else ''})")
    return _wrapped(f"{_count(len(sites), 'site')} on {host}: {'; '.join(parts)}.", "", "  ")


def site_report(site: Document, host: str, way: bool = True) -> list[str]:
    """Return the lines about one site.

    :param way: whether the stages are drawn.
    """
    checked = site["checked"]
    hidden = f", with {_count(len(site['findings']), 'fault')} that may not show" if site["verdict"] == "served" and site["findings"] else ""
    lines = [
        f"{site['name']} on {host}{', ' + site['url'] if site['url'] else ''}: {VERDICTS[site['verdict']]}{hidden}",
        *_wrapped(f"{_urls(site)}; {_pages(checked)}.", "  ", "  "),
    ]
    if way and (site["verdict"] != "unknown" or site["findings"]):
        lines += _way(site)
    for number, finding in enumerate(site["findings"], 1):
        lines += ["", *_finding(number, finding)]
    if site["unknown"]:
        lines += ["", "  What could not be told:"]
        for sentence in site["unknown"]:
            lines += _wrapped(sentence, "  - ", "    ")
    return lines


def _urls(site: Document) -> str:
    checked = site["checked"]
    slowly = " when they are asked for slowly" if any(finding["code"] == "rate_limited" for finding in site["findings"]) else ""
    return f"{checked['served']} of {checked['urls']} static URLs are served as they must be{slowly}"


def _pages(checked: Document) -> str:
    """Say what became of the pages. One that is refused asks for nothing, which must not look like a page without style sheets."""
    followed = (
        f"{_count(checked['pages'], 'page')} with {_count(checked['references'], 'reference')} {'was' if checked['pages'] == 1 else 'were'} followed"
    )
    statuses = {status: count for status, count in (checked.get("page_statuses") or {}).items() if status != "200"}
    if not statuses:
        return followed
    how = {status: f"answered {status}" if status != "0" else "gave no answer" for status in statuses}
    if sum(statuses.values()) == checked["pages"]:
        parts = [f"{_count(count, 'page')} {how[status]}" for status, count in sorted(statuses.items())]
        return f"{', '.join(parts)}, so that nothing is known of what pages ask for"
    return f"{followed}, of which {', '.join(f'{count} {how[status]}' for status, count in sorted(statuses.items()))}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _way(site: Document) -> list[str]:
    lines = []
    for stage in STAGES:
        codes = [finding["code"] for finding in site["findings"] if finding["stage"] == stage]
        mark = "BREAKS" if codes and codes[0] == site["findings"][0]["code"] else "breaks" if codes else "  ok  "
        lines.append(f"  [{mark}] {stage:<10}{QUESTIONS[stage]}{': ' + ', '.join(codes) if codes else ''}")
    return lines


def _finding(number: int, finding: Document) -> list[str]:
    lines = _wrapped(finding["message"], f"  {number}. {finding['code']}: ", "     ")
    if finding["count"]:
        lines += _wrapped(f"{finding['count']} hit, such as {', '.join(map(str, finding['examples'][:3]))}", "     ", "     ")
    lines.append("     To repair it:")
    return [*lines, *(f"       {line}" for line in finding["fix"].splitlines())]


def _wrapped(text: str, first: str, following: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=following, break_long_words=False, break_on_hyphens=False) or [first]
