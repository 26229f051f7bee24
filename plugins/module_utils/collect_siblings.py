# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed siblings that a published tree has and must not keep: nginx would send them in their files' place."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils import precompress_sibling
from ansible_collections.webops.django.plugins.module_utils.precompress_encodings import ENCODINGS, Encoding, checkable
from ansible_collections.webops.django.plugins.module_utils.static_tree import Entry, Tree


def orphans(staging: str, target: str, wanted: Tree, present: Tree, ours: t.Container[str]) -> list[str]:
    """List siblings of collected files that were not collected or made this time, and are ours or do not decompress to their files.

    Somebody's own sibling, right beside a file that did not ask for one, is left alone.

    :param staging: tree of the wanted entries.
    :param target: tree of the present entries.
    :param ours: names of siblings that earlier runs made.
    """
    found = []
    for name in sorted(set(present) - set(wanted)):
        encoding = encoding_of(name)
        if not encoding or present[name].is_folder:
            continue
        base = name[: -len(encoding.suffix)]
        if base in wanted:
            if not wanted[base].is_folder and (name in ours or not _is_right(staging, base, os.path.join(target, name), encoding, wanted, present)):
                found.append(name)
        elif name in ours and base not in present:
            found.append(name)
    return found


def encoding_of(name: str) -> Encoding | None:
    """Return the encoding that a sibling's name says it is in."""
    return next((encoding for encoding in ENCODINGS.values() if name.endswith(encoding.suffix)), None)


def _is_right(staging: str, base: str, path: str, encoding: Encoding, wanted: Tree, present: Tree) -> bool:
    old: Entry | None = present.get(base)
    if encoding not in checkable():
        # It cannot be read here. Beside the same file as before, it is as right as before.
        return old is not None and old.digest == wanted[base].digest
    source = precompress_sibling.source_at(staging, base)
    return source is not None and precompress_sibling.is_right(source, path, encoding)
