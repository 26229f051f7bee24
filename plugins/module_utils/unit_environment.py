# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a systemd unit runs its service: user, folder, environment, interpreter, as the next start would have them.

systemd itself is asked, so drop-ins and specifiers are resolved. A process that runs already may have been started with an older definition.
Not read: variables that options of the server set (such as ``gunicorn --env``), PAM, and credentials (``LoadCredential=``).
"""

from __future__ import annotations

import dataclasses
import glob
import os
import re
import subprocess
import typing as t

from ansible_collections.webops.django.plugins.module_utils import accounts
from ansible_collections.webops.django.plugins.module_utils.environment_file import NAME
from ansible_collections.webops.django.plugins.module_utils.environment_file import parse as parse_environment
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import read_file
from ansible_collections.webops.django.plugins.module_utils.systemd import Run

PROPERTIES = (
    "LoadState",
    "User",
    "Group",
    "SupplementaryGroups",
    "DynamicUser",
    "RootDirectory",
    "RootImage",
    "WorkingDirectory",
    "Environment",
    "EnvironmentFiles",
    "PassEnvironment",
    "UnsetEnvironment",
    "ExecStart",
    "UMask",
)

_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "s": " ", "t": "\t", "v": "\v"}


@dataclasses.dataclass(frozen=True)
class Service:
    """What a unit says.

    :ivar user: empty for root.
    :ivar group: empty for the user's own.
    :ivar folder: working folder; empty if it names none.
    :ivar interpreter: the Python that runs it, where that is certain; else empty.
    """

    unit: str
    user: str
    group: str
    groups: tuple[str, ...]
    folder: str
    environment: dict[str, str]
    interpreter: str
    umask: int

    def account(self) -> accounts.Account:
        """Return the account with the groups that systemd gives to the process.

        :raises ExplainedError: the user or a group does not exist.
        """
        account = accounts.user_account(self.user or "0")
        gid = accounts.group_id(self.group) if self.group else account.gid
        own = os.getgrouplist(account.name, gid)
        return dataclasses.replace(account, gid=gid, groups=tuple(sorted({*own, *(accounts.group_id(name) for name in self.groups)})))


def read_service(unit: str, run: Run | None = None, manager_environment: str = "/proc/1/environ") -> Service:
    """Ask systemd for a service.

    :param unit: name; without an ending it is a service's.
    :param run: runs systemctl.
    :param manager_environment: file with the environment of systemd itself, for PassEnvironment=.
    :raises ExplainedError: there is no such unit, or what it says cannot be followed.
    """
    name = unit if "." in unit else f"{unit}.service"
    ask = run or _run
    status, out, err = ask(["systemctl", "show", "--no-pager", f"--property={','.join(PROPERTIES)}", "--", name])
    said = _properties(out)
    if status or not said:
        raise ExplainedError(f"systemd does not answer for the unit {name}: {' '.join(err.split()) or 'systemctl said nothing'}.")
    _refuse(name, said)
    folder = _first(said, "WorkingDirectory").lstrip("-!")
    user = _first(said, "User")
    return Service(
        unit=name,
        user=user,
        group=_first(said, "Group"),
        groups=tuple(words(_first(said, "SupplementaryGroups"))),
        folder=accounts.user_account(user or "0").home if folder == "~" else folder,
        environment=_environment(name, said, ask, manager_environment),
        interpreter=interpreter_of(said.get("ExecStart", [])),
        umask=int(_first(said, "UMask") or "22", 8),
    )


def _run(command: list[str]) -> tuple[int, str, str]:
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=dict(os.environ, LC_ALL="C.UTF-8", SYSTEMD_COLORS="0"), timeout=60)
    except FileNotFoundError:
        raise ExplainedError("There is no systemctl on this host; leave unit out and give user, environment_file and environment instead.") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ExplainedError(f"systemctl cannot be asked: {error}.") from error
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "replace")


def _properties(text: str) -> dict[str, list[str]]:
    """Read what ``systemctl show`` prints; a property with several entries has a line for each."""
    found: dict[str, list[str]] = {}
    for line in text.split("\n"):
        name, equals, value = line.partition("=")
        if equals:
            found.setdefault(name, []).append(value)
    return found


def _first(said: dict[str, list[str]], name: str) -> str:
    return said.get(name, [""])[0]


def _refuse(name: str, said: dict[str, list[str]]) -> None:
    state = _first(said, "LoadState")
    if state != "loaded":
        reasons = {"not-found": "there is none of this name", "masked": "it is masked", "bad-setting": "its file has an error"}
        why = reasons.get(state, f"it is {state}")
        raise ExplainedError(f"systemd cannot start the unit {name}: {why}. Name the service's own unit, as systemctl list-units shows it.")
    if not name.endswith(".service"):
        raise ExplainedError(f"{name} is no service; name the unit that runs the application, whose name ends with .service.")
    for setting in ("RootDirectory", "RootImage"):
        if _first(said, setting):
            raise ExplainedError(f"{name} has {setting}=, so its paths are not this host's; leave unit out and give the project's options yourself.")


def words(text: str) -> list[str]:
    """Split a list as ``systemctl show`` prints it: shell_maybe_quote() in systemd's src/basic/escape.c.

    A word that needs it stands in double quotes, with a backslash before quotes, backslashes, dollar signs and backticks, and C escapes for
    control characters.
    """
    found: list[str] = []
    for match in re.finditer(r'"((?:\\.|[^"\\])*)"|\$\'((?:\\.|[^\'\\])*)\'|([^ \t\r\n]+)', text, re.DOTALL):
        double, single, bare = match.groups()
        found.append(_unescaped(bare if bare is not None else double if double is not None else single))
    return found


def _unescaped(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        octal, hexadecimal, other = match.groups()
        if octal or hexadecimal:
            return bytes([int(octal, 8) if octal else int(hexadecimal, 16)]).decode("utf-8", "surrogateescape")
        return _ESCAPES.get(other, other)

    return re.sub(r"\\(?:([0-3][0-7]{2})|x([0-9a-fA-F]{2})|(.))", character, text, flags=re.DOTALL)


def _environment(name: str, said: dict[str, list[str]], run: Run, manager_environment: str) -> dict[str, str]:
    """Put the environment together in systemd's order: manager, PassEnvironment=, Environment=, EnvironmentFile=, and UnsetEnvironment= at last.

    exec_child() in systemd's src/core/execute.c; the variables for the user (HOME and so on) are added by whoever runs the project.
    """
    environment = _of_manager(run(["systemctl", "show-environment"])[1])
    passed = words(_first(said, "PassEnvironment"))
    if passed:
        own = dict(entry.partition("=")[::2] for entry in (read_file(manager_environment) or b"").decode("utf-8", "surrogateescape").split("\0"))
        environment.update({key: own[key] for key in passed if key in own})
    environment.update(_assignments(words(_first(said, "Environment"))))
    for entry in said.get("EnvironmentFiles", []):
        environment.update(_from_files(name, entry))
    for entry in words(_first(said, "UnsetEnvironment")):
        key, equals, value = entry.partition("=")
        if not equals or environment.get(key) == value:
            environment.pop(key, None)
    return environment


def _of_manager(text: str) -> dict[str, str]:
    """Read what ``systemctl show-environment`` prints: a variable a line, only its value quoted."""
    pairs = (line.partition("=") for line in text.split("\n"))
    return {key: "".join(words(value)[:1]) for key, equals, value in pairs if equals and NAME.match(key)}


def _assignments(entries: t.Iterable[str]) -> dict[str, str]:
    return {key: value for key, equals, value in (entry.partition("=") for entry in entries) if equals and NAME.match(key)}


def _from_files(name: str, entry: str) -> dict[str, str]:
    """Read an entry such as ``/etc/shop/*.env (ignore_errors=yes)``."""
    match = re.match(r"(.*) \(ignore_errors=(yes|no)\)$", entry)
    if not match:
        return {}
    pattern, optional = match.group(1), match.group(2) == "yes"
    paths = sorted(glob.glob(pattern)) if glob.has_magic(pattern) else [pattern]
    environment: dict[str, str] = {}
    for path in paths:
        try:
            content = read_file(path)
        except OSError as error:
            raise ExplainedError(f"The environment file {path} of {name} cannot be read: {error.strerror}; use become.") from error
        if content is not None:
            environment.update(parse_environment(content.decode("utf-8", "surrogateescape")))
        elif not optional:
            raise ExplainedError(f"{name} needs the environment file {path}, which does not exist; systemd would not start it either.")
    if not paths and not optional:
        raise ExplainedError(f"{name} needs an environment file {pattern}, and there is none; systemd would not start it either.")
    return environment


def interpreter_of(commands: t.Sequence[str]) -> str:
    """Return the Python that a service's only command runs on, or '' where that is not certain.

    :param commands: lines of ``ExecStart`` as systemctl prints them: ``{ path=… ; argv[]=… ; …}``.
    """
    paths = [match.group(1) for match in (re.match(r"\{ path=(.*?) ; argv\[\]=", command) for command in commands) if match]
    if len(paths) != 1:
        return ""
    program = paths[0]
    if _is_python(program):
        return program
    beside = os.path.join(os.path.dirname(program), "python")
    if os.path.exists(os.path.join(os.path.dirname(os.path.dirname(program)), "pyvenv.cfg")) and os.access(beside, os.X_OK):
        return beside
    try:
        with open(program, "rb") as file:
            first = os.fsdecode(file.readline(4096))
    except OSError:
        return ""
    found = re.match(r"#!\s*(/\S+)", first)
    return found.group(1) if found and _is_python(found.group(1)) else ""


def _is_python(path: str) -> bool:
    return bool(re.match(r"python[0-9.]*\Z", os.path.basename(path))) and os.access(path, os.X_OK)
