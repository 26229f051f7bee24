# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings in evaluated settings, by table. Real projects are in test_static_findings.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.static_settings_findings import settings_findings

STORAGE = "django.contrib.staticfiles.storage.StaticFilesStorage"
HEALTHY: dict[str, t.Any] = {
    "settings_module": "shop.settings",
    "settings_file": "/s/shop/settings.py",
    "django_version": "5.2.8",
    "static_root": "/s/collected",
    "staticfiles_dirs": ["/s/assets"],
    "staticfiles_installed": True,
    "staticfiles_storage_setting": "",
    "staticfiles_finders": [],
    "storage": STORAGE,
    "storage_is_local": True,
    "storages": {"staticfiles": {"backend": STORAGE, "location": "/s/collected", "options": []}},
    "sources": [{"path": "/s/assets", "app": "", "prefix": ""}, {"path": "/s/app/static", "app": "app", "prefix": ""}],
    "file_upload_permissions": 0o644,
    "file_upload_directory_permissions": None,
    "storage_details": {"file_mode": 0o644, "folder_mode": None},
    "group_is_private": True,
    "umask": 0o022,
    "manifest_name": "",
}
OWN_FOLDER = {"staticfiles": {"backend": STORAGE, "location": "/s/own", "options": ["location"]}}
TREE = {"missing": {"count": 2, "examples": ["a", "b"]}, "is_empty": False}
EMPTY = {**TREE, "is_empty": True}


def other(**more: t.Any) -> dict[str, t.Any]:
    """Describe the settings of a shell."""
    return {"settings_module": "shop.dev", "static_root": "/s/dev", "storage": STORAGE, "manifest_name": "", "holds": 2, **more}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"static_root": ""}, ["static_root_unset"]),
        ({"static_root": "", "storage": "s3.Storage", "storage_is_local": False}, []),
        ({"static_root": "", "storages": OWN_FOLDER}, []),
        ({"staticfiles_installed": False}, ["staticfiles_app_missing"]),
        ({"static_root": "/s/assets"}, ["static_root_in_staticfiles_dirs"]),
        ({"static_root": "/s/app/static"}, ["static_root_is_source_dir"]),
        ({"static_root": "/s/assets/collected"}, ["static_root_is_source_dir"]),
        ({"static_root": "/s/app/static2"}, []),
        ({"staticfiles_storage_setting": "a.B"}, ["storage_setting_ignored"]),
        ({"staticfiles_storage_setting": STORAGE}, []),
        ({"staticfiles_storage_setting": "a.B", "django_version": "5.0.9"}, []),
        ({"staticfiles_storage_setting": "a.B", "django_version": "10.0"}, ["storage_setting_ignored"]),
        ({"not_found": [{"finder": "a.F", "count": 1, "examples": ["x"]}, {"finder": "b.F", "count": 2, "examples": ["y"]}]}, ["finder_missing"]),
        ({"storage_details": {"file_mode": 0o600, "folder_mode": 0o700}}, ["upload_permissions_setting"] * 2),
        ({"storage_details": {"file_mode": 0o640, "folder_mode": 0o750}}, ["upload_permissions_setting"] * 2),
        ({"storage_details": {"file_mode": 0o640, "folder_mode": 0o750}, "group_is_private": False}, []),
        ({"storage_details": {"file_mode": None, "folder_mode": None}, "umask": 0o077}, ["upload_permissions_setting"] * 2),
        ({"storage_details": {"file_mode": 0o644, "folder_mode": 0o711}}, ["upload_permissions_setting"]),
        ({"storage_is_local": False, "storage_details": {"file_mode": 0o600}}, []),
        ({"tree": EMPTY, "other_environment": other()}, ["collectstatic_wrong_environment"]),
        ({"tree": EMPTY, "other_environment": other(holds=1)}, ["collectstatic_wrong_environment"]),
        ({"tree": TREE, "other_environment": other(holds=1)}, []),
        ({"tree": EMPTY, "other_environment": other(holds=0)}, []),
        ({"tree": EMPTY, "other_environment": other(static_root="/s/collected")}, []),
        ({"tree": EMPTY, "other_environment": None}, []),
        ({"static_root": "", "staticfiles_storage_setting": "a.B"}, ["static_root_unset", "storage_setting_ignored"]),
    ],
)
def test_findings(change: dict[str, t.Any], codes: list[str]) -> None:
    """A healthy project has none, each fault has its code and a fix."""
    findings = settings_findings({**HEALTHY, **change})
    assert [finding["code"] for finding in findings] == codes
    assert all(finding["stage"] == "settings" and finding["message"] and finding["fix"] and finding["evidence"] for finding in findings)


def test_little_evidence_is_enough() -> None:
    """A project without staticfiles tells nothing of storages."""
    known = ("settings_module", "settings_file", "django_version", "static_root", "staticfiles_dirs", "staticfiles_storage_setting")
    little = {key: HEALTHY[key] for key in known}
    assert [finding["code"] for finding in settings_findings({**little, "staticfiles_installed": False})] == ["staticfiles_app_missing"]


def test_a_mode_is_named_by_what_sets_it() -> None:
    """The setting, the storage's own option, or the umask."""

    def message(**change: t.Any) -> str:
        return str(settings_findings({**HEALTHY, **change})[0]["message"])

    assert "FILE_UPLOAD_PERMISSIONS is 0o600" in message(file_upload_permissions=0o600, storage_details={"file_mode": 0o600})
    assert "option file_permissions_mode is 0o600" in message(storage_details={"file_mode": 0o600, "folder_mode": None})
    assert "so that the umask 0o77 decides" in message(umask=0o077)
