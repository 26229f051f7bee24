# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a Django project: in its own interpreter, as the service's user, with the service's environment."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import typing as t

from ansible_collections.webops.django.plugins.module_utils import accounts
from ansible_collections.webops.django.plugins.module_utils.environment_file import parse as parse_environment
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import read_file
from ansible_collections.webops.django.plugins.module_utils.probe_source import BOOTSTRAP, sent_modules
from ansible_collections.webops.django.plugins.module_utils.systemd import Run
from ansible_collections.webops.django.plugins.module_utils.unit_environment import Service, read_service

OUTPUT_LIMIT = 4000
"""Characters of a project's own output that an error carries."""

MOST_SAID = 256 << 20
"""Bytes that a project may say when it is only asked: an answer for a million files."""

READING = ("static_info",)
"""Questions for which nothing is written."""

SECRET_LENGTH = 8
"""Characters from which on an environment variable's value is taken for a possible secret."""

NO_SECRETS = re.compile(
    r"(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|TZ|TMPDIR|LANG|LANGUAGE|LC_[A-Z]+|PYTHON(?:PATH|HOME|PYCACHEPREFIX)|VIRTUAL_ENV"
    r"|DJANGO_SETTINGS_MODULE|DJANGO_CONFIGURATION)\Z"
)
"""Variables whose values are paths and names that an error has to show."""

PROJECT_OPTIONS: dict[str, t.Any] = {
    "project_path": {"type": "path", "aliases": ["app_path", "chdir"]},
    "unit": {"type": "str"},
    "python": {"type": "path"},
    "virtualenv": {"type": "path"},
    "settings_module": {"type": "str", "default": "", "aliases": ["settings"]},
    "python_path": {"type": "list", "elements": "path", "default": []},
    "user": {"type": "str"},
    "environment_file": {"type": "path"},
    "environment": {"type": "dict", "default": {}, "no_log": True},
    "timeout": {"type": "int", "default": 600},
}
"""The options of every module that asks a project; described in the fragment ``webops.django.project``."""


@dataclasses.dataclass(frozen=True)
class Project:
    """A project and the way its service runs it.

    :ivar path: folder that holds manage.py.
    :ivar python: the project's interpreter.
    :ivar settings_module: DJANGO_SETTINGS_MODULE; empty for what manage.py names.
    :ivar account: the user that the service runs as.
    :ivar environment: the variables of the service, besides those that systemd gives to every service.
    :ivar timeout: seconds that one question may take.
    :ivar umask: that of the service, as far as it is known.
    :ivar options: how this project is named to the collection's other modules, where its environment comes from a file or a unit.
    """

    path: str
    python: str
    settings_module: str
    account: accounts.Account
    environment: dict[str, str]
    timeout: int
    umask: int = 0o022
    options: dict[str, str] = dataclasses.field(default_factory=dict)


def project_from(params: dict[str, t.Any], run: Run | None = None) -> Project:
    """Read a project from a module's parameters; what they leave out is read from the unit, if one is named.

    :param run: runs systemctl.
    :raises ExplainedError: the folder, the interpreter, the user, the unit or the environment file is not there.
    """
    service = read_service(params["unit"], run) if params.get("unit") else None
    path = _project_path(params, service)
    environment = dict(service.environment) if service else {}
    environment.update(_environment_from(params["environment_file"]))
    environment.update({key: str(value) for key, value in params["environment"].items()})
    if params["python_path"]:
        environment["PYTHONPATH"] = ":".join([*params["python_path"], *filter(None, [environment.get("PYTHONPATH")])])
    settings_module = params["settings_module"] or environment.get("DJANGO_SETTINGS_MODULE", "")
    if not settings_module and not os.path.exists(os.path.join(path, "manage.py")):
        raise ExplainedError(f"{path} holds no manage.py; name the folder that does, or give settings_module.")
    return Project(
        path,
        _interpreter(params, service),
        settings_module,
        _account(params, service),
        environment,
        params["timeout"],
        service.umask if service else 0o022,
        {name: str(params[name]) for name in _NAMED if params.get(name)} if params.get("unit") or params["environment_file"] else {},
    )


_NAMED = ("project_path", "python", "virtualenv", "settings_module", "user", "unit", "environment_file")


def _account(params: dict[str, t.Any], service: Service | None) -> accounts.Account:
    if params["user"]:
        return accounts.user_account(params["user"])
    return service.account() if service else accounts.own_account()


def _project_path(params: dict[str, t.Any], service: Service | None) -> str:
    path = params["project_path"] or (service.folder if service else "")
    if not path:
        where = f"; {service.unit} names no WorkingDirectory that could be taken for it" if service else ""
        raise ExplainedError(f"project_path is missing: name the folder that holds manage.py{where}.")
    if not os.path.isdir(path):
        whose = "project_path" if params["project_path"] else f"WorkingDirectory of {service.unit if service else ''}"
        raise ExplainedError(f"There is no folder {path}; {whose} must name the folder that holds manage.py.")
    return str(path)


