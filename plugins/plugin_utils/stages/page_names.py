# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pages ask for, compared with the names and the prefix that settings and manifest give today."""

from __future__ import annotations

import os
import re
import typing as t
from urllib.parse import unquote, urlsplit

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target

Document = t.Mapping[str, t.Any]
HASHED = re.compile(r"\.[0-9a-f]{12}(?=\.[^./]*$|$)")
"""What ManifestStaticFilesStorage puts before a name's extension: 12 digits of an MD5 (HashedFilesMixin.file_hash() and hashed_name())."""


class Sign(t.NamedTuple):
    """A URL that a page would not name if it were made today.

    :ivar now: what stands in its place.
    :ivar changed: what has changed since the application started, and when; None if nothing has.
    """

    url: str
    page: str
    now: str
    sentence: str
    changed: tuple[str, float] | None


def references(site: SiteView) -> t.Iterator[tuple[Document, Document]]:
    """Yield each page with each of its references, once for a page."""
    for page in site.pages:
        for reference in page.get("references") or ():
            yield page, reference


def bare(url: str) -> str:
    """Return a URL without its query and fragment."""
    return url.partition("#")[0].partition("?")[0]


def plain(name: str) -> str:
    """Return a name without the hash that a manifest storage gives it."""
    return HASHED.sub("", name)


def known_names(site: SiteView) -> dict[str, str]:
    """Return the names under which files are served today, by the names that the finders know."""
    return {item.get("source_path") or plain(item["path"]): item["path"] for item in site.application["sample"]}


def is_known(site: SiteView, name: str) -> bool:
    """Tell whether a file of STATIC_ROOT is one of the project's, and not left over from what the project had before.

    Of a project that was only sampled, the rest is known where the tree holds no more files than the project has.
    """
    names = known_names(site)
    if name in names or name in names.values():
        return True
    total = site.application.get("files_total") or 0
    tree = (site.look.get("trees") or {}).get(os.path.normpath(site.static_root)) or {}
    most = total * (2 if site.static.get("manifest_name") else 1)
    return total > len(site.application["sample"]) and 0 < (tree.get("files") or 0) <= most


def split(path: str, names: t.Mapping[str, str]) -> tuple[str, str]:
    """Split a URL's path into a prefix and the name of a known static file; both are empty where it names none. The longest name wins."""
    parts = path.split("/")
    for start in range(1, len(parts)):
        name = unquote("/".join(parts[start:]), errors="surrogateescape")
        # One segment alone, as in favicon.ico, may be anything; behind one folder it is a name.
        if (start + 1 < len(parts) or start == 2) and plain(name) in names:
            return "/".join(parts[:start]) + "/", name
    return "", ""


def failed(reference: Document) -> bool:
    """Tell whether a client asked for a reference and did not get it."""
    return bool(reference.get("status")) and reference["status"] != 200


def old_names(site: SiteView) -> list[Sign]:
    """Pages that ask for hashed names other than those in the manifest."""
    names, changed = known_names(site), changed_since_start(site)
    found: dict[str, Sign] = {}
    for page, reference in references(site):
        url = bare(reference["url"])
        name = unquote(url[len(site.static_url) :], errors="surrogateescape") if url.startswith(site.static_url) else ""
        now = names.get(plain(name), "")
        if name and now and HASHED.search(name) and now != name and HASHED.search(now):
            sentence = f"{page['url']} asks for {name}, and the manifest says {now}."
            found.setdefault(url, Sign(url, page["url"], now, sentence, changed))
    return list(found.values())


def old_prefixes(site: SiteView) -> list[Sign]:
    """Pages that ask for known files under another prefix than STATIC_URL says today, in vain."""
    names, changed = known_names(site), changed_since_start(site)
    prefix = urlsplit(site.static_url).path
    found: dict[str, Sign] = {}
    for page, reference in references(site):
        url = bare(reference["url"])
        path = urlsplit(url).path
        if url.startswith(site.static_url) or not failed(reference):
            continue
        _prefix, name = split(path, names)
        if name:
            sentence = f"{page['url']} asks for {path}, and STATIC_URL is {prefix} now."
            found.setdefault(url, Sign(url, page["url"], prefix + name, sentence, changed))
    return list(found.values())


def came_later(site: SiteView, target: Target) -> tuple[str, float] | None:
    """Return what came after an application with WhiteNoise had started, and when: it reads its settings and looks into STATIC_ROOT only then.

    The time is in seconds since the epoch; None where nothing came later, or something else serves the file.
    """
    answer, started = target.answer, site.application.get("started")
    through_nginx = target.route is not None and target.route.outcome != "proxy"
    if not site.static.get("whitenoise") or not answer or answer["status"] != 404 or answer["server"] == "nginx" or through_nginx or not started:
        return None
    collected = target.expected["collected"] or ""
    known = site.path(collected) or {}
    there = bool(known.get("exists"))
    manifest = site.application.get("manifest_changed") if target.expected["hashed"] else None
    times = [(collected, known.get("ctime") if there else None), (f"the manifest ({site.static.get('manifest_path')})", manifest)]
    # Settings that name WhiteNoise by now may not have done so then.
    times.append((_settings_of(site), site.application.get("settings_changed") if there else None))
    return next(((what, time) for what, time in times if time and time > started), None)


def _settings_of(site: SiteView) -> str:
    return f"its settings ({site.static.get('settings_file') or site.application.get('settings_module')})"


def changed_since_start(site: SiteView) -> tuple[str, float] | None:
    """Return what changed after the application had started: the settings or the manifest, and when; None if neither did."""
    started = site.application.get("started")
    if not started:
        return None
    for key, what in (
        ("settings_changed", _settings_of(site)),
        ("manifest_changed", f"the manifest ({site.static.get('manifest_path') or 'staticfiles.json'})"),
    ):
        changed = site.application.get(key)
        if changed and changed > started:
            return what, changed
    return None
