# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evaluated settings say.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import os
import pathlib
import sys
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import path_of


def settings_evidence() -> dict[str, t.Any]:
    """Tell the evaluated settings that decide over static files, media, hosts and databases. Secrets are not among them."""
    import django
    from django.conf import settings

    module = os.environ["DJANGO_SETTINGS_MODULE"]
    return {
        "django_version": django.get_version(),
        "python_version": "%d.%d.%d" % sys.version_info[:3],
        "settings_module": module,
        "settings_file": getattr(sys.modules.get(module), "__file__", None) or "",
        "static_url": _text(settings.STATIC_URL),
        "static_root": path_of(settings.STATIC_ROOT),
        "static_root_relative": _relative(settings.STATIC_ROOT),
        "base_dir": _base_dir(module),
        "staticfiles_dirs": [path for _prefix, path in _static_folders(settings)],
        "staticfiles_dirs_prefixed": [{"prefix": prefix, "path": path} for prefix, path in _static_folders(settings) if prefix],
        "staticfiles_finders": list(settings.STATICFILES_FINDERS),
        "staticfiles_installed": _is_installed("staticfiles", "django.contrib.staticfiles"),
        "staticfiles_storage_setting": _explicit(module, "STATICFILES_STORAGE"),
        "storages": _storages(settings),
        "file_upload_permissions": settings.FILE_UPLOAD_PERMISSIONS,
        "file_upload_directory_permissions": settings.FILE_UPLOAD_DIRECTORY_PERMISSIONS,
        "whitenoise": any("whitenoise" in name.lower() for name in settings.MIDDLEWARE or [] if isinstance(name, str)),
        "whitenoise_settings": {name: _plain(getattr(settings, name)) for name in sorted(dir(settings)) if name.startswith("WHITENOISE_")},
        "media_url": _text(settings.MEDIA_URL),
        "media_root": path_of(settings.MEDIA_ROOT),
        "debug": bool(settings.DEBUG),
        "allowed_hosts": list(settings.ALLOWED_HOSTS),
        "secret_key": _secret_key_state(settings),
        "force_script_name": settings.FORCE_SCRIPT_NAME,
        "wsgi_application": settings.WSGI_APPLICATION or "",
        "asgi_application": getattr(settings, "ASGI_APPLICATION", None) or "",
        "sqlite_databases": _sqlite_databases(settings),
    }


def _relative(path: t.Any) -> str:
    """Return a path as it is written where it depends on the folder that a command is started in, else nothing."""
    text = os.fspath(path) if path else ""
    return "" if os.path.isabs(text) else text


def _base_dir(module: str) -> str:
    """Return BASE_DIR of the settings, where it is a Path and not a string."""
    base = getattr(sys.modules.get(module), "BASE_DIR", None)
    return os.path.abspath(str(base)) if isinstance(base, pathlib.PurePath) else ""


def storage_settings(alias: str) -> dict[str, t.Any]:
    """Return an entry of STORAGES; of the settings before it, on a Django older than 4.2."""
    from django.conf import settings

    old = {"default": "DEFAULT_FILE_STORAGE", "staticfiles": "STATICFILES_STORAGE"}
    storages = getattr(settings, "STORAGES", None)
    if storages is None:
        return {"BACKEND": getattr(settings, old[alias], "")}
    return dict(storages.get(alias) or {})


def storage_class(backend: str) -> t.Any:
    """Import a storage's class, or return None."""
    from django.utils.module_loading import import_string

    try:
        return import_string(backend)
    except Exception:
        return None


def _static_folders(settings: t.Any) -> list[tuple[str, str]]:
    """Return prefix and path of each entry of STATICFILES_DIRS."""
    pairs = [entry if isinstance(entry, (list, tuple)) else ("", entry) for entry in settings.STATICFILES_DIRS]
    return [(str(prefix or ""), path_of(path)) for prefix, path in pairs]


def _storages(settings: t.Any) -> dict[str, dict[str, t.Any]]:
    """Tell backend and folder of each storage. Of the options only the names: their values hold keys of object stores."""
    found = {}
    for alias in getattr(settings, "STORAGES", None) or ("default", "staticfiles"):
        entry = storage_settings(alias)
        backend = str(entry.get("BACKEND") or "")
        options = entry.get("OPTIONS") or {}
        found[str(alias)] = {"backend": backend, "location": _location(settings, backend, options), "options": sorted(str(name) for name in options)}
    return found


def _location(settings: t.Any, backend: str, options: dict[str, t.Any]) -> str:
    from django.core.files.storage import FileSystemStorage

    kind = storage_class(backend)
    if not (isinstance(kind, type) and issubclass(kind, FileSystemStorage)):
        return ""
    given = options.get("location")
    static = any(base.__name__ == "StaticFilesStorage" for base in kind.__mro__)
    return path_of(given or (settings.STATIC_ROOT if static else settings.MEDIA_ROOT))


def _text(value: t.Any) -> str:
    return "" if value is None else str(value)


def _plain(value: t.Any) -> t.Any:
    """Return what JSON can hold: a setting may be a function or a pattern."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in list(value)[:100]]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return type(value).__name__


def _is_installed(label: str, name: str) -> bool:
    from django.apps import apps

    return apps.is_installed(name) or label in {app.label for app in apps.get_app_configs()}


def _explicit(module: str, name: str) -> str:
    """Tell the value of a setting only where the project sets it (Django's default does not count)."""
    return str(getattr(sys.modules.get(module), name, "") or "")


def _secret_key_state(settings: t.Any) -> str:
    from django.core.exceptions import ImproperlyConfigured

    try:
        key = settings.SECRET_KEY
    except ImproperlyConfigured:
        return "missing"
    # The prefix that startproject gives to keys that were never meant for production (check security.W009).
    return "insecure" if str(key).startswith("django-insecure-") else "set"


def _sqlite_databases(settings: t.Any) -> list[str]:
    """List the files of SQLite databases (a name like ":memory:" or a URI is no file)."""
    found = []
    for database in settings.DATABASES.values():
        name = str(database.get("NAME") or "")
        if str(database.get("ENGINE", "")).rpartition(".")[2] in ("sqlite3", "spatialite") and name and not name.startswith((":", "file:")):
            found.append(os.path.abspath(name))
    return found
