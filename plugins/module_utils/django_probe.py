# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of Django, inside the project's own interpreter.

The source of this file is handed to the project's interpreter (see django_project.py): it may import nothing of Ansible or of this collection.
The request comes as JSON on standard input. The answer goes as JSON to a file descriptor of its own, since settings may print.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
import traceback
import typing as t

DEPLOY_CHECK_LEVELS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}


class Refused(Exception):
    """The question cannot be answered; the kind says why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _ReachedCommandLine(BaseException):
    """manage.py has prepared everything and would now run a command. No Exception: manage.py may catch those."""


def prepare(project_path: str, settings_module: str, overrides: dict[str, t.Any]) -> dict[str, t.Any]:
    """Set Django up as manage.py does it.

    manage.py itself is run up to the point where it hands over to Django, because it may change the import path, read
    an environment file or name the settings module, and only running it tells.

    :param settings_module: the settings to use; empty for what manage.py names.
    :param overrides: settings that hold for this process only.
    :returns: what the overridden settings were.
    """
    try:
        from django.core import management
    except ImportError as error:
        raise Refused("no_django", f"{sys.executable} cannot import Django ({error})") from error
    sys.path.insert(0, project_path)
    if settings_module:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    manage = os.path.join(project_path, "manage.py")
    if os.path.exists(manage):
        _run_manage(manage, management)
    if settings_module:
        # A manage.py that assigns instead of setting a default would silently have other settings than the service.
        os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    elif not os.environ.get("DJANGO_SETTINGS_MODULE"):
        raise Refused("no_settings_module", f"{project_path} has no manage.py that names a settings module")
    return _load_settings(overrides)


def _run_manage(manage: str, management: t.Any) -> None:
    def reached(*_args: t.Any, **_kwargs: t.Any) -> None:
        raise _ReachedCommandLine

    argv, original = sys.argv, management.ManagementUtility.execute
    # "check" is a command that every project has and that changes nothing, for a manage.py that looks at its arguments.
    sys.argv = [manage, "check"]
    management.ManagementUtility.execute = reached
    try:
        runpy.run_path(manage, run_name="__main__")
    except _ReachedCommandLine:
        pass
    except (Exception, SystemExit) as error:
        raise Refused("manage_failed", f"{manage} fails: {_explain(error)}") from error
    finally:
        sys.argv = argv
        management.ManagementUtility.execute = original


def _load_settings(overrides: dict[str, t.Any]) -> dict[str, t.Any]:
    import django
    from django.conf import settings

    name = os.environ["DJANGO_SETTINGS_MODULE"]
    try:
        # The first access imports the settings module. Apps may build their storages while Django starts, so overrides come before that.
        original = {key: getattr(settings, key) for key in overrides}
        for key, value in overrides.items():
            setattr(settings, key, value)
        bool(settings.INSTALLED_APPS)
    except Exception as error:
        raise Refused("settings_failed", f"the settings module {name} does not import: {_explain(error)}") from error
    try:
        django.setup()
    except Exception as error:
        raise Refused("setup_failed", f"Django does not start with {name}: {_explain(error)}") from error
    return original


def _explain(error: BaseException) -> str:
    """Say what was raised, and the last place in the project's files it passed."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    if frames:
        text += f" ({frames[-1].filename}, line {frames[-1].lineno})"
    return text


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
        "static_root": _path(settings.STATIC_ROOT),
        "staticfiles_dirs": [_path(entry[1] if isinstance(entry, (list, tuple)) else entry) for entry in settings.STATICFILES_DIRS],
        "staticfiles_finders": list(settings.STATICFILES_FINDERS),
        "staticfiles_installed": "django.contrib.staticfiles" in settings.INSTALLED_APPS or _is_app("staticfiles"),
        "staticfiles_storage_setting": _explicit("STATICFILES_STORAGE"),
        "whitenoise": any("whitenoise" in name for name in settings.MIDDLEWARE or []),
        "media_url": settings.MEDIA_URL,
        "media_root": _path(settings.MEDIA_ROOT),
        "debug": bool(settings.DEBUG),
        "allowed_hosts": list(settings.ALLOWED_HOSTS),
        "secret_key": _secret_key_state(settings),
        "force_script_name": settings.FORCE_SCRIPT_NAME,
        "wsgi_application": settings.WSGI_APPLICATION or "",
        "asgi_application": getattr(settings, "ASGI_APPLICATION", None) or "",
        "sqlite_databases": _sqlite_databases(settings),
    }


def _path(value: t.Any) -> str:
    return os.path.abspath(os.fspath(value)) if value else ""


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
        "storage_location": _path(staticfiles_storage.location) if isinstance(staticfiles_storage, FileSystemStorage) else "",
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


