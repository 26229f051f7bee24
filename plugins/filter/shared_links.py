# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter for what outlives a release."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.webops.django.plugins.plugin_utils import shared_paths


def shared_links(
    evidence: dict[str, t.Any], source: str, project_path: str, shared: str, folders: list[str], owner: str, group: str
) -> list[dict[str, t.Any]]:
    """See the documentation beside this file."""
    try:
        links = shared_paths.shared_links(evidence, source, project_path, shared, folders)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error
    return [dict(link, existing="seed", owner=owner, group=group) for link in links]


class FilterModule:
    """Make the filter known to Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by name."""
        return {"shared_links": shared_links}
