# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inference from names that templates and style sheets ask for and that no finder knows. Pure: evidence in, findings out.

A name alone proves nothing: a template that no page uses may be wrong for years. So each cause needs a proof of its own: the storage refuses
the name, a file differs from it in case only, or a build is there whose output is not.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.module_utils.info_build import is_build_folder

BUILT = (".js", ".mjs", ".css", ".map", ".wasm")
"""Extensions of what front-end builds write."""


def style_sheet_findings(evidence: t.Mapping[str, t.Any]) -> list[Finding]:
    """Judge what style sheets ask for. A storage with a manifest looks for each such name, and collectstatic ends where it finds none."""
    asked = [item for item in _unknown(evidence) if item["kind"] == "style_sheet"]
    stops = _rewrites_style_sheets(evidence)
    other_case = [item for item in asked if item["other_case"]]
    absent = [item for item in asked if not item["other_case"]] if stops else []
    return [
        *([_case_mismatch(other_case, stops)] if other_case else []),
        *([_collect_fails(absent)] if absent else []),
    ]


def page_findings(evidence: t.Mapping[str, t.Any]) -> list[Finding]:
    """Judge what templates and form media ask for."""
    asked = [item for item in _unknown(evidence) if item["kind"] == "template"]
    other_case = [item for item in asked if item["other_case"]]
    built = [item for item in asked if not item["other_case"] and _is_build_output(item, evidence)]
    refused = [item for item in asked if not item["other_case"] and item not in built and item["storage_error"] and evidence.get("manifest_name")]
    return [
        *([_not_built(built, evidence)] if built else []),
        *([_case_mismatch(other_case, False)] if other_case else []),
        *([_manifest_missing(refused)] if refused else []),
    ]


def _unknown(evidence: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    return list((evidence.get("references") or {}).get("unknown", ()))


def _rewrites_style_sheets(evidence: t.Mapping[str, t.Any]) -> bool:
    details = evidence.get("storage_details") or {}
    return bool(details.get("names_as_django")) and any(fnmatch.fnmatchcase("a.css", pattern) for pattern in details.get("rewrites", ()))


def _finding(code: str, message: str, fix: str, items: list[dict[str, t.Any]], more: t.Mapping[str, t.Any]) -> Finding:
    told = [{key: item[key] for key in item if item[key] and key != "kind"} for item in items[:10]]
    return finding(code, "collected", message, fix, {"names": told, **more}, count=len(items), examples=[item["name"] for item in items])


def _where(item: dict[str, t.Any]) -> str:
    return str(item["used_by"][0])


def _case_mismatch(items: list[dict[str, t.Any]], stops: bool) -> Finding:
    first = items[0]
    return _finding(
        "case_mismatch",
        f"{_where(first)} asks for {first['name']}, and the file is called {first['other_case']}: upper and lower case differ. "
        f"{some(len(items), 'name', [item['name'] for item in items])} of this kind.",
        f"Write {first['other_case']} instead of {first['name']} in {_where(first)}.",
        items,
        {"stops_collectstatic": stops},
    )


def _collect_fails(items: list[dict[str, t.Any]]) -> Finding:
    """The storage looks for each name that a style sheet asks for, and collectstatic ends at the first that is not there."""
    first = items[0]
    return _finding(
        "collectstatic_failed",
        f"{some(len(items), 'name', [item['name'] for item in items])} that style sheets ask for {'is' if len(items) == 1 else 'are'} known to no "
        f"finder, and collectstatic ends with an error there: {_where(first)} asks for {first['name']}{_instead(first)}",
        _manifest_fix(first),
        items,
        {"stops_collectstatic": True},
    )


def _manifest_missing(items: list[dict[str, t.Any]]) -> Finding:
    first = items[0]
    return _finding(
        "manifest_missing_entry",
        f"{some(len(items), 'name', [item['name'] for item in items])} that templates ask for {'is' if len(items) == 1 else 'are'} in no manifest; "
        f"a page that asks for one ends with an error while DEBUG is off. {_where(first)} asks for {first['name']}{_instead(first)}",
        _manifest_fix(first),
        items,
        {"stops_collectstatic": False},
    )


def _instead(item: dict[str, t.Any]) -> str:
    if item["without_slash"]:
        return f", and the name is {item['without_slash']}: no slash at its beginning."
    if item["inside"]:
        return f", which is a folder; it holds {item['inside']}."
    if item["other_extension"]:
        return f"; there is a {item['other_extension']}, so it may have been renamed."
    return ", and no finder knows a file of this name."


def _manifest_fix(item: dict[str, t.Any]) -> str:
    where = _where(item)
    if item["without_slash"]:
        return f"Write {item['without_slash']} instead of {item['name']} in {where}."
    if item["inside"]:
        return f"Name a file, such as {item['inside']}, in {where}, or end the folder's name with a slash."
    return f"Correct the name in {where}, add the file {item['name']} to a static folder, or install a version of the package that ships it."


def _is_build_output(item: dict[str, t.Any], evidence: t.Mapping[str, t.Any]) -> bool:
    """Tell a build's output from a wrong name: there must be a build, or a folder where its file should be."""
    if posixpath.splitext(item["name"])[1] not in BUILT or item["without_slash"] or item["other_extension"]:
        return False
    if item["inside"]:
        return True
    build = evidence.get("build") or {}
    ours = any(_is_own(place, str(evidence.get("project_path", ""))) for place in item["used_by"])
    return ours and bool(build.get("package") or any(is_build_folder(folder) for folder in build.get("missing_folders", ())))


def _is_own(place: str, project_path: str) -> bool:
    inside = bool(project_path) and place.startswith(os.path.join(project_path, ""))
    return inside and not {"site-packages", "dist-packages", "node_modules"} & set(place.split("/"))


def _not_built(items: list[dict[str, t.Any]], evidence: t.Mapping[str, t.Any]) -> Finding:
    first, build = items[0], evidence.get("build") or {}
    missing = [folder for folder in build.get("missing_folders", ()) if is_build_folder(folder)]
    if first["inside"]:
        why = f"a folder stands in its place, which holds {first['inside']}: the build takes the name for that of a folder."
        fix = f"Remove the folder {first['name']}/, let the build write a file of this name, build, and collect again."
    else:
        why = f"the folder {missing[0]} of STATICFILES_DIRS does not exist." if missing else f"{build['package']} has a script {build['script']}."
        folder = os.path.dirname(build["package"]) if build.get("package") else os.path.dirname(missing[0])
        fix = f"cd {folder} && npm ci && npm run {build.get('script') or 'build'}, then collect again."
    return _finding(
        "asset_not_built",
        f"{_where(first)} asks for {first['name']}, which no finder knows, and it is a front-end build's output: {why} "
        f"{some(len(items), 'name', [item['name'] for item in items])} of this kind.",
        fix,
        items,
        {"package": build.get("package", ""), "missing_folders": missing},
    )
