# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an application's project is: interpreter, import path, the folder of manage.py, settings module."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils import app_settings_module as code
from ansible_collections.webops.django.plugins.module_utils.app_commands import Command
from ansible_collections.webops.django.plugins.module_utils.app_settings_module import View

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*\Z")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclasses.dataclass
class Surroundings:
    """What is known of a process besides its command line.

    :ivar executable: where /proc/PID/exe leads, or empty.
    :ivar mapped: files that the process has mapped, such as the compiled modules of its virtual environment.
    :ivar unit_python: the interpreter that the unit's ExecStart tells for certain, or empty.
    """

    view: View
    cwd: str
    environment: dict[str, str]
    executable: str = ""
    mapped: t.Sequence[str] = ()
    unit_python: str = ""


@dataclasses.dataclass
class Located:
    """What was found; empty where nothing was.

    :ivar import_path: folders before Python's own, in their order.
    :ivar code: text of the module that holds the application.
    """

    python: str = ""
    virtualenv: str = ""
    folder: str = ""
    project_path: str = ""
    import_path: list[str] = dataclasses.field(default_factory=list)
    settings_module: str = ""
    settings_file: str = ""
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    is_django: bool = False


def locate(command: Command, around: Surroundings) -> Located:
    """Put together what a command line, an environment and the disk tell of a project."""
    found = Located(environment=dict(around.environment))
    found.folder = _absolute(command.last("chdir", "chdir2", "app-dir"), around.cwd) or around.cwd
    found.python = interpreter(command, around)
    found.virtualenv = _virtualenv(around.view, found.python)
    given = [part for value in command.all("pythonpath", "python-path", "pp", "app-dir") for part in value.split(",")]
    given += around.environment.get("PYTHONPATH", "").split(":")
    script = os.path.dirname(_absolute(command.script, around.cwd)) if command.kind == "runserver" and command.script.endswith(".py") else ""
    folders = [script, found.folder, *(_absolute(part, found.folder) for part in given if part)]
    found.import_path = list(dict.fromkeys(folder for folder in folders if folder))
    path, root = _application_file(command, around.view, found)
    text = around.view.read(path) if path else None
    _find_project(around.view, path, root, found)
    _find_settings(command, around.view, text, path, found)
    names_settings = bool(found.settings_module) or code.VARIABLE in (text or "")
    found.is_django = names_settings and not (code.is_other_framework(text) and code.VARIABLE not in around.environment)
    return found


def _absolute(path: str, folder: str) -> str:
    return os.path.normpath(os.path.join(folder or "/", path)) if path and "\0" not in path else ""


def interpreter(command: Command, around: Surroundings) -> str:
    """Return the interpreter in which Django is installed: that of the virtual environment, not the program that it links to."""
    view = around.view
    homes = [_absolute(command.last("home", "H", "virtualenv", "venv", "pyhome"), around.cwd)] if command.kind == "uwsgi" else []
    called = _absolute(command.interpreter, around.cwd) if "/" in command.interpreter else ""
    beside = os.path.dirname(os.path.dirname(_absolute(command.script, around.cwd))) if "/" in command.script else ""
    candidates = [*(_python_of(view, home) for home in homes if home)]
    if called and _virtualenv(view, called):
        candidates.append(called)
    candidates.append(_python_of(view, beside) if beside else "")
    candidates += [_python_of(view, home) for home in _mapped_environments(around)]
    candidates.append(_python_of(view, around.environment.get("VIRTUAL_ENV", "")))
    candidates += [around.unit_python, called]
    if command.interpreter and not called:
        path = around.environment.get("PATH") or SYSTEM_PATH
        candidates += [os.path.join(folder, command.interpreter) for folder in path.split(":") if folder.startswith("/")]
    if _PYTHON.match(os.path.basename(around.executable)):
        candidates.append(around.executable)
    candidates += [f"/usr/bin/{name}" for name in _mapped_pythons(around)]
    if command.kind == "uwsgi":
        candidates.append("/usr/bin/python3")
    return next((path for path in candidates if path and view.is_program(path)), "")


