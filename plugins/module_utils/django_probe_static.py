# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which storage publishes static files, and which files the finders know.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_links import broken_links
from ansible_collections.webops.django.plugins.module_utils.django_probe_settings import storage_class, storage_settings
from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import path_of

DEFAULT_FINDERS = ("django.contrib.staticfiles.finders.FileSystemFinder", "django.contrib.staticfiles.finders.AppDirectoriesFinder")
DJANGOS_IGNORE_PATTERNS = ("CVS", ".*", "*~")
"""StaticFilesConfig.ignore_patterns in django/contrib/staticfiles/apps.py."""

EXAMPLES = 10

_SAVING = ("save", "_save", "_open", "open", "get_alternative_name", "get_valid_name", "get_available_name", "path", "post_process", "_post_process")
_NAMING = ("url_converter", "hashed_name", "stored_name", "_stored_name", "_url", "url", "hash_key", "file_hash")


def storage_evidence() -> dict[str, t.Any]:
    """Tell which storage publishes the static files, and whether it writes a manifest of hashed names."""
    from django.contrib.staticfiles.storage import staticfiles_storage
    from django.core.exceptions import ImproperlyConfigured

    try:
        # It is a lazy object: the first attribute builds the storage, and one with a manifest asks for STATIC_ROOT then, and reads the manifest.
        bool(staticfiles_storage.__class__)
    except ImproperlyConfigured:
        return _storage(None, None, "")
    except Exception as error:
        return _storage(storage_class(str(storage_settings("staticfiles").get("BACKEND"))), None, f"{type(error).__name__}: {error}")
    return _storage(staticfiles_storage.__class__, staticfiles_storage, "")


def _storage(kind: t.Any, storage: t.Any, error: str) -> dict[str, t.Any]:
    from django.conf import settings
    from django.core.files.storage import FileSystemStorage

    is_local = isinstance(kind, type) and issubclass(kind, FileSystemStorage)
    location = path_of(settings.STATIC_ROOT if storage is None else storage.location) if is_local else ""
    manifest_name = (getattr(storage or kind, "manifest_name", "") or "") if hasattr(kind, "load_manifest") else ""
    return {
        "storage": f"{kind.__module__}.{kind.__qualname__}" if kind else "",
        "storage_is_local": is_local,
        "storage_location": location,
        "storage_error": error,
        "manifest_name": manifest_name,
        "manifest_path": _manifest_path(storage, location, manifest_name),
        "storage_details": {
            # Names that the storage may rewrite: their hashed copies differ from the source by right.
            "rewrites": sorted(str(pattern) for pattern in getattr(storage, "_patterns", None) or ()),
            "keeps_content": bool(kind) and _is_known(kind, _SAVING),
            "names_as_django": bool(kind) and _is_known(kind, _NAMING) and bool(getattr(storage, "manifest_strict", True)),
            "keeps_only_hashed": bool(getattr(storage, "keep_only_hashed_files", False)),
            "file_mode": getattr(storage, "file_permissions_mode", None) if is_local else None,
            "folder_mode": getattr(storage, "directory_permissions_mode", None) if is_local else None,
        },
    }


def _manifest_path(storage: t.Any, location: str, name: str) -> str:
    if not name:
        return ""
    keeper = getattr(storage, "manifest_storage", None) or storage
    try:
        return str(keeper.path(name)) if keeper is not None else os.path.join(location, name)
    except (NotImplementedError, AttributeError):
        return ""


def _is_known(kind: t.Any, names: t.Iterable[str]) -> bool:
    """Tell whether methods are Django's or WhiteNoise's own; what another class does to a file or a name is not known."""
    methods = [getattr(kind, name, None) for name in names]
    return all((getattr(method, "__module__", "") or "").startswith(("django.", "whitenoise.")) for method in methods if method is not None)


def ignore_patterns() -> list[str]:
    """Return the patterns of names that collectstatic passes over without being asked to."""
    from django.apps import apps

    for app in apps.get_app_configs():
        if app.label == "staticfiles":
            return [str(pattern) for pattern in getattr(app, "ignore_patterns", DJANGOS_IGNORE_PATTERNS)]
    return list(DJANGOS_IGNORE_PATTERNS)


def found_files() -> list[dict[str, t.Any]]:
    """List every file that collectstatic takes, in the finders' order: of two with one path, it takes the first."""
    from django.contrib.staticfiles.finders import get_finders

    seen: set[str] = set()
    patterns = ignore_patterns()
    return [file for finder in get_finders() for file in _files_of(finder, patterns, seen, [])]


