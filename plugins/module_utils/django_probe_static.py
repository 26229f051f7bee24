# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which storage publishes static files, and which files the finders know.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import path_of


def storage_evidence() -> dict[str, t.Any]:
    """Tell which storage publishes the static files, and whether it writes a manifest of hashed names."""
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.exceptions import ImproperlyConfigured
    from django.core.files.storage import FileSystemStorage

    try:
        # It is a lazy object: the first attribute builds the storage, and one with a manifest asks for STATIC_ROOT then.
        bool(staticfiles_storage.__class__)
    except ImproperlyConfigured:
        return {"storage": "", "storage_is_local": False, "storage_location": "", "manifest_name": ""}
    kind = staticfiles_storage.__class__
    manifest_name = getattr(staticfiles_storage, "manifest_name", "") if hasattr(kind, "load_manifest") else ""
    return {
        "storage": f"{kind.__module__}.{kind.__qualname__}",
        "storage_is_local": isinstance(staticfiles_storage, FileSystemStorage),
        "storage_location": path_of(staticfiles_storage.location) if isinstance(staticfiles_storage, FileSystemStorage) else "",
        "manifest_name": manifest_name,
    }


def found_files() -> list[dict[str, t.Any]]:
    """List every file that the finders know, in the finders' order: of two with one path, collectstatic takes the first."""
    from django.contrib.staticfiles.finders import get_finders

    seen: set[str] = set()
    files = []
    for finder in get_finders():
        apps = {id(storage): app for app, storage in getattr(finder, "storages", {}).items() if isinstance(app, str)}
        for path, storage in finder.list([]):
            prefix = getattr(storage, "prefix", None)
            name = f"{prefix}/{path}" if prefix else path
            name = name.replace(os.sep, "/")
            files.append({"path": name, "source": _source(storage, path), "app": apps.get(id(storage), ""), "shadowed": name in seen})
            seen.add(name)
    return files


def _source(storage: t.Any, path: str) -> str:
    try:
        return str(storage.path(path))
    except NotImplementedError:
        return ""
