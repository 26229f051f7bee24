# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user says of an application, where none runs or where too little was found."""

from __future__ import annotations

import os

from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication, Note, Options, note
from ansible_collections.webops.django.plugins.module_utils.app_settings_module import VARIABLE, View, settings_named
from ansible_collections.webops.django.plugins.module_utils.django_project import PROJECT_OPTIONS, Project, project_from
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

_USUAL_ENVIRONMENTS = ("venv", ".venv", "env", "virtualenv", "../venv", "../.venv", "../env")
_VARIABLES = {"project_path": "django_app_project_path", "python": "django_app_python", "settings_module": "django_app_settings_module"}


def completed(found: list[FoundApplication], options: Options) -> list[FoundApplication]:
    """Put in what the user says: he knows better than what was found. With several applications, it is of the one whose project he names."""
    path = options.get("project_path")
    meant = [one for one in found if path and _same_folder(one.record["project_path"], str(path))]
    if not meant and len(found) == 1 and not (path and found[0].record["project_path"]):
        meant = found
    for one in meant:
        _fill(one, options)
    return found


def _fill(one: FoundApplication, options: Options) -> None:
    python = options.get("python") or (os.path.join(str(options["virtualenv"]), "bin", "python") if options.get("virtualenv") else "")
    for field, value in (("project_path", options.get("project_path")), ("python", python), ("settings_module", options.get("settings_module"))):
        # The folder is how he names the application; it may be a link to what was found.
        if value and (field != "project_path" or not one.record[field]):
            if field == "settings_module" and one.record[field] != value:
                one.record["settings_file"] = ""
            one.record[field] = str(value)
    for name, value in (options.get("environment") or {}).items():
        one.environment.setdefault(str(name), str(value))
    one.record["environment_names"] = sorted(one.environment)


def _same_folder(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def given_application(found: list[FoundApplication], options: Options, notes: list[Note]) -> FoundApplication | None:
    """Return the application that the user names and that does not run; None where there is none, or too little is said."""
    path = options.get("project_path")
    if not (path or options.get("unit")) or any(path and _same_folder(one.record["project_path"], str(path)) for one in found):
        return None
    try:
        project = given_project(options)
    except ExplainedError as error:
        missing = next((option for option in _VARIABLES if f"{option} is missing" in str(error)), "")
        missing = missing or ("settings_module" if "settings_module" in str(error) else "python" if "python" in str(error) else "project_path")
        message = f"The project that the variables name cannot be asked: {error} The variable is {_VARIABLES[missing]}."
        notes.append(note("application_given", message, _VARIABLES[missing]))
        return None
    return FoundApplication(_record(project, str(options.get("unit") or "")), dict(project.environment), [], project.umask)


def _record(project: Project, unit: str) -> dict[str, object]:
    home = os.path.dirname(os.path.dirname(project.python))
    manage = View().read(os.path.join(project.path, "manage.py"))
    return {
        "id": "",
        "kind": "given",
        "unit": unit,
        "pids": [],
        "master_pid": None,
        "started": None,
        "command": [],
        "user": project.account.name,
        "uid": project.account.uid,
        "gid": project.account.gid,
        "groups": list(project.account.groups),
        "cwd": project.path,
        "python": project.python,
        "virtualenv": home if os.path.isfile(os.path.join(home, "pyvenv.cfg")) else "",
        "settings_module": project.settings_module or settings_named(manage, {VARIABLE: project.environment.get(VARIABLE, "")}),
        "settings_file": "",
        "wsgi": "",
        "project_path": project.path,
        "binds": [],
        "in_container": False,
        "environment_names": sorted(project.environment),
    }


def given_project(options: Options) -> Project:
    """Return the project that the user's options describe; a virtual environment at a usual place needs not be named.

    :raises ExplainedError: they say too little, or something that is not there.
    """
    params = {name: spec.get("default") for name, spec in PROJECT_OPTIONS.items()}
    params.update({name: value for name, value in options.items() if name in params and value not in (None, "")})
    if not (params["python"] or params["virtualenv"] or params["unit"]) and params["project_path"]:
        homes = [os.path.normpath(os.path.join(str(params["project_path"]), name)) for name in _USUAL_ENVIRONMENTS]
        found = [home for home in homes if os.path.isfile(os.path.join(home, "pyvenv.cfg")) and os.access(f"{home}/bin/python", os.X_OK)]
        if len(found) == 1:
            params["virtualenv"] = found[0]
    return project_from(params)
