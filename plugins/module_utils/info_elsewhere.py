# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a relative STATIC_ROOT was collected: it means another folder wherever a command is started."""

from __future__ import annotations

import os
import pwd
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_project import Project

MOST_HOMES = 50
MOST_SUBFOLDERS = 50
FIRST_USER = 1000
"""Lowest number of a person's account (/etc/login.defs)."""


def collected_elsewhere(project: Project, evidence: t.Mapping[str, t.Any], lacking: t.Sequence[str]) -> dict[str, t.Any] | None:
    """Look for what the tree lacks where a relative STATIC_ROOT leads from the folders in which people start commands.

    :param lacking: names below STATIC_ROOT.
    :returns: ``path``, ``started_in`` and ``holds``, of the folder that holds most of it; None if none holds any.
    """
    relative = str(evidence.get("static_root_relative") or "")
    if not relative or not lacking:
        return None
    best: dict[str, t.Any] | None = None
    here = os.path.realpath(evidence["storage_location"])
    for start in _starts(project, evidence):
        folder = os.path.normpath(os.path.join(start, relative))
        if os.path.realpath(folder) == here or not os.path.isdir(folder):
            continue
        holds = sum(os.path.isfile(os.path.join(folder, name)) for name in lacking)
        if holds and (best is None or holds > best["holds"]):
            best = {"path": folder, "started_in": start, "holds": holds}
    return best


def _starts(project: Project, evidence: t.Mapping[str, t.Any]) -> list[str]:
    """Return the folders above the project, those in it, and people's home folders."""
    found = [project.account.home, project.environment.get("PWD", "")]
    parent = project.path
    while parent not in ("", "/"):
        parent = os.path.dirname(parent)
        found.append(parent)
    found.append(os.path.dirname(str(evidence.get("settings_file") or "")))
    try:
        inside = sorted(entry.path for entry in os.scandir(project.path) if entry.is_dir(follow_symlinks=False))
    except OSError:
        inside = []
    homes = [account.pw_dir for account in pwd.getpwall() if account.pw_uid == 0 or account.pw_uid >= FIRST_USER]
    return list(dict.fromkeys(folder for folder in [*found, *inside[:MOST_SUBFOLDERS], *homes[:MOST_HOMES]] if folder.startswith("/")))
