# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong in the evaluated settings, by the codes of docs/causes.md. Pure: evidence in, findings out."""

from __future__ import annotations

import os
import typing as t

DEFAULT_FINDERS = {
    "django.contrib.staticfiles.finders.FileSystemFinder": "files of STATICFILES_DIRS",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder": "the apps' own static folders, admin's among them",
}


def settings_findings(evidence: dict[str, t.Any]) -> list[dict[str, str]]:
    """Name the faults of the stage ``settings``.

    :param evidence: the answer to the question ``static_info``.
    :returns: findings with ``code``, ``stage``, ``message`` and ``fix``, in the order in which they should be mended.
    """
    return [dict(finding, stage="settings") for finding in _findings(evidence)]


def _findings(evidence: dict[str, t.Any]) -> t.Iterator[dict[str, str]]:
    where = evidence["settings_module"]
    root = evidence["static_root"]
    if not evidence["staticfiles_installed"]:
        yield {
            "code": "staticfiles_app_missing",
            "message": f"django.contrib.staticfiles is not in INSTALLED_APPS of {where}, so there is no collectstatic.",
            "fix": f'Add "django.contrib.staticfiles" to INSTALLED_APPS in {evidence["settings_file"] or where}.',
        }
    if not root:
        yield {
            "code": "static_root_unset",
            "message": f"STATIC_ROOT is not set in {where}, so collectstatic has no folder to collect into.",
            "fix": f'Write STATIC_ROOT = BASE_DIR / "staticfiles" in {evidence["settings_file"] or where}.',
        }
    elif os.path.realpath(root) in {os.path.realpath(folder) for folder in evidence["staticfiles_dirs"]}:
        yield {
            "code": "static_root_in_staticfiles_dirs",
            "message": f"STATIC_ROOT and an entry of STATICFILES_DIRS are the same folder, {root}, in {where}.",
            "fix": "Give STATIC_ROOT a folder of its own; STATICFILES_DIRS are sources, STATIC_ROOT is where the copies go.",
        }
    if evidence["staticfiles_storage_setting"] and _version(evidence["django_version"]) >= (5, 1):
        yield {
            "code": "storage_setting_ignored",
            "message": f"STATICFILES_STORAGE is set in {where}, but Django {evidence['django_version']} ignores it.",
            "fix": f'Write STORAGES = {{..., "staticfiles": {{"BACKEND": "{evidence["staticfiles_storage_setting"]}"}}}} instead.',
        }
    for finder, knows in DEFAULT_FINDERS.items():
        if evidence["staticfiles_installed"] and finder not in evidence["staticfiles_finders"]:
            yield {
                "code": "finder_missing",
                "message": f"STATICFILES_FINDERS of {where} lacks {finder}: {knows} are not found.",
                "fix": f'Add "{finder}" to STATICFILES_FINDERS.',
            }


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
