# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a finding is: one cause, with what proves it and what mends it."""

from __future__ import annotations

import typing as t

EXAMPLES = 10
"""Names that one finding tells."""

Finding = t.Dict[str, t.Any]


def finding(
    code: str, stage: str, message: str, fix: str, evidence: t.Mapping[str, t.Any], count: int | None = None, examples: t.Sequence[str] = ()
) -> Finding:
    """Put a finding together.

    :param code: a public code, see docs/causes.md.
    :param stage: where on the request's path the fault sits.
    :param message: the fault in plain words.
    :param fix: a line or a command that can be pasted.
    :param evidence: the paths, names and settings that prove it.
    :param count: how many files it concerns, where it concerns files.
    :param examples: some of them.
    """
    return {
        "code": code,
        "stage": stage,
        "message": message,
        "fix": fix,
        "evidence": dict(evidence),
        "count": len(examples) if count is None else count,
        "examples": list(examples)[:EXAMPLES],
    }


def some(count: int, what: str, examples: t.Sequence[str]) -> str:
    """Say how many there are, and name up to three of them.

    :param what: in the singular; an s makes the plural.
    """
    named = ", ".join(examples[:3])
    return f"{count} {what}{'' if count == 1 else 's'} ({named}{', …' if count > len(examples[:3]) else ''})"
