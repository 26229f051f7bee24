# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``: which location block answers the URI?"""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import is_prefix, leaves_folder, mapped_by, plain_path
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import locations
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Location
from ansible_collections.webops.django.plugins.plugin_utils.stages import location_rules
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_prefix import left_to_pages, static_prefix
from ansible_collections.webops.django.plugins.plugin_utils.stages.server import command


def findings(site: SiteView) -> list[Finding]:
    """Name what makes another location, or a rule, answer in the static location's place."""
    if site.server is None or site.resolver is None:
        return []
    return [*_shadowed(site), *_no_location(site), *location_rules.findings(site), *_traversal(site)]


def name_of(location: Location | None) -> str:
    """Return a location as it is written."""
    return f"location {location.modifier} {location.pattern}".replace("  ", " ") if location else "the server block itself"


def place(item: t.Any) -> str:
    """Return file and line of a location, a server block or a directive."""
    return f"{item.file}:{item.line}"


def _is_right(site: SiteView, target: Target) -> bool:
    """Tell whether the chosen location leads to the collected file."""
    route = target.route
    return bool(route and route.mapping and route.outcome != "proxy" and site.same(plain_path(route, target.url), target.expected["collected"]))


def intended(site: SiteView, target: Target) -> tuple[Location, str] | None:
    """Return the location that was meant for a URL and lost, and why it lost."""
    if target.route is None:
        return None
    prefix = static_prefix(site).rstrip("/")
    for location, why in target.route.losers:
        if location.mapping is None or not is_prefix(location) or location.pattern == "/":
            continue
        path = mapped_by(location, target.url)
        if path and (site.same(path, target.expected["collected"]) or location.pattern.rstrip("/") == prefix):
            return location, why
    return None


def _shadowed(site: SiteView) -> list[Finding]:
    by_winner: dict[tuple[str, int, str], list[tuple[Target, Location]]] = {}
    for target in site.targets:
        if target.served or target.route is None or target.route.location is None or _is_right(site, target):
            continue
        # A location that refuses by a rule does so on purpose; the rule is the cause.
        if target.route.outcome == "denied" or (target.route.outcome == "return" and target.route.status in (401, 403)):
            continue
        meant = intended(site, target)
        if meant is not None:
            winner = target.route.location
            by_winner.setdefault((winner.file, winner.line, winner.pattern), []).append((target, meant[0]))
    found = []
    for hit in by_winner.values():
        winner = t.cast("Location", hit[0][0].route.location if hit[0][0].route else None)
        found.append(_shadow(site, winner, hit))
    return found


def _shadow(site: SiteView, winner: Location, hit: list[tuple[Target, Location]]) -> Finding:
    meant = hit[0][1]
    by_regex = winner.modifier in ("~", "~*")
    urls = [target.url for target, _location in hit]
    why = (
        "a location with a pattern goes before one with a prefix, unless that one is written with ^~"
        if by_regex
        else "an exact location goes first"
        if winner.modifier == "="
        else "the longer prefix wins"
    )
    fix = (
        f"In {place(meant)} write: location ^~ {meant.pattern} {{"
        if by_regex
        else f"Take {name_of(winner)} out of {place(winner)}, or give it the folder of {place(meant)}"
    )
    return dict(
        finding(
            "location_shadowed_by_regex" if by_regex else "location_shadowed_by_prefix",
            "location",
            f"{name_of(meant)} at {place(meant)} is meant for {urls[0]}, but {name_of(winner)} at {place(winner)} answers: {why}.",
            f"{fix}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
            {"meant": {"location": name_of(meant), "at": place(meant)}, "wins": {"location": name_of(winner), "at": place(winner)}},
        ),
        urls=urls,
    )


def _no_location(site: SiteView) -> list[Finding]:
    """The chosen location passes the request to the application, which does not serve it, or to no folder at all."""
    hit = [target for target in site.targets if not target.served and _goes_to_application(target) and intended(site, target) is None]
    hit = [target for target in hit if not left_to_pages(site, target) and not _is_tried(site, target)]
    # Another prefix, and an application that answers for itself, are told by the stages page and response.
    hit = [target for target in hit if not _application_intercepts(target)]
    # Where the application serves other static files, as WhiteNoise does, it is meant to serve these as well.
    by_application = any(target.served and _goes_to_application(target) for target in site.targets)
    if not hit or by_application:
        return []
    target = hit[0]
    location = target.route.location if target.route else None
    root = site.static_root.rstrip("/") or "<STATIC_ROOT>"
    server = t.cast("t.Any", site.server)
    return [
        dict(
            finding(
                "no_static_location",
                "location",
                f"The server block at {place(server)} has no location for {static_prefix(site)}: {name_of(location)}"
                f"{f' at {place(location)}' if location else ''} passes {target.url} to the application, which serves no static files in production.",
                f"Add to the server block at {place(server)}:\n    location ^~ {static_prefix(site)} {{\n        alias {root}/;\n    }}\n"
                f"then {command(t.cast('t.Any', site.nginx), 'reload')}",
                {"server": place(server), "answers": name_of(location), "at": place(location) if location else place(server)},
            ),
            urls=[target.url for target in hit],
        )
    ]


def _goes_to_application(target: Target) -> bool:
    """Tell whether the application is asked. Where try_files has led there from a location for static files, the stage file judges it."""
    route = target.route
    if route is None or route.outcome != "proxy":
        return False
    location = route.location
    return not route.tries or location is None or (is_prefix(location) and location.pattern == "/")


def _is_tried(site: SiteView, target: Target) -> bool:
    """Tell whether try_files asks for the collected file before it goes to the application: then its location is no fault."""
    return any(path and site.same(path, target.expected["collected"]) for _argument, path, _kind in (target.route.tries if target.route else ()))


def _application_intercepts(target: Target) -> bool:
    """Tell whether the application answers with something of its own: a page, or a redirect to a login."""
    answer = target.answer
    return bool(answer and answer["status"] and answer["status"] not in (404, 400, 429) and answer["status"] < 500)


def _traversal(site: SiteView) -> list[Finding]:
    """A security finding, even where everything loads."""
    found = []
    for location in locations(t.cast("t.Any", site.server)):
        mapping = location.mapping
        # Where the folder is not there, nothing lies beside it: why nothing loads is another cause.
        if mapping is None or not leaves_folder(location) or site.exists(mapping.folder) is False:
            continue
        found.append(
            finding(
                "static_path_traversal",
                "location",
                f"{name_of(location)} at {place(location)} has no slash at its end, and its alias {mapping.argument} has one: a request for "
                f"{location.pattern}../ leaves the folder, so that anybody can read what lies beside it.",
                f"In {place(location)} write: location {location.modifier + ' ' if location.modifier else ''}{location.pattern}/ {{\n"
                f"then {command(t.cast('t.Any', site.nginx), 'reload')}",
                {"location": name_of(location), "at": place(location), "alias": mapping.argument, "alias_at": place(mapping)},
            )
        )
    return found
