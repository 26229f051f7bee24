# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``location``: which location block answers the URI?"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import is_for_static, is_prefix, leaves_folder, plain_path, rewriting
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import locations
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Location, ServerBlock
from ansible_collections.webops.django.plugins.plugin_utils.stages import location_limits, location_redirects, location_rules
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_onwards import own_block, shortened_uri
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_prefix import intended, left_to_pages, static_prefix
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_repair import add_location, name_of, place
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

NEVER_ASKED = ("", ".md", ".txt", ".rst", ".map", ".scss", ".sass", ".less", ".ts", ".flow", ".html", ".htm")
"""Extensions of files that packages bring along, and that browsers do not ask for."""


def findings(site: SiteView) -> list[Finding]:
    """Name what makes another location, or a rule, answer in the static location's place."""
    if site.server is None or site.resolver is None:
        return []
    location_redirects.leave(site)
    return [
        *_shadowed(site),
        *(_shortened(site) or _no_location(site)),
        *location_rules.findings(site),
        *location_limits.findings(site),
        *_traversal(site),
    ]


def _is_right(site: SiteView, target: Target) -> bool:
    """Tell whether the chosen location leads to the collected file."""
    route = target.route
    return bool(route and route.mapping and route.outcome != "proxy" and site.same(plain_path(route, target.url), target.expected["collected"]))


def _shadowed(site: SiteView) -> list[Finding]:
    by_winner: dict[tuple[str, int, str], list[tuple[Target, Location]]] = {}
    for target in site.targets:
        if target.served or target.route is None or target.route.location is None or _is_right(site, target):
            continue
        # A location that refuses by a rule does so on purpose; the rule is the cause.
        if location_rules.rule_of(site, target) is not None:
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
    urls = [target.url for target, _location in hit]
    return dict(
        finding(
            "location_shadowed_by_regex" if winner.modifier in ("~", "~*") else "location_shadowed_by_prefix",
            "location",
            f"{name_of(meant)} at {place(meant)} is meant for {urls[0]}, but {name_of(winner)} at {place(winner)} answers: {_why(winner, meant)}.",
            f"{_repair(site, winner, meant)}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
            {"meant": {"location": name_of(meant), "at": place(meant)}, "wins": {"location": name_of(winner), "at": place(winner)}},
        ),
        urls=urls,
    )


def _why(winner: Location, meant: Location) -> str:
    """Say by which rule of nginx's a location wins."""
    if meant in winner.parents:
        return "a location inside goes before the one around it"
    if winner.modifier in ("~", "~*"):
        if is_prefix(meant):
            return "a location with a pattern goes before one with a prefix, unless that one is written with ^~"
        return "of several patterns that match, the first one in the configuration wins"
    if winner.modifier == "=":
        return "an exact location goes first"
    return "the longer prefix wins" if is_prefix(meant) else "its ^~ keeps patterns away"


def _repair(site: SiteView, winner: Location, meant: Location) -> str:
    if meant in winner.parents:
        leads = [*winner.own_together("root"), *([winner.content] if winner.content else [])]
        return "\n".join(f"Take `{item}` out of {place(item)}" for item in leads)
    if winner.modifier in ("~", "~*"):
        return f"In {place(meant)} write: location ^~ {meant.pattern} {{" if is_prefix(meant) else add_location(site)
    return f"Take {name_of(winner)} out of {place(winner)}, or give it the folder of {place(meant)}"


def _no_location(site: SiteView) -> list[Finding]:
    """The chosen location passes the request to the application, which does not serve it, or to no folder at all."""
    hit = [target for target in site.targets if not target.served and _goes_to_application(site, target) and intended(site, target) is None]
    hit = [target for target in hit if not left_to_pages(site, target) and not _is_tried(site, target)]
    # Another prefix, and an application that answers for itself, are told by the stages page and response.
    hit = [target for target in _asked_for(site, hit) if not _application_intercepts(target)]
    # Where the application serves other static files, as WhiteNoise does, or will do so when it is started anew, it is meant to serve these too.
    by_application = any(target.served and _goes_to_application(site, target) for target in site.targets)
    if not hit or by_application or site.static.get("whitenoise"):
        return []
    target = hit[0]
    location = target.route.location if target.route else None
    server = t.cast("t.Any", site.server)
    return [
        dict(
            finding(
                "no_static_location",
                "location",
                f"{_lacks(site, hit)}{name_of(location)}"
                f"{f' at {place(location)}' if location else ''} passes {target.url} to the application, which serves no static files in production.",
                f"{_way_in(site, target)}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
                {"server": place(server), "answers": name_of(location), "at": place(location) if location else place(server)},
            ),
            urls=[target.url for target in hit],
        )
    ]


