# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Application servers as they run: which processes belong together, and what is known of each group."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import typing as t

from ansible_collections.webops.django.plugins.module_utils.app_commands import Command, read_command
from ansible_collections.webops.django.plugins.module_utils.app_options import complete, is_emperor
from ansible_collections.webops.django.plugins.module_utils.app_settings_module import View
from ansible_collections.webops.django.plugins.module_utils.environment_file import NAME
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.process_table import Entry, ProcessTable
from ansible_collections.webops.django.plugins.module_utils.systemd import Run
from ansible_collections.webops.django.plugins.module_utils.unit_environment import read_service

_MANAGERS = ("supervisord", "circusd", "cron", "crond", "sshd", "sshd-session", "tmux: server", "screen", "runsvdir", "s6-svscan", "pm2")
"""Programs that start others under their own unit, whose definition says nothing about those."""


@dataclasses.dataclass
class Service:
    """An application server's processes.

    :ivar environment: as the application got it.
    :ivar environment_is_known: whether the process or its unit told it.
    :ivar cwd: None where it cannot be read.
    :ivar unit_python: the interpreter that the unit's ExecStart tells for certain, or empty.
    """

    command: Command
    master: Entry
    members: list[Entry]
    workers: list[Entry]
    view: View
    cwd: str | None
    environment: dict[str, str]
    environment_is_known: bool
    unit: str
    unit_python: str
    in_container: bool

    @property
    def pids(self) -> list[int]:
        """The master's first."""
        return [entry.pid for entry in self.members]


def services(table: ProcessTable, run: Run | None = None) -> list[Service]:
    """Return the application servers that run, the oldest first.

    :param run: runs systemctl.
    """
    commands = {pid: command for pid, command in ((pid, read_command(entry.words)) for pid, entry in table.entries.items()) if command}
    emperors = {pid for pid, command in commands.items() if command.kind == "uwsgi" and _is_emperor(command, pid, table)}
    found = []
    for pid, command in sorted(commands.items(), key=lambda item: table.entries[item[0]].started):
        above = [entry.pid for entry in table.ancestors(pid) if entry.pid in commands and entry.pid not in emperors]
        if pid not in emperors and not above and not (command.is_worker and table.entries[pid].parent in emperors):
            found.append(_service(command, table.entries[pid], commands, table, run))
    return found


def _view(pid: int, table: ProcessTable) -> View:
    return View("" if table.shares_root(pid) else f"{table.proc}/{pid}/root")


def _is_emperor(command: Command, pid: int, table: ProcessTable) -> bool:
    if is_emperor(command):
        return True
    copy = dataclasses.replace(command, options={name: list(values) for name, values in command.options.items()})
    complete(copy, _view(pid, table), table.link(pid, "cwd") or "/", table.environment(pid) or {})
    return is_emperor(copy)


def _service(command: Command, master: Entry, commands: t.Mapping[int, Command], table: ProcessTable, run: Run | None) -> Service:
    view = _view(master.pid, table)
    cwd = table.link(master.pid, "cwd")
    unit = _unit(master, table)
    environment = table.environment(master.pid)
    is_known = bool(environment)
    unit_python = ""
    if unit and not view.root and (command.titled or not environment or cwd is None):
        command, from_unit, folder, unit_python = _of_unit(unit, command, run)
        # A title that is written over the environment leaves the last variables, at most.
        environment = {**from_unit, **(environment or {})}
        is_known = is_known or bool(from_unit)
        cwd = cwd or folder or None
    deleted = " (deleted)"
    given = complete(command, view, (cwd or "/").replace(deleted, ""), environment or {})
    members = [master, *table.descendants(master.pid)]
    return Service(
        command,
        master,
        members,
        [entry for entry in table.children(master.pid) if _is_worker(entry, command, commands)],
        view,
        cwd[: -len(deleted)] if cwd and cwd.endswith(deleted) else cwd,
        given,
        is_known,
        unit,
        unit_python,
        bool(view.root),
    )


def _is_worker(entry: Entry, command: Command, commands: t.Mapping[int, Command]) -> bool:
    same = entry.pid in commands and commands[entry.pid].kind == command.kind
    return same or "--multiprocessing-fork" in entry.words


def _unit(master: Entry, table: ProcessTable) -> str:
    unit = table.unit(master.pid)
    if not unit.endswith(".service") or unit.startswith("user@"):
        return ""
    return "" if any(entry.comm in _MANAGERS and table.unit(entry.pid) == unit for entry in table.ancestors(master.pid)) else unit


def _of_unit(unit: str, command: Command, run: Run | None) -> tuple[Command, dict[str, str], str, str]:
    """Return what a unit says where the process does not: command line, environment, working folder, interpreter."""
    ask = run or _run
    try:
        service = read_service(unit, ask)
    except ExplainedError:
        return command, {}, "", ""
    called = _called(ask(["systemctl", "show", "--no-pager", "--property=ExecStart", "--", unit])[1]) if command.titled else None
    if called and called.kind == command.kind:
        command = dataclasses.replace(called, application=called.application or command.application, titled=True)
    return command, {name: value for name, value in service.environment.items() if NAME.match(name)}, service.folder, service.interpreter


def _called(said: str) -> Command | None:
    """Read ``ExecStart={ path=... ; argv[]=... ; ignore_errors=no ; ...}``. A shell may stand before the server's own call."""
    match = re.search(r"argv\[\]=(.*?) ; ignore_errors=", said)
    words = match.group(1).split() if match else []
    return next((command for command in (read_command(words[start:]) for start in range(len(words))) if command), None)


def _run(command: list[str]) -> tuple[int, str, str]:
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=dict(os.environ, LC_ALL="C.UTF-8", SYSTEMD_COLORS="0"), timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        return 1, "", str(error)
    return done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr)


def mapped_files(pid: int, table: ProcessTable) -> list[str]:
    """Return the files that a process has mapped into its memory, each once."""
    paths = (re.match(r"(?:\S+\s+){5}(/.*)", line) for line in table.text(pid, "maps").splitlines())
    return list(dict.fromkeys(match.group(1) for match in paths if match))
