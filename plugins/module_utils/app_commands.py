# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the command lines of application servers: what is served, from which folder, with which settings and variables.

Pure functions over words; the servers' own documentation of their options is the source. Nothing is looked up or executed here.
"""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

SERVERS = {"gunicorn": "gunicorn", "uvicorn": "uvicorn", "hypercorn": "hypercorn", "daphne": "daphne", "uwsgi": "uwsgi", "pyuwsgi": "uwsgi"}
"""Kinds by the name of a script or of a module that is run with -m."""

_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*\Z")
_UWSGI = re.compile(r"(?:py)?uwsgi(?:[-_][\w.-]+)?\Z", re.IGNORECASE)
_TITLED = re.compile(r"gunicorn: (master|worker|arbiter) \[(.*)\]\s*\Z", re.DOTALL)
_UWSGI_TITLED = re.compile(r"(?:.* )?uWSGI (master|worker \d+|http \d+|mule \d+|spooler.*)\s*\Z", re.DOTALL)
_OBJECT = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*(?::[A-Za-z_][\w.]*(?:\(.*\))?)?\Z", re.DOTALL)
_TELLING = re.compile(r"[A-Za-z_][\w.]*(?::[A-Za-z_]\w*|\b[wa]sgi)\Z|(?:.*\.)?[wa]sgi(?::\w+)?\Z")

_FLAGS = {
    "gunicorn": (
        "reload spew check-config print-config preload daemon D no-sendfile disable-redirect-access-to-syslog log-syslog enable-stdio-inheritance R "
        "capture-output initgroups proxy-protocol strip-header-spaces suppress-ragged-eofs do-handshake-on-connect reuse-port version v "
        "permit-unconventional-http-method permit-unconventional-http-version permit-obsolete-folding casefold-http-method no-control-socket"
    ),
    "uvicorn": (
        "reload factory use-colors no-use-colors access-log no-access-log proxy-headers no-proxy-headers server-header no-server-header date-header "
        "no-date-header version help reset-contextvars"
    ),
    "hypercorn": "reload debug version v",
    "daphne": "proxy-headers no-server-name",
    "uwsgi": (
        "master M enable-threads vacuum die-on-term lazy-apps lazy single-interpreter i need-app no-site thunder-lock memory-report m auto-procname "
        "disable-logging L post-buffering no-orphans strict emperor-tyrant single"
    ),
    "runserver": "noreload nothreading ipv6 6 nostatic insecure traceback no-color force-color skip-checks no-input noinput",
}
"""Options without a value; each other one takes a value."""


@dataclasses.dataclass
class Command:
    """What a command line says. Names are empty where it does not say.

    :ivar interpreter: the program of Python, as called.
    :ivar script: the script that Python runs, as called.
    :ivar application: such as ``shop.wsgi:application``.
    :ivar options: values by option, without dashes, in their order.
    :ivar titled: the process has overwritten its arguments with a title.
    """

    kind: str
    interpreter: str = ""
    script: str = ""
    application: str = ""
    options: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    positionals: list[str] = dataclasses.field(default_factory=list)
    titled: bool = False
    is_worker: bool = False

    def last(self, *names: str) -> str:
        """Return the last value that an option of these names has."""
        values = self.all(*names)
        return values[-1] if values else ""

    def all(self, *names: str) -> list[str]:
        """Return all values of the options of these names."""
        return [value for name in names for value in self.options.get(name, [])]


def read_command(words: t.Sequence[str]) -> Command | None:
    """Return what a process serves by its command line; None if it is no application server that is known."""
    title = _TITLED.match(" ".join(words).strip(" \0"))
    if title:
        said = title.group(2).strip()
        return Command("gunicorn", application=said if _TELLING.match(said) else "", titled=True, is_worker=title.group(1) == "worker")
    words = [word for word in words if word]
    if not words:
        return None
    title = _UWSGI_TITLED.match(words[0]) if len(words) == 1 else None
    if title:
        return Command("uwsgi", titled=True, is_worker=title.group(1) != "master")
    program = os.path.basename(words[0])
    if _PYTHON.match(program):
        return _read_python(words)
    if _UWSGI.match(program):
        return _read_server(words[1:], Command("uwsgi", script=words[0]))
    kind = SERVERS.get(program)
    if kind:
        return _read_server(words[1:], Command(kind, script=words[0]))
    if program in ("manage.py", "django-admin"):
        return _read_manage(words[0], words[1:], "")
    return None


def _read_python(words: t.Sequence[str]) -> Command | None:
    """Skip Python's own options, then read the script or the module that it runs."""
    position = 1
    while position < len(words) and words[position].startswith("-") and words[position] != "-":
        word = words[position]
        flag = re.match(r"-[bBdEhiIOqsSuvVx]*([mc])(.*)", word, re.DOTALL)
        if flag and not word.startswith(("-X", "-W", "--")):
            if flag.group(1) == "c":
                return None
            module = flag.group(2) or (words[position + 1] if position + 1 < len(words) else "")
            return _read_script(module.split(".")[0], words[position + (1 if flag.group(2) else 2) :], words[0], "")
        position += 2 if word in ("-X", "-W", "--check-hash-based-pycs") else 1
    if position >= len(words):
        return None
    script = words[position]
    return _read_script(os.path.basename(script), words[position + 1 :], words[0], script)


