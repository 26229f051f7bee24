# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``, continued: links that nginx itself refuses by ``disable_symlinks``.

The rules are those of https://nginx.org/en/docs/http/ngx_http_core_module.html#disable_symlinks: with ``on``, no component of the path may be a
link; with ``if_not_owner``, none whose owner is not that of what it leads to; ``from=`` names a beginning of the path that is not looked at.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_subjects import Subject
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

Document = t.Mapping[str, t.Any]


def findings(site: SiteView, subjects: t.Sequence[Subject]) -> list[Finding]:
    """Name the links that ``disable_symlinks`` refuses."""
    hit: dict[tuple[str, str], tuple[t.Any, Document, list[str]]] = {}
    for subject in subjects:
        rule = rule_of(subject)
        link = refused_link(site, subject, rule) if rule is not None else None
        if link is not None:
            key = (f"{rule.file}:{rule.line}", link["path"])
            hit.setdefault(key, (rule, link, []))[2].append(subject.url)
    return [_finding(site, rule, link, urls) for rule, link, urls in hit.values()]


def rule_of(subject: Subject) -> t.Any:
    """Return the directive in effect, if it refuses any link."""
    route = subject.target.route if subject.target else None
    found = route.effective("disable_symlinks") if route else []
    return found[-1] if found and found[-1].arguments and found[-1].arguments[0] != "off" else None


def refused_link(site: SiteView, subject: Subject, rule: t.Any) -> Document | None:
    """Return the first component of a path that the directive refuses."""
    known = site.path(subject.path)
    if known is None:
        return None
    components = {entry["path"]: entry for entry in known.get("chain") or ()}
    start = _from(subject, rule)
    if start is None:
        return None
    path = os.path.normpath(subject.path)
    at = ""
    for name in path.strip("/").split("/"):
        at = f"{at}/{name}"
        entry = components.get(_resolved_parent(at, components))
        looked_at = len(at) > len(start.rstrip("/")) or not start
        if entry and entry.get("link") and looked_at and (rule.arguments[0] == "on" or _owners_differ(entry, components)):
            return dict(entry, written=at)
    return None


def _from(subject: Subject, rule: t.Any) -> str | None:
    """Return the beginning of the path that is not looked at; None where it cannot be told."""
    given = next((argument[5:] for argument in rule.arguments[1:] if argument.startswith("from=")), "")
    mapping = subject.target.route.mapping if subject.target and subject.target.route else None
    if "$document_root" in given and mapping is not None:
        given = given.replace("$document_root", mapping.folder)
    if "$" in given:
        return None
    return given if subject.path.startswith(given) else ""


def _resolved_parent(path: str, components: t.Mapping[str, Document]) -> str:
    """Return the name under which a component stands in the chain, whose folders have their links resolved."""
    folder, name = os.path.split(path)
    for _link in range(40):
        entry = next((components[upper] for upper in _uppers(folder) if components.get(upper, {}).get("link")), None)
        if entry is None:
            return os.path.join(folder, name)
        target = os.path.join(os.path.dirname(entry["path"]), entry["link"])
        folder = os.path.normpath(target + folder[len(entry["path"]) :])
    return path


def _uppers(folder: str) -> list[str]:
    parts = folder.strip("/").split("/")
    return ["/" + "/".join(parts[: number + 1]) for number in range(len(parts))]


def _owners_differ(entry: Document, components: t.Mapping[str, Document]) -> bool:
    """Tell whether a link and what it leads to have different owners; unknown counts as the same."""
    target = components.get(_resolved_parent(os.path.normpath(os.path.join(os.path.dirname(entry["path"]), entry["link"])), components))
    for _link in range(40):
        if target is None or not target.get("link"):
            break
        target = components.get(_resolved_parent(os.path.normpath(os.path.join(os.path.dirname(target["path"]), target["link"])), components))
    return bool(target and target.get("uid") is not None and target["uid"] != entry.get("uid"))


def _finding(site: SiteView, rule: t.Any, link: Document, urls: list[str]) -> Finding:
    text = " ".join(["disable_symlinks", *rule.arguments])
    where = f"{rule.file}:{rule.line}"
    why = (
        "refuses every link"
        if rule.arguments[0] == "on"
        else f"refuses links that belong to another user than what they lead to; this one is {link['owner']}'s"
    )
    return dict(
        finding(
            "symlink_disallowed",
            "access",
            f"{link['written']} is a link to {link['link']}, and `{text}` at {where} {why}.",
            f"In {where} write: disable_symlinks off;\nthen {command(t.cast('Document', site.nginx), 'reload')}",
            {"directive": text, "at": where, "link": link["written"], "target": link["link"], "owner": link.get("owner")},
        ),
        urls=list(dict.fromkeys(urls)),
    )
