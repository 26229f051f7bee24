# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a found application is: its record in the evidence, and what stays out of it."""

from __future__ import annotations

import dataclasses
import typing as t

Note = t.Dict[str, str]
Options = t.Mapping[str, t.Any]


@dataclasses.dataclass
class FoundApplication:
    """A Django application.

    :ivar record: as it goes into the evidence.
    :ivar environment: the real variables; their values may be secrets.
    :ivar python_path: folders that it imports from besides its project's.
    """

    record: dict[str, t.Any]
    environment: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    python_path: list[str] = dataclasses.field(default_factory=list)
    umask: int = 0o022


def note(what: str, message: str, needs: str = "") -> Note:
    """Return an entry of the evidence's ``notes``."""
    return {"what": what, "message": message, "needs": needs}
