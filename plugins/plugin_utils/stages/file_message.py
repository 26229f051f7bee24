# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``file``, continued: what is told of a path that is not the collected file's."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import is_prefix, rewriting
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route
from ansible_collections.webops.django.plugins.plugin_utils.stages.location_repair import name_of, place


class Wrong(t.NamedTuple):
    """A target whose path is not that of the collected file.

    :ivar cause: the code.
    :ivar path: what nginx builds.
    :ivar line: what should stand in the place of the directive, if that is known.
    """

    cause: str
    target: Target
    path: str
    line: str


def mapped_folder(target: Target, path: str) -> str:
    """Return the folder that nginx takes for STATIC_ROOT: a path without the part that names the static file."""
    tail = "/" + target.path
    return path[: -len(tail)] or "/" if path.endswith(tail) else os.path.dirname(path)


def drops_the_rest(route: Route, target: Target) -> bool:
    """Tell whether an alias behind a pattern loses a part of the URI, for it holds not all of what the pattern has matched."""
    location, mapping = route.location, route.mapping
    if location is None or mapping is None or location.modifier not in ("~", "~*") or mapping.directive != "alias":
        return False
    return "$" not in mapping.argument or not (route.path or "").endswith(os.path.basename(target.path))


def message(site: SiteView, hit: list[Wrong]) -> str:
    cause, target, path, _line = hit[0]
    route = t.cast("t.Any", target.route)
    mapping = route.mapping
    where = f"{mapping.directive} {mapping.argument} at {place(mapping)}" if mapping else f"{name_of(route.location)} at {place(route.location)}"
    folder = mapped_folder(target, path)
    if cause == "alias_missing_trailing_slash" and not is_prefix(route.location):
        return f"{where} has no slash between its folder and what {name_of(route.location)} has matched: nginx looks for {path}."
    if cause == "alias_missing_trailing_slash":
        return f"{where} has no slash at its end, and {name_of(route.location)} has one: nginx glues both together and looks for {path}."
    if cause == "alias_root_confusion":
        return f"{where} makes nginx look for {path}, where nothing lies: {_confused(route, target)}"
    if cause == "path_typo":
        unset = "" if mapping else " has neither root nor alias, which"
        ours = f"; STATIC_ROOT is {site.static_root}." if site.static_root else "."
        return f"{where}{unset} makes nginx look into {folder}, which does not exist{ours}"
    if cause == "static_root_mismatch":
        return f"{where} makes nginx look into {folder}, but Django collects into STATIC_ROOT {site.static_root}."
    if cause == "nginx_serves_source_dir":
        return (
            f"{where} makes nginx serve {folder}, a folder of sources: what lies there loads, and what other folders and apps have, "
            f"such as {target.path}, does not. Django collects all of it into STATIC_ROOT {site.static_root}."
        )
    return (
        f"try_files of {name_of(route.location)} at {place(tries_of(route))} never reaches the file {target.expected['collected'] or path}: "
        f"it tries {', '.join(argument for argument, _path, _kind in route.tries)}."
    )


def _confused(route: Route, target: Target) -> str:
    """Say what was mistaken for what."""
    changed, mapping = rewriting(route), t.cast("t.Any", route.mapping)
    if changed is not None:
        return f"`{changed}` at {place(changed)} changes the URI before it is put behind that folder."
    if mapping.directive == "root":
        return "root puts the whole URI behind its folder; alias was meant."
    if drops_the_rest(route, target):
        return "behind a pattern, alias is the whole path, and what the URI adds is lost."
    return "alias puts only what follows the location behind its folder; root was meant."


def tries_of(route: t.Any) -> t.Any:
    """Return the try_files directive in effect."""
    return next(iter(route.effective("try_files")), route.mapping)
