# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where collected files are published, and where they are not."""

from __future__ import annotations

import os
import pwd
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

SYSTEM_FOLDERS = frozenset(
    """/ /bin /boot /dev /etc /home /lib /lib32 /lib64 /media /mnt /opt /proc /root /run /sbin /srv /srv/django /sys /tmp /usr /usr/bin /usr/lib
    /usr/local /usr/share /var /var/cache /var/lib /var/log /var/tmp /var/www /var/www/html /etc/nginx /usr/share/nginx""".split()
)
"""Folders of the Filesystem Hierarchy Standard and of Debian's web servers, which belong to more than one site."""


def destination_of(named: str | None, evidence: dict[str, t.Any]) -> str:
    """Return the folder to publish into: the named one, or STATIC_ROOT. A link to a folder stands for that folder.

    :raises ExplainedError: neither is there.
    """
    if named:
        return os.path.realpath(named)
    if not evidence["static_root"]:
        raise ExplainedError(
            f"STATIC_ROOT is not set in {evidence['settings_module']} ({evidence['settings_file']}): "
            'write STATIC_ROOT = BASE_DIR / "staticfiles" there, or give the module a dest.',
            kind="static_root_unset",
        )
    return os.path.realpath(evidence["static_root"])


def refuse_dangerous(target: str, evidence: dict[str, t.Any], project_path: str) -> None:
    """Refuse a destination in which publishing could destroy something.

    :param target: a path without links.
    :raises ExplainedError: says what the destination is.
    """
    reason = _system_reason(target, os.path.realpath(project_path)) or _project_reason(target, evidence)
    if reason:
        raise ExplainedError(f"Static files are not collected into {target}: it {reason}. Name a folder of their own.", kind="dangerous_destination")


def _system_reason(target: str, project_path: str) -> str:
    homes = {os.path.realpath(entry.pw_dir): entry.pw_name for entry in pwd.getpwall()}
    if target in SYSTEM_FOLDERS:
        return "is a folder of the system"
    if target in homes:
        return f"is the home of {homes[target]}"
    if _holds(target, project_path):
        return f"holds the project {project_path}"
    if os.path.lexists(target) and not os.path.isdir(target):
        return "exists and is no folder"
    return ""


def _project_reason(target: str, evidence: dict[str, t.Any]) -> str:
    media = os.path.realpath(evidence["media_root"]) if evidence["media_root"] else ""
    if media and _overlap(target, media):
        return f"overlaps with MEDIA_ROOT {media}, so that uploaded files and collected ones would be mixed"
    for folder in evidence["staticfiles_dirs"]:
        if _overlap(target, os.path.realpath(folder)):
            return "overlaps with an entry of STATICFILES_DIRS, which is a source"
    for folder in evidence.get("sources", ()):
        if _overlap(target, os.path.realpath(folder)):
            return f"overlaps with {folder}, which static files are collected from"
    return ""


def _overlap(one: str, other: str) -> bool:
    return _holds(one, other) or _holds(other, one)


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def refuse_to_clear(target: str, wanted: t.Container[str], present: t.Collection[str]) -> None:
    """Refuse to clear a folder that was never collected into, as far as can be seen: it holds files, and none of them is a collected one.

    :param present: names of the files that the folder holds.
    :raises ExplainedError: says what to do.
    """
    if present and not any(name in wanted for name in present):
        raise ExplainedError(
            f"{target} holds {len(present)} files ({min(present)} ...), and none of them is a static file of this project: clearing it would remove "
            "them all. Name another folder, or leave clear out. If they are to go, remove them, or collect once with clear: false; the next run "
            "with clear then removes them.",
            kind="foreign_destination",
        )
