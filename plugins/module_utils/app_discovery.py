# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Django applications of this host: from the processes that run, or from what the user says.

:func:`discover_applications` and :func:`project_of` are the way in.
"""

from __future__ import annotations

import os
import pwd
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils import accounts
from ansible_collections.webops.django.plugins.module_utils.app_binds import binds_of
from ansible_collections.webops.django.plugins.module_utils.app_commands import masked
from ansible_collections.webops.django.plugins.module_utils.app_given import completed, given_application, given_project
from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication, Note, Options, note
from ansible_collections.webops.django.plugins.module_utils.app_processes import Service, mapped_files, services
from ansible_collections.webops.django.plugins.module_utils.app_project import Located, Surroundings, locate
from ansible_collections.webops.django.plugins.module_utils.app_same import merged
from ansible_collections.webops.django.plugins.module_utils.app_settings_module import View
from ansible_collections.webops.django.plugins.module_utils.django_project import Project
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.process_sockets import SocketTable
from ansible_collections.webops.django.plugins.module_utils.process_table import ProcessTable
from ansible_collections.webops.django.plugins.module_utils.systemd import Run

TIMEOUT = 120
"""Seconds in which a project must answer, where the user names no other time."""


def discover_applications(
    options: Options | None = None, table: ProcessTable | None = None, run: Run | None = None
) -> tuple[list[FoundApplication], list[Note]]:
    """Return the Django applications of this host, and what could not be seen. Nothing on the host is changed.

    :param options: options of ``django_project.PROJECT_OPTIONS`` that the user has given: they fill in what is not found.
    :param run: runs systemctl.
    """
    options = options or {}
    table = table or ProcessTable()
    sockets = SocketTable(table)
    notes: list[Note] = []
    found = [one for one in (_application(service, table, sockets, notes) for service in services(table, run)) if one]
    found = completed(merged(found), options)
    given = given_application(found, options, notes)
    found = sorted([*found, *([given] if given else [])], key=lambda one: bool(one.record["in_container"]))
    _name(found)
    for one in found:
        _note_gaps(one, notes)
    _note_blindness(found, table, notes)
    return found, notes


def _application(service: Service, table: ProcessTable, sockets: SocketTable, notes: list[Note]) -> FoundApplication | None:
    """Return the record of a server's processes; None for what is no Django application."""
    master, command = service.master, service.command
    if service.cwd is None and not service.environment:
        notes.append(note("application_hidden", f"Process {master.pid} ({command.kind}) belongs to another user and cannot be looked at.", "root"))
        return None
    executable = (table.link(master.pid, "exe") or "").replace(" (deleted)", "")
    mapped = mapped_files((service.workers or [master])[-1].pid, table)
    around = Surroundings(service.view, service.cwd or "", service.environment, executable, mapped, service.unit_python)
    located = locate(command, around)
    if not located.is_django:
        return None
    identity = next((known for known in (table.identity(entry.pid) for entry in [*service.workers, master]) if known), None)
    record = {
        "id": "",
        "kind": command.kind,
        "unit": service.unit,
        "pids": service.pids,
        "master_pid": master.pid,
        "started": min((entry.started for entry in service.workers), default=master.started),
        "command": masked(master.words),
        "user": _user_name(identity.uid, service.view) if identity else "",
        "uid": identity.uid if identity else None,
        "gid": identity.gid if identity else None,
        "groups": list(identity.groups) if identity else [],
        "cwd": service.cwd or "",
        "python": located.python,
        "virtualenv": located.virtualenv,
        "settings_module": located.settings_module,
        "settings_file": located.settings_file,
        "wsgi": command.application,
        "project_path": located.project_path,
        "binds": binds_of(service, sockets),
        "in_container": service.in_container,
        "environment_names": sorted(located.environment),
    }
    if not service.environment_is_known:
        _note_environment(record, command.titled, notes)
    return FoundApplication(record, located.environment, _python_path(located), _umask(master.pid, table))


def _note_environment(record: dict[str, t.Any], titled: bool, notes: list[Note]) -> None:
    why = "its title is written over it, and it belongs to no systemd unit" if titled else "it belongs to another user"
    notes.append(
        note(
            "application_environment",
            f"The environment of process {record['master_pid']} ({record['kind']}, {record['settings_module']}) cannot be read: {why}.",
            "" if os.geteuid() == 0 else "root",
        )
    )


def _user_name(uid: int, view: View) -> str:
    """Return a user's name; a container has users of its own."""
    if view.root:
        match = re.search(rf"^([^:\n]*):[^:\n]*:{uid}:", view.read("/etc/passwd") or "", re.MULTILINE)
        return match.group(1) if match else str(uid)
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)