def _shortened(site: SiteView) -> list[Finding]:
    """The application may serve static files itself, but is asked for them by other names."""
    prefix = static_prefix(site)
    asked = [(target, shortened_uri(target.route, target.url, prefix)) for target in site.targets if target.route and not target.served]
    hit = [(target, uri) for target, uri in asked if uri]
    if not hit:
        return []
    route = t.cast("t.Any", hit[0][0].route)
    rule = route.effective("proxy_pass")[-1]
    return [
        dict(
            finding(
                "no_static_location",
                "location",
                f"`{rule}` at {place(rule)} passes {hit[0][0].url} to the application as {hit[0][1]}, for a path behind the upstream takes the place "
                f"of {prefix}: under that name the application has no static file.",
                f"{add_location(site)}\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
                {"server": place(site.server), "answers": name_of(route.location), "at": place(rule), "asked": hit[0][1]},
            ),
            urls=[target.url for target, _uri in hit],
        )
    ]


def _asked_for(site: SiteView, hit: list[Target]) -> list[Target]:
    """Leave out what no page asks for, such as LICENSE, where locations take all other files by their extensions: that is on purpose."""
    idle = [target for target in hit if os.path.splitext(target.path)[1].lower() in NEVER_ASKED]
    if len(idle) < len(hit) or all(target in idle for target in site.targets):
        return hit
    for number, target in enumerate(site.targets):
        if target in idle:
            site.targets[number] = target._replace(answer=None)
    return []


def _lacks(site: SiteView, hit: t.Sequence[Target]) -> str:
    """Say what the server block lacks; nothing where the location is there, and passes requests on itself."""
    server, prefix = t.cast("t.Any", site.server), static_prefix(site)
    changed = rewriting(hit[0].route) if hit[0].route else None
    if changed is not None:
        return f"`{changed}` at {place(changed)} changes {hit[0].url} into another URI: "
    if all(target.route and is_for_static(target.route.location) for target in hit):
        return ""
    others = [target.route.location for target in site.targets if target.route and target.route.location and target.route.outcome == "file"]
    if not others:
        return f"The server block at {place(server)} has no location for {prefix}: "
    kinds = sorted({os.path.splitext(target.path)[1] for target in hit} - {os.path.splitext(item.path)[1] for item in site.targets if item.served})
    what = ", ".join(kinds[:8]) if kinds else hit[0].path
    return f"{name_of(others[0])} at {place(others[0])} takes some of what lies under {prefix}, but none takes {what}: "


def _way_in(site: SiteView, target: Target) -> str:
    """Return what leads to a location for the static files: a new one, or the end of a rewrite that leads past the one that is there."""
    changed = rewriting(target.route) if target.route else None
    there = any(item.mapping and is_prefix(item) and item.pattern.rstrip("/") == static_prefix(site).rstrip("/") for item in locations(_server(site)))
    away = f"Take `{changed}` out of {place(changed)}" if changed is not None else ""
    return away if away and there else f"{away}\n{add_location(site)}".lstrip("\n")


def _server(site: SiteView) -> ServerBlock:
    return t.cast("ServerBlock", site.server)


def _goes_to_application(site: SiteView, target: Target) -> bool:
    """Tell whether the application is asked. Where try_files has led there from a location for static files, the stage file judges it."""
    route = target.route
    if route is None or route.outcome != "proxy" or own_block(site, route) is not None:
        return False
    return not route.tries or not is_for_static(route.location)


def _is_tried(site: SiteView, target: Target) -> bool:
    """Tell whether try_files asks for the collected file before it goes to the application: then its location is no fault."""
    return any(
        path and site.same(path, target.expected["collected"])
        for _argument, path, kind in (target.route.tries if target.route else ())
        if kind == "file"
    )


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
