# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of a project's static files, and what a client must get for each of them."""

from __future__ import annotations

import hashlib
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.info_evidence import Details
from ansible_collections.webops.django.plugins.module_utils.served_tree import sample

SAMPLE_SIZE = 600
"""Files at most. One of every app, extension and folder comes first, so only a project with more folders than that is cut."""
DIGEST_LIMIT = 64 << 20
"""Bytes up to which a file is read for its digest."""
ALWAYS = ("admin/css/base.css", "admin/js/core.js")
"""What the admin's pages ask for: the usual complaint is about them."""


def files_to_ask(evidence: t.Mapping[str, t.Any], details: Details, size: int = SAMPLE_SIZE) -> list[dict[str, t.Any]]:
    """Choose files that cover every app, extension and folder, and tell what must be served for them.

    :param evidence: what info_evidence.gather() found.
    :param details: every file that the finders know.
    :returns: for each file ``path`` (relative to STATIC_ROOT, as pages ask for it), ``source_path`` (the finders' name), ``app``, ``source``,
        ``collected`` (absolute, empty without STATIC_ROOT), ``state``, ``size`` and ``sha256`` (None where they are not known), ``hashed``.
    """
    taken = {file["path"]: file for file in details.files if not file["shadowed"]}
    chosen = sample([os.fsencode(path) for path in taken], size)
    names = dict.fromkeys([*(name for name in ALWAYS if name in taken), *map(os.fsdecode, chosen)])
    return [_entry(evidence, details, taken[name]) for name in names]


def _entry(evidence: t.Mapping[str, t.Any], details: Details, file: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    name = file["path"]
    served = details.manifest.names.get(name, name) if evidence.get("manifest_name") else name
    root = evidence.get("storage_location") or ""
    collected = os.path.join(root, served) if root else ""
    state = details.states.get(name, "unknown")
    # A storage that rewrites style sheets makes other bytes than the source's: only the collected copy can tell them.
    rewritten = served != name or not evidence.get("storage_details", {}).get("keeps_content", True)
    content = collected if rewritten or state == "same" else file["source"]
    size, digest = digest_of(content) if content else (None, None)
    return {
        "path": served,
        "source_path": name,
        "app": file["app"],
        "source": file["source"],
        "collected": collected,
        "state": state,
        "size": size,
        "sha256": digest,
        "hashed": served != name,
    }


def digest_of(path: str) -> tuple[int | None, str | None]:
    """Return size in bytes and SHA-256 of a file; None for what cannot be read, or is too large."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > DIGEST_LIMIT:
                return size, None
            digest = hashlib.sha256()
            for chunk in iter(lambda: file.read(1 << 20), b""):
                digest.update(chunk)
    except OSError:
        return None, None
    return size, digest.hexdigest()
