# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``file``: which path does nginx build for the URI, and is it the file that Django collected?"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import (
    Alternative,
    alias_line,
    alternatives,
    is_for_static,
    is_prefix,
    leaves_folder,
    plain_path,
    rewriting,
)
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route
from ansible_collections.webops.django.plugins.plugin_utils.stages import file_container
from ansible_collections.webops.django.plugins.plugin_utils.stages.file_message import Wrong, drops_the_rest, mapped_folder, message, tries_of
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_prefix import intended, left_to_pages, static_prefix
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_repair import add_location, name_of, place, root_of
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command


def findings(site: SiteView) -> list[Finding]:
    """Name what makes nginx open another path than the collected file's."""
    if site.server is None or site.resolver is None:
        return []
    containers = file_container.findings(site)
    told = {url for found in containers for url in found.get("urls", ())}
    wrong = [item for target in site.targets if not target.served and target.url not in told for item in judge(site, target)]
    groups: dict[tuple[str, str], list[Wrong]] = {}
    for item in wrong:
        mapping = item.target.route.mapping if item.target.route else None
        groups.setdefault((item.cause, place(mapping) if mapping else ""), []).append(item)
    return [*containers, *_once(_finding(site, hit) for hit in groups.values())]


def _once(found: t.Iterable[Finding]) -> list[Finding]:
    """Where one new location mends several, they are one: pasted twice, nginx would refuse it."""
    by_fix: dict[str, Finding] = {}
    for item in found:
        first = by_fix.setdefault(item["fix"], item)
        if first is not item:
            first["urls"] = [*first["urls"], *item["urls"]]
    return list(by_fix.values())


def judge(site: SiteView, target: Target) -> list[Wrong]:
    """Return what is wrong with a target's path: first how the directive is written, then where it leads."""
    route = target.route
    if route is None or route.outcome == "none" or intended(site, target) is not None:
        return []
    if route.outcome == "denied" and (route.location is None or not is_for_static(route.location) or not is_prefix(route.location)):
        return []
    if route.mapping is None:
        return [] if left_to_pages(site, target) else _without_folder(site, target, route)
    if (route.outcome == "proxy" and not route.tries) or left_to_pages(site, target) or site.blame.get(target.url) == "no_static_location":
        return []
    expected = target.expected["collected"]
    path = plain_path(route, target.url)
    if not path:
        return []
    wrong: list[Wrong] = []
    if not site.same(path, expected):
        path, wrong = _follow(site, target, path, expected)
    tried = [candidate for _argument, candidate, kind in route.tries if candidate and kind == "file"]
    swallowed = any(item.cause == "try_files_swallows" for item in wrong)
    if (
        route.tries
        and not swallowed
        and not any(os.path.normpath(candidate) == os.path.normpath(plain_path(route, target.url)) for candidate in tried)
    ):
        wrong.append(Wrong("try_files_swallows", target, plain_path(route, target.url), ""))
    return wrong


def _without_folder(site: SiteView, target: Target, route: Route) -> list[Wrong]:
    """A location of its own with neither root nor alias: nginx takes the folder that it was built with.

    In a configuration that nginx does not accept, the line may be there, and be read as a part of another one.
    """
    invalid = ((site.nginx or {}).get("test") or {}).get("valid") is False
    is_default = not invalid and route.outcome == "file" and is_for_static(route.location)
    return [Wrong("path_typo", target, route.path, "")] if is_default and route.path else []


