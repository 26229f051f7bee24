# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the settings that a project needs besides its own."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.webops.django.plugins.plugin_utils import settings_overlay as core


def plain(value: t.Any) -> t.Any:
    """Turn Ansible's own kinds of strings, lists and dicts into Python's, whose repr() is a literal.

    :raises AnsibleFilterError: the value holds something that YAML can hold but a settings module cannot, such as a date.
    """
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"django_app_settings: {error}; write strings, numbers, true, false, null, lists and dicts only.") from error


def settings_overlay(
    evidence: dict[str, t.Any], project_path: str, hostnames: list[str], extra: dict[str, t.Any], static_root: str
) -> dict[str, t.Any]:
    """See the documentation beside this file."""
    bad = [name for name in extra if not (str(name).isidentifier() and str(name).isupper())]
    if bad:
        raise AnsibleFilterError(
            f"django_app_settings has {', '.join(map(str, bad))}: the name of a Django setting is written in upper case, such as TIME_ZONE."
        )
    result = core.overlay(plain(evidence), str(project_path), plain(hostnames), plain(extra), str(static_root))
    return dict(dataclasses.asdict(result), needed=result.needed)


def settings_module(overlay: dict[str, t.Any], base_module: str, secret_key_file: str) -> str:
    """See the documentation beside this file."""
    key_file = str(secret_key_file) if overlay["generate_secret_key"] else ""
    return core.render(plain(overlay["settings"]), plain(overlay["reasons"]), str(base_module), key_file)


class FilterModule:
    """Make the filters known to Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"settings_overlay": settings_overlay, "settings_module": settings_module}