def _python_of(view: View, home: str) -> str:
    """Return the interpreter of a virtual environment's folder, empty if it is none."""
    if not home.startswith("/") or not view.is_file(os.path.join(home, "pyvenv.cfg")):
        return ""
    names = (os.path.join(home, "bin", name) for name in ("python", "python3"))
    return next((path for path in names if view.is_program(path)), "")


def _virtualenv(view: View, python: str) -> str:
    home = os.path.dirname(os.path.dirname(python))
    return home if python and view.is_file(os.path.join(home, "pyvenv.cfg")) else ""


def _mapped_environments(around: Surroundings) -> list[str]:
    packages = re.compile(r"/lib(?:64)?/(?:python|pypy)[0-9.]+/site-packages/")
    homes = [path[: match.start()] for path in around.mapped for match in [packages.search(path)] if match]
    return list(dict.fromkeys(homes))


def _mapped_pythons(around: Surroundings) -> list[str]:
    return list(dict.fromkeys(match.group(1) for path in around.mapped for match in [re.search(r"/lib(python3\.\d+)[^/]*\.so", path)] if match))


def _application_file(command: Command, view: View, found: Located) -> tuple[str, str]:
    """Return the file of the application's module, and the folder that it is imported from."""
    if command.kind == "uwsgi":
        path = _absolute(command.last("wsgi-file", "file"), found.folder)
        if path and view.is_file(path):
            return path, found.folder
    module = command.application.partition(":")[0]
    return code.module_file(view, module, [*found.import_path, *_installed(view, found)]) if module else ("", "")


def _installed(view: View, found: Located) -> list[str]:
    """Return the folders of a virtual environment's packages, and those that its .pth files add, as an editable installation does."""
    folders = view.glob(f"{_escaped(found.virtualenv)}/lib*/python3*/site-packages") if found.virtualenv else []
    for path in [path for folder in folders for path in view.glob(f"{_escaped(folder)}/*.pth")]:
        lines = [line.strip() for line in (view.read(path) or "").splitlines()]
        folders += [line for line in lines if line.startswith("/") and view.is_folder(line)]
    return folders


def _escaped(path: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", path)


def _find_project(view: View, path: str, root: str, found: Located) -> None:
    """Find the folder of manage.py: where the application is imported from, or above its module, or one below where it was started."""
    above = [os.path.dirname(path)] if path else []
    for _level in range(3):
        above += [os.path.dirname(above[-1])] if above else []
    near = [root, *found.import_path, *above[:4]]
    below = [os.path.join(found.folder, name) for name in view.names(found.folder)[:200]] if found.folder not in ("", "/") else []
    candidates = [folder for folder in (*near, os.path.dirname(found.folder), *below) if folder and folder != "/"]
    found.project_path = next((folder for folder in candidates if code.is_django_manage(view, folder)), "") or root or found.folder
    if root and root not in found.import_path and not root.endswith("-packages"):
        found.import_path.insert(0, root)


def _find_settings(command: Command, view: View, text: str | None, path: str, found: Located) -> None:
    """Find the settings module: as the code that starts Django sets it, and where that cannot be found, as manage.py does."""
    manage = view.read(os.path.join(found.project_path, "manage.py")) if code.is_django_manage(view, found.project_path) else None
    source = manage if command.kind == "runserver" else text
    nearest = [os.path.dirname(path), os.path.dirname(os.path.dirname(path))] if path else []
    loaded = code.dotenv_variables(view, source, [*nearest, found.folder, found.project_path])
    named = command.last("settings") if command.kind == "runserver" else ""
    named = named or code.settings_named(source, {**loaded, **found.environment})
    # What is computed there, manage.py may compute in another way: then the user must say it.
    is_computed = not named and code.VARIABLE in (source or "")
    if not named and not is_computed and not code.is_other_framework(text):
        named = code.settings_named(manage, loaded)
    found.settings_module = named
    for name, value in {**code.other_variables(source), **loaded}.items():
        found.environment.setdefault(name, value)
    folders = [*found.import_path, found.project_path, *_installed(view, found)]
    found.settings_file = code.module_file(view, named, folders)[0] if named else ""