def collect(static_root: str, configured_root: t.Any) -> dict[str, t.Any]:
    """Run collectstatic into a folder, which the settings already name as STATIC_ROOT.

    :param configured_root: what the project's settings say.
    :returns: the evidence of the settings, as the project has them, and of the storage.
    """
    from django.core.management import call_command

    settings = dict(settings_evidence(), static_root=_path(configured_root))
    if not settings["staticfiles_installed"]:
        raise Refused(
            "staticfiles_app_missing",
            f"django.contrib.staticfiles is not in INSTALLED_APPS of {settings['settings_module']}: there is no collectstatic",
        )
    evidence = dict(settings, **storage_evidence())
    if not evidence["storage_is_local"]:
        raise Refused("remote_storage", f"the storage {evidence['storage']} keeps no local files")
    if evidence["storage_location"] != static_root:
        raise Refused("storage_location", f"the storage {evidence['storage']} writes to {evidence['storage_location']}, whatever STATIC_ROOT says")
    try:
        call_command("collectstatic", interactive=False, verbosity=0)
    except Exception as error:
        raise Refused("collectstatic_failed", f"collectstatic fails: {type(error).__name__}: {error}") from error
    return evidence


def check(application: str) -> dict[str, t.Any]:
    """Run the system checks, those for deployment among them, and import the application that the server will run.

    :param application: dotted path, such as ``shop.wsgi.application``; empty to leave it out.
    """
    from django.core.checks import run_checks

    messages = [
        {
            "id": message.id or "",
            "level": DEPLOY_CHECK_LEVELS.get(message.level, str(message.level)),
            "message": str(message.msg),
            "hint": str(message.hint or ""),
            "object": str(message.obj) if message.obj is not None else "",
            "silenced": message.is_silenced(),
        }
        for message in run_checks(include_deployment_checks=True)
    ]
    if application:
        _import_application(application)
    return {"messages": messages}


def _import_application(application: str) -> None:
    module, _dot, attribute = application.replace(":", ".").rpartition(".")
    expected = os.environ["DJANGO_SETTINGS_MODULE"]
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise Refused("application_failed", f"the application {application} cannot be imported: {_explain(error)}") from error
    if not callable(found):
        raise Refused("application_failed", f"{application} is not callable")
    if os.environ.get("DJANGO_SETTINGS_MODULE") != expected:
        raise Refused(
            "application_settings",
            f"{module} sets DJANGO_SETTINGS_MODULE to {os.environ.get('DJANGO_SETTINGS_MODULE')}, whatever the environment says: "
            "use os.environ.setdefault there",
        )


def migrations(database: str, apply: bool) -> dict[str, t.Any]:
    """List the migrations that the database lacks, and apply them if asked to.

    :returns: ``pending``, names such as ``auth.0001_initial``, as they were before.
    """
    from django.core.management import call_command
    from django.db import DEFAULT_DB_ALIAS, connections

    alias = database or DEFAULT_DB_ALIAS
    if alias not in connections:
        raise Refused("no_database", f"the settings know no database {alias}; they know {', '.join(connections)}")
    try:
        pending = _pending_migrations(connections[alias], apply)
        # The command itself also sends the signals that fill content types and permissions.
        if apply and pending:
            call_command("migrate", interactive=False, verbosity=0, database=alias)
    except Exception as error:
        raise Refused("migrate_failed", f"migrations on the database {alias} fail: {_explain(error)}") from error
    return {"pending": pending}


def _pending_migrations(connection: t.Any, may_write: bool) -> list[str]:
    from django.db.migrations.executor import MigrationExecutor
    from django.db.migrations.loader import MigrationLoader

    name = str(connection.settings_dict["NAME"])
    if not may_write and connection.vendor == "sqlite" and not name.startswith((":", "file:")) and not os.path.exists(name):
        # Looking would create the file; a database that does not exist lacks them all.
        graph = MigrationLoader(None).graph
        in_order = [node for leaf in graph.leaf_nodes() for node in graph.forwards_plan(leaf)]
        return [f"{app}.{migration}" for app, migration in dict.fromkeys(in_order)]
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def answer(request: dict[str, t.Any]) -> dict[str, t.Any]:
    """Answer one request.

    :param request: ``project_path``, ``settings_module``, ``overrides``, ``question`` and the question's own values.
    """
    original = prepare(request["project_path"], request.get("settings_module") or "", request.get("overrides") or {})
    question = request["question"]
    if question == "static_info":
        evidence = settings_evidence()
        if evidence["staticfiles_installed"]:
            evidence.update(storage_evidence())
            evidence["files"] = found_files()
        return evidence
    if question == "collect":
        return collect(request["overrides"]["STATIC_ROOT"], original["STATIC_ROOT"])
    if question == "check":
        return check(request.get("application") or "")
    if question == "migrations":
        return migrations(request.get("database") or "", bool(request.get("apply")))
    raise Refused("unknown_question", f"nothing is known of the question {question}")


def main(result_descriptor: int) -> None:
    """Answer the request on standard input, then leave without waiting for threads that the project may have started."""
    try:
        result = {"answer": answer(json.load(sys.stdin))}
    except Refused as error:
        result = {"refused": {"kind": error.kind, "message": str(error)}}
    except BaseException as error:
        result = {"refused": {"kind": "unexpected", "message": _explain(error)}}
    with os.fdopen(result_descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(result, file)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
