# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defaults that repeat what a module has, because a user shall see them in one place."""

from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.webops.django.plugins.module_utils.source_tree import DEFAULT_EXCLUDE

ROOT = Path(__file__).resolve().parents[4]


def test_the_role_leaves_out_what_the_modules_leave_out() -> None:
    """Otherwise the digest and the release would be of different files."""
    defaults = yaml.safe_load((ROOT / "roles/django_app/defaults/main.yml").read_text(encoding="utf-8"))
    assert defaults["django_app_source_exclude"] == list(DEFAULT_EXCLUDE)
