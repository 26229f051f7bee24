# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module returns: counts, the beginnings of long lists, and the diff; small for any number of files."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.static_tree import Difference, Entry, Rights, Tree

LIST_LIMIT = 100
"""Names that a list of the result holds at the most, and lines of each side of the diff."""

LOOKALIKES_LIMIT = 200
"""As each name becomes a location of nginx, so many are no sensible configuration any more."""

PROJECT_KEYS = tuple(
    "django_version settings_module settings_file static_url static_root media_url media_root storage manifest_name".split()
)


def changes(difference: Difference, wanted: Tree) -> dict[str, t.Any]:
    """Return the counts and lists of what is published, without folders that come and go with their files."""

    def files(names: list[str]) -> list[str]:
        return [name for name in names if name not in wanted or not wanted[name].is_folder]

    added, changed, removed = files(difference.added), files(difference.changed), files(difference.removed)
    return {
        "collected": True,
        "changed": bool(difference),
        "added_count": len(added),
        "changed_count": len(changed),
        "removed_count": len(removed),
        "rights_count": len(difference.rights),
        "added": added[:LIST_LIMIT],
        "modified": changed[:LIST_LIMIT],
        "removed": removed[:LIST_LIMIT],
    }


def no_changes() -> dict[str, t.Any]:
    """Return the same where nothing was collected, because nothing has changed."""
    return dict(changes(Difference([], [], [], []), {}), collected=False)


def project_values(evidence: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what the project said of itself."""
    return {key: evidence[key] for key in PROJECT_KEYS}


def diff(target: str, wanted: Tree, present: Tree, difference: Difference, rights: Rights) -> dict[str, str]:
    """List what is added, changed and removed, a name and the start of its content's SHA-256 a line; modes and owners where only they change."""
    before = [_content(name, present) for name in sorted([*difference.changed, *difference.removed]) if not present[name].is_folder]
    after = [_content(name, wanted) for name in sorted([*difference.added, *difference.changed]) if not wanted[name].is_folder]
    before += [_rights(name, now.mode, now.owner, now.group) for name, now in ((name, present[name]) for name in difference.rights)]
    after += [_rights(name, _mode(present[name], rights), rights.owner, rights.group) for name in difference.rights]
    return {"before_header": target, "after_header": target, "before": _bounded(before), "after": _bounded(after)}


def no_diff(target: str) -> dict[str, str]:
    """Return the diff of a tree that stays as it is."""
    return {"before_header": target, "after_header": target, "before": "", "after": ""}


def _content(name: str, tree: Tree) -> str:
    return f"{name} {tree[name].digest[:12]}\n"


def _mode(entry: Entry, rights: Rights) -> int:
    return rights.folder_mode if entry.is_folder else rights.file_mode


def _rights(name: str, mode: int, owner: int, group: int) -> str:
    return f"{name} {mode:04o} {owner}:{group}\n"


def _bounded(lines: list[str]) -> str:
    more = len(lines) - LIST_LIMIT
    return "".join(lines[:LIST_LIMIT]) + (f"... and {more} more\n" if more > 0 else "")
