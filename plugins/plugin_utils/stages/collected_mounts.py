# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``collected``, continued: mounts, by which application and web server see different files under one path."""

from __future__ import annotations

import posixpath
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView

Document = t.Mapping[str, t.Any]


def findings(site: SiteView) -> list[Finding]:
    """Name a mount that keeps the collected files from where they are served."""
    if not site.static_root:
        return []
    known = site.path(site.static_root)
    if known is None:
        return []
    return [*_not_shared(site, known), *_masks(site, known), *_stale(site, known)]


def _urls(site: SiteView) -> list[str]:
    return [target.url for target in site.targets if not target.served]


def _told(mount: Document | None) -> dict[str, t.Any]:
    return {name: (mount or {}).get(name) for name in ("point", "source", "type", "bind")}


def _in_words(mount: Document | None) -> str:
    if not mount:
        return "no mount"
    return f"{mount.get('source') or mount.get('type')} mounted at {mount.get('point')}"


def _not_shared(site: SiteView, known: Document) -> list[Finding]:
    """The application's folder is there, and the web server, in another container, has another mount at that path, or none."""
    said = site.worker(site.static_root) or {}
    theirs, ours = said.get("mount"), known.get("mount")
    if not known.get("exists") or not said.get("own_root") or not _urls(site):
        return []
    lacks = said.get("opens") is False and said.get("error") == "ENOENT"
    another = bool(theirs and ours) and not _same_mount(t.cast("Document", theirs), t.cast("Document", ours))
    if not lacks and not another:
        return []
    what = "has no such folder" if lacks else f"sees another one there: {_in_words(theirs)}"
    return [
        _finding(
            site,
            "volume_not_shared",
            f"The application collects into {site.static_root} ({_in_words(ours)}), but nginx runs in a container of its own and {what}.",
            f'Give both the same volume, in docker-compose.yml:\n    application: volumes: ["static:{site.static_root}"]\n'
            f'    nginx: volumes: ["static:{site.static_root}:ro"]\n    volumes: {{static: {{}}}}',
            {"application": _told(ours), "nginx": _told(theirs), "error": said.get("error", "")},
        )
    ]


def _same_mount(one: Document, other: Document) -> bool:
    """Tell whether two mounts show the same files: the same source, and the same part of it."""
    return all(one.get(name) == other.get(name) for name in ("source", "type")) and one.get("root") == other.get("root")


def _masks(site: SiteView, known: Document) -> list[Finding]:
    """Nothing is seen where files lie beneath a mount."""
    mount = known.get("mount") or {}
    hidden = mount.get("hides") or 0
    tree = site.static.get("tree") or {}
    is_empty = known.get("exists") is False or bool(tree.get("is_empty"))
    if not hidden or not is_empty or mount.get("point") in (None, "/"):
        return []
    return [
        _finding(
            site,
            "volume_masks_files",
            f"{_in_words(mount)} covers {hidden} files that the image holds beneath it, STATIC_ROOT {site.static_root} among them: what was "
            "collected when the "
            f"image was built cannot be seen.",
            f"Collect after the mount is there, at the container's start: {_collect(site)}\n"
            f"or set STATIC_ROOT to a folder outside of {mount['point']}",
            {"mount": _told(mount), "hidden": hidden, "static_root": site.static_root},
        )
    ]


def _stale(site: SiteView, known: Document) -> list[Finding]:
    """In a container, a volume of its own keeps what an earlier image put there, while the sources come with the image."""
    mount = known.get("mount") or {}
    point = mount.get("point")
    tree = site.static.get("tree") or {}
    lacking = sum((tree.get(name) or {}).get("count", 0) for name in ("missing", "different"))
    if not site.host.get("container") or point in (None, "/") or not lacking or tree.get("is_empty") or known.get("exists") is False:
        return []
    project = str(site.static.get("project_path") or site.application.get("project_path") or "")
    if not project or _holds(str(point), project) or not _holds(str(point), site.static_root):
        return []
    return [
        _finding(
            site,
            "volume_stale",
            f"STATIC_ROOT {site.static_root} lies on a volume ({_in_words(mount)}) that keeps the files of an earlier version: {lacking} files "
            "of the "
            f"project, which comes with the image, are missing there or differ. A volume is filled from an image only while it is empty.",
            f"Collect at every start of the container: {_collect(site)}",
            {"mount": _told(mount), "project_path": project, "lacking": lacking},
        )
    ]


def _collect(site: SiteView) -> str:
    return str(site.static.get("collect_command") or "python manage.py collectstatic --noinput")


def _holds(folder: str, path: str) -> bool:
    return posixpath.normpath(path) == folder or posixpath.normpath(path).startswith(folder.rstrip("/") + "/")


def _finding(site: SiteView, code: str, message: str, fix: str, evidence: Document) -> Finding:
    return dict(finding(code, "collected", message, fix, evidence), urls=_urls(site))
