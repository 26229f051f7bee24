# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``collected``, continued: names that the site's pages ask for, and that no finder knows.

The rules are those for templates (module_utils/static_references_findings.py); here the names come from pages as clients get them.
"""

from __future__ import annotations

import posixpath
import re
import shlex
import typing as t
from urllib.parse import unquote

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.module_utils.info_references import FAMILIES
from ansible_collections.webops.django.plugins.module_utils.static_references_findings import BUILT, page_findings
from ansible_collections.webops.django.plugins.module_utils.static_repairs import collect, settings_file, write
from ansible_collections.webops.django.plugins.module_utils.static_settings_findings import settings_findings
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_names import (
    HASHED,
    bare,
    changed_since_start,
    failed,
    known_names,
    plain,
    references,
)
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import restart

Document = t.Mapping[str, t.Any]
HIDES_NAMES = ("finder_missing", "staticfiles_app_missing")
"""Faults of the settings by which finders do not know the project's own files."""
NO_ENTRY = re.compile(r"Missing staticfiles manifest entry for (?:'(?P<single>[^']+)'|\"(?P<double>[^\"]+)\"|&#x27;(?P<html>.+?)&#x27;)")
"""What ManifestFilesMixin.stored_name() of Django raises."""


def findings(site: SiteView) -> list[Finding]:
    """Name what pages ask for in vain because no file of that name is known."""
    if not site.static:
        return []
    asked = list(_not_found(site))
    items = [*_not_in_manifest(site), *asked]
    urls = {item["name"]: item["url"] for item in items}
    found = page_findings(dict(site.static, references={"unknown": items})) if items else []
    told = {name for item in found for name in item["examples"]}
    built = [item for item in asked if item["name"] not in told and (_is_output(item) or unlisted(site, item["name"]))]
    found = [*found, *([_not_built(site, built)] if built and all(item["code"] != "asset_not_built" for item in found) else [])]
    return [dict(item, urls=[urls[name] for name in item["examples"] if urls.get(name)]) for item in found]


def _is_output(item: Document) -> bool:
    """Tell whether a name that a client asked for in vain can only be what a build should have written: nothing resembles it."""
    near = item["other_case"] or item["without_slash"] or item["other_extension"]
    return posixpath.splitext(item["name"])[1] in BUILT and not near


def _not_built(site: SiteView, items: t.Sequence[Document]) -> Finding:
    """Unlike a template, which nobody may use, a page proves that the file is wanted."""
    first, build = items[0], site.static.get("build") or {}
    names = [item["name"] for item in items]
    lies = unlisted(site, first["name"])
    if lies:
        return _not_listed(site, items, lies)
    missing = [str(folder) for folder in build.get("missing_folders") or ()]
    if build.get("package"):
        how = f"cd {shlex.quote(posixpath.dirname(build['package']))} && npm ci && npm run {build.get('script') or 'build'}"
        why = f"{build['package']} is there, and what its build writes is not"
    else:
        folder = missing[0] if missing else next((source["path"] for source in site.static.get("sources") or () if not source.get("app")), "")
        where = folder or "a folder of STATICFILES_DIRS"
        how = f"Put {first['name']} into {where} (build the front end, if that makes it), or correct the name where the page's template asks for it"
        why = f"the folder {missing[0]} of STATICFILES_DIRS does not exist" if missing else "no app and no folder of STATICFILES_DIRS has it"
    return finding(
        "asset_not_built",
        "collected",
        f"{first['used_by'][0]} asks for {first['name']}, and {why}: a front-end build's output, or a file that was never added. "
        f"{some(len(items), 'name', names)} of this kind.",
        f"{how}\nthen {site.static.get('collect_command') or 'collect again'}",
        {"names": names[:10], "package": build.get("package", ""), "missing_folders": missing},
        count=len(items),
        examples=names,
    )


def unlisted(site: SiteView, name: str) -> Document | None:
    """Return the folder of the project that holds a file of this name, where no finder looks."""
    return next((folder for folder in site.static.get("unlisted") or () if name in folder["names"]), None)


