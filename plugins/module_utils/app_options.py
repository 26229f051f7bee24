# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of an application server that do not stand on its command line: in configuration files and in environment variables."""

from __future__ import annotations

import contextlib
import os
import shlex

from ansible_collections.webops.django.plugins.module_utils.app_commands import Command, read_more
from ansible_collections.webops.django.plugins.module_utils.app_server_files import gunicorn_options, uwsgi_options
from ansible_collections.webops.django.plugins.module_utils.app_settings_module import View, read_dotenv

_UWSGI_FILES = (".ini", ".yaml", ".yml", ".xml", ".json")


def complete(command: Command, view: View, cwd: str, environment: dict[str, str]) -> dict[str, str]:
    """Add to a command what its files and variables say; what the command line says goes before.

    :returns: the environment that the application gets: the process's, and what the server sets.
    """
    given = dict(environment)
    if command.kind == "gunicorn":
        _complete_gunicorn(command, view, cwd, given)
    elif command.kind == "uwsgi":
        _complete_uwsgi(command, view, cwd, given)
    elif command.kind == "uvicorn" and command.last("env-file"):
        given = {**read_dotenv(view.read(os.path.join(cwd, command.last("env-file"))) or ""), **given}
    for assignment in command.all("env", "e", "raw_env") if command.kind in ("gunicorn", "uwsgi") else ():
        name, equals, value = assignment.partition("=")
        if equals:
            given[name.strip()] = value
    return given


def _complete_gunicorn(command: Command, view: View, cwd: str, environment: dict[str, str]) -> None:
    with contextlib.suppress(ValueError):
        read_more(command, shlex.split(environment.get("GUNICORN_CMD_ARGS", "")))
    named = command.last("config", "c") or "gunicorn.conf.py"
    if named.startswith("python:"):
        named = named[len("python:") :].replace(".", "/") + ".py"
    folder = os.path.join(cwd, command.last("chdir"))
    path = os.path.join(cwd, named[len("file:") :] if named.startswith("file:") else named)
    text = view.read(path) or view.read(os.path.join(folder, named)) or ""
    options, variables = gunicorn_options(text)
    for name, values in options.items():
        command.options[name] = [*values, *command.options.get(name, [])]
    command.application = command.application or command.last("wsgi_app")
    environment.update(variables)


def _complete_uwsgi(command: Command, view: View, cwd: str, environment: dict[str, str]) -> None:
    files = command.all("ini", "yaml", "y", "xml", "x", "json", "j", "config")
    files += [word for word in command.positionals if os.path.splitext(word.partition(":")[0])[1].lower() in _UWSGI_FILES]
    for name in dict.fromkeys(files):
        for key, values in uwsgi_options(os.path.join(cwd, name), view.read, environment).items():
            command.options[key] = [*values, *command.options.get(key, [])]
    mounted = command.last("mount").partition("=")[2]
    module = command.last("module", "w", "wsgi") or mounted
    # shop.wsgi is a module, /srv/shop.wsgi a file.
    is_file = "/" in module or module.endswith(".py")
    if mounted and is_file and module == mounted:
        command.options.setdefault("wsgi-file", []).append(mounted)
    elif module and ":" not in module and command.last("callable"):
        module = f"{module}:{command.last('callable')}"
    command.application = "" if is_file else module


def is_emperor(command: Command) -> bool:
    """Tell whether this uWSGI serves nothing itself and starts others."""
    return command.kind == "uwsgi" and bool(command.last("emperor"))