def _python_path(located: Located) -> list[str]:
    """Return the folders that the application imports from besides the project's own."""
    return [folder for folder in located.import_path if folder != located.project_path]


def _umask(pid: int, table: ProcessTable) -> int:
    match = re.search(r"^Umask:\s*([0-7]+)$", table.text(pid, "status"), re.MULTILINE)
    return int(match.group(1), 8) if match else 0o022


def _name(found: list[FoundApplication]) -> None:
    """Give each application a name of its own: its unit's, else its folder's."""
    taken: set[str] = set()
    for one in found:
        unit = one.record["unit"].rpartition(".")[0]
        name = base = unit or os.path.basename(one.record["project_path"].rstrip("/")) or one.record["settings_module"].partition(".")[0] or "django"
        number = 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        one.record["id"] = name


_MISSING = (
    ("project_path", "django_app_project_path", "the folder that holds manage.py"),
    ("python", "django_app_python", "the interpreter in which Django is installed"),
    ("settings_module", "django_app_settings_module", "the settings module"),
)


def _note_gaps(one: FoundApplication, notes: list[Note]) -> None:
    for field, variable, what in _MISSING:
        if not one.record[field] and not (field == "settings_module" and one.record["kind"] == "given"):
            message = f"Of the application {one.record['id']}, {what} was not found; say it with {variable}."
            notes.append(note("application_incomplete", message, variable))
    if not one.record["binds"]:
        message = f"Where the application {one.record['id']} listens is not known; django_verify_base_url says where the site answers."
        notes.append(note("application_address", message, "django_verify_base_url"))


def _note_blindness(found: list[FoundApplication], table: ProcessTable, notes: list[Note]) -> None:
    if os.geteuid() != 0 and re.search(r"^\S+ /proc proc \S*hidepid=(?:[12]|noaccess|invisible)", table.text(os.getpid(), "mounts"), re.MULTILINE):
        notes.append(note("processes_hidden", "This host hides other users' processes.", "root"))
    if not found and not any(entry["what"].startswith("application") for entry in notes):
        notes.append(
            note(
                "application_absent",
                "No Gunicorn, Uvicorn, Hypercorn, Daphne, uWSGI or runserver runs a Django project here. Say where the project is with "
                "django_app_project_path and django_app_python (and django_app_settings_module, where manage.py does not name it).",
                "django_app_project_path",
            )
        )


def project_of(found: FoundApplication, options: Options | None = None) -> Project:
    """Return a found application's project, to be asked as the application runs.

    :param options: what the user has given; fills in what was not found.
    :raises ExplainedError: something that is needed is not known; the message names the variable.
    """
    options = options or {}
    if found.record["kind"] == "given":
        return given_project(options)
    record = found.record
    for field, variable, what in _MISSING:
        if not record[field]:
            raise ExplainedError(f"{what[0].upper()}{what[1:]} was not found; say it with {variable}.", kind="unknown")
    if record["in_container"]:
        raise ExplainedError(f"{record['id']} runs in a container: its project cannot be asked from the host.", kind="container")
    environment = {name: value for name, value in found.environment.items() if not _OF_PROCESS.match(name)}
    if found.python_path:
        paths = [*found.python_path, *environment.get("PYTHONPATH", "").split(":")]
        environment["PYTHONPATH"] = ":".join(dict.fromkeys(path for path in paths if path))
    return Project(
        record["project_path"],
        record["python"],
        record["settings_module"],
        _account(found),
        environment,
        int(options.get("timeout") or TIMEOUT),
        found.umask,
    )


_OF_PROCESS = re.compile(
    r"(?:RUN_MAIN|WERKZEUG_\w+|LISTEN_\w+|NOTIFY_SOCKET|WATCHDOG_\w+|INVOCATION_ID|JOURNAL_STREAM|SYSTEMD_EXEC_PID|MEMORY_PRESSURE_\w+|MAINPID|MANAGERPID"
    r"|GUNICORN_\w+|SERVER_SOFTWARE|UWSGI_\w+|PYTHONINSPECT|PYTHONSTARTUP|PYTHONBREAKPOINT|SSH_\w+|SUDO_\w+|TERM|OLDPWD|SHLVL|_)\Z"
)
"""Variables that belong to one process and would mislead another."""


def _account(found: FoundApplication) -> accounts.Account:
    """Return the user as the processes have it; a number without an entry, such as a DynamicUser's, stands for itself."""
    record = found.record
    if record["uid"] is None:
        return accounts.own_account()
    try:
        home = pwd.getpwuid(record["uid"]).pw_dir
    except (KeyError, OverflowError):
        home = found.environment.get("HOME", "/")
    return accounts.Account(record["user"], record["uid"], record["gid"], tuple(record["groups"]), home)