def finder_evidence() -> dict[str, t.Any]:
    """List files as found_files() does, and also what hinders the finders, and what a missing one would have found."""
    from django.contrib.staticfiles.finders import get_finder

    seen: set[str] = set()
    files: list[dict[str, t.Any]] = []
    errors: list[dict[str, str]] = []
    sources = static_sources()
    links = broken_links([source["path"] for source in sources], ignore_patterns())
    # A finder would walk round and round a loop; collectstatic does. Django compares these patterns with names of folders.
    patterns = [*ignore_patterns(), *(os.path.basename(link["path"]) for link in links if link["kind"] == "loop")]
    for name in _configured_finders():
        try:
            files.extend(_files_of(get_finder(name), patterns, seen, errors))
        except Exception as error:
            errors.append(_trouble(name, error))
    return {"files": files, "finder_errors": errors[:EXAMPLES], "sources": sources, "source_links": links, "not_found": _not_found(patterns, seen)}


def static_sources() -> list[dict[str, str]]:
    """List the folders of sources that exist or are named: STATICFILES_DIRS, then the apps' own, whatever finders are configured."""
    from django.apps import apps
    from django.conf import settings

    found = []
    for entry in settings.STATICFILES_DIRS:
        prefix, folder = entry if isinstance(entry, (list, tuple)) else ("", entry)
        found.append({"path": path_of(folder), "app": "", "prefix": str(prefix or "")})
    for app in apps.get_app_configs():
        folder = os.path.join(app.path, "static")
        if os.path.isdir(folder):
            found.append({"path": folder, "app": app.name, "prefix": ""})
    return found


def _configured_finders() -> list[str]:
    from django.conf import settings

    return [str(name) for name in settings.STATICFILES_FINDERS]


def _not_found(patterns: list[str], seen: set[str]) -> list[dict[str, t.Any]]:
    """Tell what each default finder that is not configured would have found, and no other one does."""
    from django.contrib.staticfiles.finders import get_finder

    missing = []
    for name in DEFAULT_FINDERS:
        if name in _configured_finders():
            continue
        try:
            names = [file["path"] for file in _files_of(get_finder(name), patterns, set(), []) if file["path"] not in seen]
        except Exception:
            # Django refuses to make a finder of settings that it cannot read; then there is nothing to find.
            names = []
        if names:
            missing.append({"finder": name, "count": len(names), "examples": names[:EXAMPLES]})
    return missing


def _files_of(finder: t.Any, patterns: list[str], seen: set[str], errors: list[dict[str, str]]) -> t.Iterator[dict[str, t.Any]]:
    apps = _apps_of(finder)
    name_of_finder = f"{type(finder).__module__}.{type(finder).__qualname__}"
    for item in finder.list(patterns) or ():
        try:
            path, storage = item
            name = os.fsdecode(path)
        except (TypeError, ValueError):
            errors.append({"finder": name_of_finder, "kind": "odd", "path": "", "message": f"yields {item!r:.200} where a path and a storage belong"})
            continue
        prefix = getattr(storage, "prefix", None)
        name = (f"{prefix}/{name}" if prefix else name).replace(os.sep, "/")
        if name.startswith("/") or ".." in name.split("/"):
            errors.append({"finder": name_of_finder, "kind": "odd", "path": name, "message": f"yields {name!r:.200}, which leads out of STATIC_ROOT"})
            continue
        yield {"path": name, "source": _source(storage, path), "app": apps.get(id(storage), ""), "shadowed": name in seen}
        seen.add(name)


def _apps_of(finder: t.Any) -> dict[int, str]:
    """Return the app of each storage. FileSystemFinder keeps its storages by folder, and a folder is no app."""
    from django.apps import apps

    storages = getattr(finder, "storages", None)
    known = {app.name for app in apps.get_app_configs()}
    return {id(storage): name for name, storage in storages.items() if name in known} if isinstance(storages, dict) else {}


def _source(storage: t.Any, path: t.Any) -> str:
    try:
        return os.fsdecode(storage.path(path))
    except Exception:
        # A storage of a finder that makes its files up has no paths.
        return ""


def _trouble(finder: str, error: Exception) -> dict[str, str]:
    path = getattr(error, "filename", None) if isinstance(error, OSError) else None
    return {"finder": finder, "kind": type(error).__name__, "path": os.fsdecode(path) if path else "", "message": f"{error}"[:500]}