def _follow(site: SiteView, target: Target, path: str, expected: str) -> tuple[str, list[Wrong]]:
    """Mend the directive's spelling as long as that leads on, then judge the folder."""
    route = t.cast("t.Any", target.route)
    wrong = []
    others = alternatives(route, target.url)
    slash = next((other for other in others if other.code == "alias_missing_trailing_slash"), None)
    if slash is not None:
        wrong.append(Wrong(slash.code, target, path, slash.line))
        path = slash.path
    if expected and site.same(path, expected):
        return path, wrong
    if expected and path == f"{site.static_root.rstrip('/')}{target.path}" and slash is None:
        return expected, [*wrong, Wrong("alias_missing_trailing_slash", target, path, "")]
    if drops_the_rest(route, target):
        return expected or path, [*wrong, Wrong("alias_root_confusion", target, path, "")]
    swapped = next((other for other in others if other.code == "alias_root_confusion"), None)
    if swapped is not None and _leads_home(site, swapped, path, expected):
        line = swapped.line
        return swapped.path, [*wrong, Wrong(swapped.code, target, path, line)]
    folder = mapped_folder(target, path)
    if not expected:
        # Without STATIC_ROOT there is nothing to compare with: a folder that is there may be the one.
        return path, [*wrong, *([Wrong("path_typo", target, path, "")] if site.exists(folder) is False and not _unset_for_now(site) else [])]
    if route.tries and not is_for_static(route.location):
        # A location for everything, as a single-page application has it, answers each file that it does not find with its page.
        return plain_path(route, target.url), [*wrong, Wrong("try_files_swallows", target, path, "")]
    return path, [*wrong, Wrong(_about_folder(site, folder), target, path, _right_line(site, target))]


def _leads_home(site: SiteView, other: Alternative, path: str, expected: str) -> bool:
    """Tell whether the other spelling reaches the collected file, or, without STATIC_ROOT, a file where this one reaches none."""
    if expected:
        return site.same(other.path, expected)
    return site.exists(other.path) is True and site.exists(path) is False


def _unset_for_now(site: SiteView) -> bool:
    """Without STATIC_ROOT nothing was collected, so that an absent folder proves nothing."""
    return not site.static_root


def _about_folder(site: SiteView, folder: str) -> str:
    if site.exists(folder) is False:
        return "path_typo"
    if any(_is_within(site, folder, source["path"]) for source in site.static.get("sources") or ()):
        return "nginx_serves_source_dir"
    return "static_root_mismatch"


def _is_within(site: SiteView, folder: str, source: str) -> bool:
    one, other = site.real(folder), site.real(source)
    return one == other or one.startswith(other.rstrip("/") + "/")


def _right_line(site: SiteView, target: Target) -> str:
    """Return the directive that leads from the chosen location to its part of STATIC_ROOT."""
    location = target.route.location if target.route else None
    prefix = static_prefix(site)
    below = location.pattern[len(prefix) :].strip("/") if location and is_prefix(location) and location.pattern.startswith(prefix) else ""
    return alias_line(location, f"{root_of(site)}/{below}")


def _repair(site: SiteView, cause: str, route: Route, line: str) -> str:
    """Return what to write, and where: in a location that is for static files, or in a new one."""
    location, mapping = route.location, route.mapping
    changed = rewriting(route)
    away = f"Take `{changed}` out of {place(changed)}" if changed is not None else ""
    if away and cause == "alias_root_confusion" and not line:
        return away
    if location is None or not is_for_static(location) or location.modifier in ("~", "~*"):
        told = "no_static_location" in site.blame.values()
        return f"The new location for {static_prefix(site)} (no_static_location) mends this as well: add it" if told else add_location(site)
    if cause == "try_files_swallows":
        return f"In {place(tries_of(route))} write: try_files $uri =404;"
    line = line or alias_line(location, root_of(site))
    if mapping and leaves_folder(location) and site.exists(mapping.folder) and not line.endswith("/;"):
        # The location gets its slash by the repair of static_path_traversal.
        line = f"{line[:-1]}/;"
    own = any((item.file, item.line) == (mapping.file, mapping.line) for item in location.directives) if mapping else False
    where = f"In {place(mapping)} write" if own else f"In {name_of(location)} at {place(location)} add"
    # alias cannot be used where rewrite … break has changed the URI.
    return f"{away}\n{where}: {line}".lstrip("\n")


def _finding(site: SiteView, hit: list[Wrong]) -> Finding:
    cause, target, path, line = hit[0]
    route = t.cast("t.Any", target.route)
    mapping = route.mapping
    at = place(tries_of(route)) if cause == "try_files_swallows" else place(mapping or route.location)
    return dict(
        finding(
            cause,
            "file",
            message(site, hit),
            f"{_repair(site, cause, route, line)}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
            {
                "directive": f"{mapping.directive} {mapping.argument}" if mapping else "",
                "at": at,
                "nginx_path": path,
                "expected_path": target.expected["collected"],
                "static_root": site.static_root,
            },
        ),
        urls=[item.target.url for item in hit],
    )