def _read_script(name: str, rest: t.Sequence[str], interpreter: str, script: str) -> Command | None:
    kind = SERVERS.get(re.sub(r"(?:-?[0-9.]+|\.py|\.exe)\Z", "", name))
    if kind:
        return _read_server(rest, Command(kind, interpreter, script))
    if name in ("django", "django-admin", "django-admin.py") or name.endswith(".py"):
        return _read_manage(script, rest, interpreter)
    # A tool that runs a script: coverage run manage.py runserver.
    for position, word in enumerate(rest):
        if os.path.basename(word) == "manage.py":
            return _read_manage(word, rest[position + 1 :], interpreter)
    return None


def _read_manage(script: str, rest: t.Sequence[str], interpreter: str) -> Command | None:
    command = Command("runserver", interpreter, script)
    _read_options(command, rest)
    return command if command.positionals and command.positionals[0] in ("runserver", "runserver_plus") else None


def _read_server(rest: t.Sequence[str], command: Command) -> Command:
    _read_options(command, rest)
    if command.kind != "uwsgi":
        command.application = _application(command.positionals, rest)
    return command


def read_more(command: Command, words: t.Sequence[str]) -> None:
    """Add options from elsewhere, such as GUNICORN_CMD_ARGS; what the command line says comes last and so goes before."""
    other = Command(command.kind)
    _read_options(other, words)
    for name, values in other.options.items():
        command.options[name] = [*values, *command.options.get(name, [])]
    command.application = command.application or _application(other.positionals, words)


def _read_options(command: Command, words: t.Sequence[str]) -> None:
    flags = set(_FLAGS[command.kind].split())
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            command.positionals += waiting
            return
        if not word.startswith("-") or word == "-":
            command.positionals.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("--") and len(word) > 2:
            if set(word[1:]) <= flags:
                continue
            name, equals, value = word[1], "=", word[2:].lstrip("=") if word[2] == "=" else word[2:]
        if not equals and name not in flags and waiting and not (waiting[0].startswith("-") and len(waiting[0]) > 1):
            value = waiting.pop(0)
        command.options.setdefault(name, []).append(value)


def _application(positionals: t.Sequence[str], words: t.Sequence[str]) -> str:
    """Return the application's name; an option that we do not know may have taken it for its value, or left one behind."""
    for found in (positionals[:1], positionals, [word for word in words if not word.startswith("-")]):
        for word in found:
            if _TELLING.match(word):
                return word
    return next((word for word in positionals if _OBJECT.match(word)), "")


SECRET_NAME = re.compile(r"pass(?:word|wd|phrase)?|secret|token|api[-_]?key|private|credential|dsn|auth(?!or)", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"(?P<option>--?[A-Za-z][\w-]*=|-e)?(?P<name>[A-Za-z_][\w.-]*)=(?P<value>.*)\Z", re.DOTALL)
_URL = re.compile(r"(\w+://[^/\s:@]*):[^/\s@]+@")
_SHOWN = ("DJANGO_SETTINGS_MODULE", "DJANGO_CONFIGURATION", "PYTHONPATH", "PATH", "LANG", "HOME")
_VARIABLE_OPTIONS = ("-e", "--env", "--raw-env")
MASK = "********"


def masked(words: t.Sequence[str]) -> list[str]:
    """Return the words without the values of variables, passwords and the like."""
    return [_URL.sub(rf"\1:{MASK}@", _masked(word, previous)) for word, previous in zip(words, ["", *words])]


def _masked(word: str, previous: str) -> str:
    match = _ASSIGNMENT.match(word)
    if match:
        option, name = match.group("option") or "", match.group("name")
        is_variable = previous in _VARIABLE_OPTIONS or option.rstrip("=") in _VARIABLE_OPTIONS
        if name not in _SHOWN and (is_variable or SECRET_NAME.search(name)):
            return f"{option}{name}={MASK}"
    option, equals, _value = word.partition("=")
    if equals and option.startswith("-") and SECRET_NAME.search(option):
        return f"{option}={MASK}"
    is_value = previous.startswith("-") and "=" not in previous and not word.startswith("-")
    return MASK if is_value and SECRET_NAME.search(previous) else word
