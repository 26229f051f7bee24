# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the evaluated settings say.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import os
import sys
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import path_of


def settings_evidence() -> dict[str, t.Any]:
    """Tell the evaluated settings that decide over static files, media, hosts and databases. Secrets are not among them."""
    import django
    from django.conf import settings

    return {
        "django_version": django.get_version(),
        "python_version": "%d.%d.%d" % sys.version_info[:3],
        "settings_module": os.environ["DJANGO_SETTINGS_MODULE"],
        "settings_file": _file_of(os.environ["DJANGO_SETTINGS_MODULE"]),
        "static_url": settings.STATIC_URL,
        "static_root": path_of(settings.STATIC_ROOT),
        "staticfiles_dirs": [path_of(entry[1] if isinstance(entry, (list, tuple)) else entry) for entry in settings.STATICFILES_DIRS],
        "staticfiles_finders": list(settings.STATICFILES_FINDERS),
        "staticfiles_installed": "django.contrib.staticfiles" in settings.INSTALLED_APPS or _is_app("staticfiles"),
        "staticfiles_storage_setting": _explicit("STATICFILES_STORAGE"),
        "whitenoise": any("whitenoise" in name for name in settings.MIDDLEWARE or []),
        "media_url": settings.MEDIA_URL,
        "media_root": path_of(settings.MEDIA_ROOT),
        "debug": bool(settings.DEBUG),
        "allowed_hosts": list(settings.ALLOWED_HOSTS),
        "secret_key": _secret_key_state(settings),
        "force_script_name": settings.FORCE_SCRIPT_NAME,
        "wsgi_application": settings.WSGI_APPLICATION or "",
        "asgi_application": getattr(settings, "ASGI_APPLICATION", None) or "",
        "sqlite_databases": _sqlite_databases(settings),
    }


def _file_of(module: str) -> str:
    return getattr(sys.modules.get(module), "__file__", None) or ""


def _is_app(label: str) -> bool:
    from django.apps import apps

    return apps.is_installed("django.contrib.staticfiles") or label in {app.label for app in apps.get_app_configs()}


def _explicit(name: str) -> str:
    """Tell the value of a setting only where the project sets it (Django's default does not count)."""
    value = getattr(sys.modules.get(os.environ["DJANGO_SETTINGS_MODULE"]), name, "")
    return str(value or "")


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