def _not_listed(site: SiteView, items: t.Sequence[Document], folder: Document) -> Finding:
    """The file is there, and no finder looks where it is: no build is missing, but a line in the settings."""
    first, names = items[0], [item["name"] for item in items]
    if folder["app"]:
        why = f"{folder['app']} is not in INSTALLED_APPS"
        fix = f'In {settings_file(site.static)} add "{folder["app"]}" to INSTALLED_APPS'
    else:
        why = "this folder is not in STATICFILES_DIRS"
        kept = "*STATICFILES_DIRS, " if site.static.get("staticfiles_dirs") else ""
        fix = write(site.static, f'STATICFILES_DIRS = [{kept}"{folder["path"]}"]')
    return finding(
        "asset_not_built",
        "collected",
        f"{first['used_by'][0]} asks for {first['name']}, which no finder knows. The file lies in {folder['path']}, but {why}. "
        f"{some(len(items), 'name', names)} of this kind.",
        f"{fix}\nthen collect: {collect(site.static)}\nthen {restart(site.application)}",
        {"names": names[:10], "folder": folder["path"], "app": folder["app"]},
        count=len(items),
        examples=names,
    )


def _not_in_manifest(site: SiteView) -> t.Iterator[dict[str, t.Any]]:
    """Yield names that pages with an error, or the logs, say are in no manifest."""
    names = known_names(site)
    texts = [(page["url"], page.get("error_text") or page.get("error") or "") for page in site.pages if (page.get("status") or 0) >= 500]
    texts += [("the application's log", line) for line in site.look.get("logs") or () if texts]
    seen = set()
    for where, text in texts:
        for match in NO_ENTRY.finditer(str(text)):
            name = next((group for group in match.groups() if group), "")
            # The manifest on disk has it by now: the service holds an older one.
            if name in seen or (name in names and changed_since_start(site)):
                continue
            seen.add(name)
            yield _item(site, name, where, "", match.group(0))


def _not_found(site: SiteView) -> t.Iterator[dict[str, t.Any]]:
    """Yield names under STATIC_URL that pages ask for, that are answered with an error, and that are neither known nor there."""
    names = known_names(site)
    served = set(names.values())
    seen = set()
    if _is_incomplete(site):
        return
    for page, reference in references(site):
        url = bare(reference["url"])
        name = unquote(url[len(site.static_url) :], errors="surrogateescape") if url.startswith(site.static_url) else ""
        if not name or name in seen or not _refused(reference) or name in served or plain(name) in names or _is_file(site, name):
            continue
        seen.add(name)
        # A style sheet's references are judged from the sources.
        if reference.get("from") in (None, "", page["url"]):
            yield _item(site, name, page["url"], url, "")


def _is_incomplete(site: SiteView) -> bool:
    """Tell whether a name that nobody knows may be one that the finders should know, or one that the sample lacks and nobody has collected."""
    if site.static.get("finder_errors") or any(item["code"] in HIDES_NAMES for item in settings_findings(site.static)):
        return True
    lacking = ((site.static.get("tree") or {}).get("missing") or {}).get("count", 0)
    return bool(lacking) and site.application.get("files_total", 0) > len(site.application["sample"])


def _refused(reference: Document) -> bool:
    """A folder in a file's place is answered with a redirect to its slash, and then refused."""
    return failed(reference) and reference["status"] in (301, 302, 403, 404, 410)


def _is_file(site: SiteView, name: str) -> bool:
    known = site.path(f"{site.static_root.rstrip('/')}/{name}") if site.static_root else None
    return bool(known and known.get("exists") and known.get("real_kind", known.get("kind")) == "file")


def _item(site: SiteView, name: str, where: str, url: str, error: str) -> dict[str, t.Any]:
    """Put together what page_findings() wants to know of a name; see Known.facts() in module_utils/info_references.py."""
    names = known_names(site)
    wanted = HASHED.sub("", name)
    by_case = {known.lower(): known for known in names}
    stem, extension = posixpath.splitext(wanted)
    others = [stem + other for family in FAMILIES if extension in family for other in sorted(family - {extension})]
    other_case = by_case.get(wanted.lower(), "")
    return {
        "name": name,
        "kind": "template",
        "url": url,
        "used_by": [where],
        "storage_error": error,
        "other_case": other_case if other_case != wanted else "",
        "without_slash": wanted.lstrip("/") if wanted.startswith("/") and wanted.lstrip("/") in names else "",
        "inside": min((known for known in names if known.startswith(f"{wanted.rstrip('/')}/")), default="") or _inside(site, wanted),
        "other_extension": next((other for other in others if other in names), ""),
    }


def _inside(site: SiteView, name: str) -> str:
    known = site.path(f"{site.static_root.rstrip('/')}/{name}") if site.static_root else None
    is_folder = bool(known and known.get("real_kind", known.get("kind")) == "directory" and posixpath.splitext(name)[1])
    return f"{name}/" if is_folder else ""
