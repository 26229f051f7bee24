# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents with names that are no UTF-8, as file names and configurations of old servers have them."""

from __future__ import annotations

import typing as t


def plain(value: t.Any) -> t.Any:
    """Return a document whose strings are UTF-8: bytes that are not, which Python keeps as lone surrogates, are written as escapes.

    Ansible refuses a module's result otherwise.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
