# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for a site's host names."""

from __future__ import annotations

import re
import typing as t


def hostnames(value: t.Any) -> list[str]:
    """See the documentation beside this file."""
    given = value if isinstance(value, (list, tuple)) else [value]
    names = (name.strip() for entry in given for name in str("" if entry is None else entry).split(","))
    return list(dict.fromkeys(name for name in names if name))


def hostname(value: t.Any) -> str:
    """See the documentation beside this file."""
    return re.sub(r"^\*?\.", "", next(iter(hostnames(value)), ""))


class FilterModule:
    """Make the filters known to Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"hostnames": hostnames, "hostname": hostname}