def _interpreter(params: dict[str, t.Any], service: Service | None) -> str:
    if params["python"] and params["virtualenv"]:
        raise ExplainedError("Give either python (the project's interpreter) or virtualenv (its folder), not both.")
    python = params["python"] or (os.path.join(params["virtualenv"], "bin", "python") if params["virtualenv"] else "")
    if not python and service:
        python = service.interpreter
        if not python:
            raise ExplainedError(f"ExecStart of {service.unit} does not tell for certain which Python runs it; give python or virtualenv.")
    if not python:
        raise ExplainedError("Give either python (the project's interpreter) or virtualenv (its folder).")
    if not os.access(python, os.X_OK):
        raise ExplainedError(f"{python} is no program that can be run; name the interpreter in which Django is installed.")
    return str(python)


def _environment_from(path: str | None) -> dict[str, str]:
    if not path:
        return {}
    try:
        content = read_file(path)
    except OSError as error:
        raise ExplainedError(f"The environment file {path} cannot be read: {error.strerror}; use become.") from error
    if content is None:
        raise ExplainedError(f"There is no environment file {path}.")
    return parse_environment(content.decode("utf-8", "surrogateescape"))


def ask(project: Project, question: str, overrides: dict[str, t.Any] | None = None, **values: t.Any) -> dict[str, t.Any]:
    """Ask a project and return its answer.

    :param question: see ``django_probe.answer``.
    :param overrides: settings that hold for this question only.
    :param values: what the question needs besides.
    :raises ExplainedError: the project cannot answer; ``kind`` and ``output`` are among the details.
    """
    request = {"project_path": project.path, "settings_module": project.settings_module, "overrides": overrides or {}, "question": question, **values}
    with _unnamed() as result, _unnamed() as output:
        code = _run(project, json.dumps({"modules": sent_modules(), "request": request}).encode(), result, output, question not in READING)
        result.seek(0)
        text = result.read()
        # Enough for the characters that are kept, each of four bytes at most.
        output.seek(max(0, output.seek(0, os.SEEK_END) - 4 * OUTPUT_LIMIT))
        said = redact(output.read().decode("utf-8", "replace")[-OUTPUT_LIMIT:], project.environment)
    try:
        reply = json.loads(text.decode("utf-8", "surrogateescape"))
    except ValueError:
        raise ExplainedError(
            f"{project.python} ended with code {code} before it could answer for {project.path}; its last words are in the output.",
            output=said,
            kind="died",
        ) from None
    if "refused" in reply:
        raise ExplainedError(f"{redact(reply['refused']['message'], project.environment)}.", output=said, kind=reply["refused"]["kind"])
    return dict(reply["answer"])


def _unnamed() -> t.IO[bytes]:
    """Return a file in memory: asking works on a host whose disk is full or read-only, and leaves no trace there."""
    try:
        return os.fdopen(os.memfd_create("webops-django"), "w+b")
    except (AttributeError, OSError):
        # An older kernel or C library has none.
        return t.cast("t.IO[bytes]", tempfile.TemporaryFile())


def redact(text: str, environment: dict[str, str]) -> str:
    """Take the values of the environment out of what the project says: an error about a database's URL tends to quote it.

    Values of less than :data:`SECRET_LENGTH` characters stay, and those of :data:`NO_SECRETS`: "1" is no secret, nor is a path, and taking
    them out would leave no sentence.
    """
    for value in sorted((value for name, value in environment.items() if not NO_SECRETS.match(name)), key=len, reverse=True):
        if len(value) >= SECRET_LENGTH:
            text = text.replace(value, "********")
    return text


def _run(project: Project, request: bytes, result: t.IO[bytes], output: t.IO[bytes], may_write: bool) -> int:
    try:
        # A session of its own, so that a deadline ends what the project has started, too.
        process = subprocess.Popen(
            [project.python, "-c", BOOTSTRAP, str(result.fileno())],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=project.path,
            env=_process_environment(project),
            pass_fds=[result.fileno()],
            start_new_session=True,
            umask=0o022,
            **_identity(project.account),
        )
    except OSError as error:
        raise ExplainedError(f"{project.python} cannot be run as {project.account.name} in {project.path}: {error.strerror}.") from error
    if not may_write:
        with contextlib.suppress(OSError, ValueError):
            # Settings that print without end.
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (MOST_SAID, MOST_SAID))
    try:
        process.communicate(request, timeout=project.timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise ExplainedError(f"The project in {project.path} did not answer within {project.timeout} s.", kind="timeout") from None
    return process.returncode


def _identity(account: accounts.Account) -> dict[str, t.Any]:
    if account.uid == os.geteuid():
        return {}
    if os.geteuid() != 0:
        raise ExplainedError(f"Only root can run the project as {account.name}; use become.")
    return {"user": account.uid, "group": account.gid, "extra_groups": list(account.groups)}


def _process_environment(project: Project) -> dict[str, str]:
    """Give what systemd gives to a service, and the service's own variables: nothing of the caller's shell."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": project.account.home,
        "USER": project.account.name,
        "LOGNAME": project.account.name,
        **project.environment,
        # Asking must leave no trace, whatever the service's environment says.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
