# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``, continued: what the worker has to open, and what the kernel and the modes say of it."""

from __future__ import annotations

import os
import typing as t
from urllib.parse import quote

from ansible_collections.webops.django.plugins.module_utils.served_tree import MANIFEST
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import plain_path
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_modes import READ, SEARCH, closed_by_mode, worker_account
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_names import is_known

Document = t.Mapping[str, t.Any]

LEAD_TO_NGINX = ("no_static_location", "location_shadowed_by_regex", "location_shadowed_by_prefix", "static_url_mismatch")
"""Causes in whose place, once they are mended, nginx serves what the application is asked for now."""
DENIED = ("EACCES", "EPERM")


class Subject(t.NamedTuple):
    """A path to open, and the URL for which.

    :ivar target: None for a file of the tree that nobody asked for.
    """

    url: str
    path: str
    target: Target | None


class Refusal(t.NamedTuple):
    """A folder or file that keeps the worker out.

    :ivar entry: the component: path, mode, owner, group.
    :ivar bit: what the worker lacks: search of a folder, or read of a file.
    :ivar above: the components before it.
    """

    subject: Subject
    entry: Document
    bit: int
    above: t.Sequence[Document]


def subjects(site: SiteView) -> list[Subject]:
    """Return what the worker has to open and a client did not get."""
    found = [Subject(target.url, path, target) for target in site.targets if not target.served for path in [path_of(site, target)] if path]
    known = {os.path.normpath(subject.path) for subject in found} | {os.path.normpath(item.expected["collected"] or "/") for item in site.targets}
    if not any(is_nginx_meant(site, target) for target in site.targets):
        return found
    return found + [item for item in _of_tree(site) if os.path.normpath(item.path) not in known]


def path_of(site: SiteView, target: Target) -> str:
    """Return where nginx will find a target's file once earlier faults are mended; empty where the application is meant to send it."""
    if not is_nginx_meant(site, target):
        return ""
    collected = str(target.expected["collected"] or "")
    built = plain_path(target.route, target.url) if target.route else ""
    # The same file may be reached over another way, with other folders and links on it.
    if built and (not collected or site.same(built, collected)):
        return built
    return collected


def is_nginx_meant(site: SiteView, target: Target) -> bool:
    """Tell whether nginx opens the file, or will do so."""
    if target.route is None:
        return False
    return target.route.outcome != "proxy" or site.blame.get(target.url) in LEAD_TO_NGINX


def _of_tree(site: SiteView) -> t.Iterator[Subject]:
    """Yield the project's files in STATIC_ROOT that the worker cannot open, and that nobody asked for."""
    root = site.static_root.rstrip("/")
    tree = (site.look.get("trees") or {}).get(os.path.normpath(root)) if root else None
    for item in (tree or {}).get("closed") or ():
        name = os.path.relpath(item["path"], root)
        # Nobody asks for the manifest, nor for what is left over.
        if name != MANIFEST and is_known(site, name):
            yield Subject(site.static_url + quote(name, errors="surrogateescape"), item["path"], None)


def in_tree(site: SiteView, path: str) -> bool:
    """Tell whether a path is STATIC_ROOT, or lies in it."""
    root = site.real(site.static_root) if site.static_root else ""
    return bool(root) and (path == root or path.startswith(root.rstrip("/") + "/"))


def refusals_of(site: SiteView, subject: Subject, is_hidden: bool) -> list[Refusal]:
    """Return what keeps the worker from a path: what the kernel named, and behind it what would refuse by its mode.

    :param is_hidden: the worker's own view hides the path, so that the kernel's answer says nothing of modes.
    """
    known, said = site.path(subject.path) or {}, site.worker(subject.path)
    if not said or said.get("opens") is not False:
        return []
    chain = list(known.get("chain") or ())
    account = worker_account(t.cast("Document", site.nginx))
    denied = said.get("error") in DENIED and said.get("refused_what") in ("search", "read") and not is_hidden
    at = said.get("refused_at") if denied else None
    behind, found = is_hidden, []
    for number, entry in enumerate(chain):
        bit = READ if number == len(chain) - 1 and known.get("real_kind", known.get("kind")) != "directory" else SEARCH
        by_mode = behind and account is not None and closed_by_mode(entry, account, bit)
        if by_mode or (entry["path"] == at and not entry.get("link")):
            found.append(Refusal(subject, entry, bit, chain[:number]))
        behind = behind or entry["path"] == at
    if at and not found:
        found.append(Refusal(subject, {"path": at, "mode": None}, READ if said["refused_what"] == "read" else SEARCH, chain))
    return found
