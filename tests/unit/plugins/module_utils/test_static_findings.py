# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings in evaluated settings, by table."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.static_findings import DEFAULT_FINDERS, settings_findings

HEALTHY: dict[str, t.Any] = {
    "settings_module": "shop.settings",
    "settings_file": "/s/shop/settings.py",
    "django_version": "5.2.8",
    "static_root": "/s/collected",
    "staticfiles_dirs": ["/s/assets"],
    "staticfiles_installed": True,
    "staticfiles_storage_setting": "",
    "staticfiles_finders": list(DEFAULT_FINDERS),
}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({}, []),
        ({"static_root": ""}, ["static_root_unset"]),
        ({"staticfiles_installed": False, "staticfiles_finders": []}, ["staticfiles_app_missing"]),
        ({"static_root": "/s/assets"}, ["static_root_in_staticfiles_dirs"]),
        ({"staticfiles_storage_setting": "a.B"}, ["storage_setting_ignored"]),
        ({"staticfiles_storage_setting": "a.B", "django_version": "5.0.9"}, []),
        ({"staticfiles_storage_setting": "a.B", "django_version": "10.0"}, ["storage_setting_ignored"]),
        ({"staticfiles_finders": []}, ["finder_missing", "finder_missing"]),
        ({"static_root": "", "staticfiles_finders": list(DEFAULT_FINDERS)[:1]}, ["static_root_unset", "finder_missing"]),
    ],
)
def test_findings(change: dict[str, t.Any], codes: list[str]) -> None:
    """A healthy project has none, each fault has its code and a fix."""
    findings = settings_findings({**HEALTHY, **change})
    assert [finding["code"] for finding in findings] == codes
    assert all(finding["stage"] == "settings" and finding["message"] and finding["fix"] for finding in findings)
