# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking systemd, and telling it what to do."""

from __future__ import annotations

import os
import tempfile
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

Run = t.Callable[[t.List[str]], t.Tuple[int, str, str]]
"""Runs a command and returns its exit status, output and error output."""

JOURNAL_LINES = 30
JOURNAL_READ = 500
FRAME_LINES = 3
"""Lines that a frame of a Python traceback takes: its file, its code, and marks below that."""

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "ExecMainStatus",
    "ExecMainStartTimestampMonotonic",
    "NeedDaemonReload",
    "UnitFileState",
    "InvocationID",
)


class Unit(t.NamedTuple):
    """What systemd says of a unit; ``started`` is the time of its main process's start, in seconds since the epoch."""

    name: str
    active: bool = False
    enabled: bool = False
    needs_reload: bool = False
    sub_state: str = "dead"
    result: str = "success"
    pid: int = 0
    status: int = 0
    started: float = 0.0
    invocation: str = ""


class Manager:
    """The system's service manager.

    :param run: runs a command.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def show(self, name: str) -> Unit:
        """Return what systemd says of a unit; one that it does not know is inactive."""
        _status, out, _err = self._run(["systemctl", "show", f"--property={','.join(_PROPERTIES)}", name])
        said = dict(line.partition("=")[::2] for line in out.splitlines())
        return Unit(
            name,
            active=said.get("ActiveState") in ("active", "reloading"),
            enabled=said.get("UnitFileState") == "enabled",
            needs_reload=said.get("NeedDaemonReload") == "yes",
            sub_state=said.get("SubState", "dead"),
            result=said.get("Result", "success"),
            pid=int(said.get("MainPID") or 0),
            status=int(said.get("ExecMainStatus") or 0),
            started=_since_epoch(int(said.get("ExecMainStartTimestampMonotonic") or 0)),
            invocation=said.get("InvocationID", ""),
        )

    def call(self, verb: str, *names: str) -> str:
        """Do something with units, and wait for it. Returns '' or what systemctl said when it failed."""
        status, _out, err = self._run(["systemctl", verb, *names])
        return "" if status == 0 else " ".join(err.split()) or f"systemctl {verb} ended with status {status}"

    def journal(self, since: float, invocation: str, *names: str) -> list[str]:
        """Return the last lines of a unit's run: what its processes wrote, and what systemd says of it.

        :param since: seconds since the epoch; for units that were never run.
        :param invocation: the run's InvocationID, or '' for all that the units wrote since then.
        """
        self._run(["journalctl", "--sync"])
        # With --since, --lines would count from the beginning.
        recent = [f"--since=@{int(since)}", *(f"--unit={name}" for name in names)]
        of_run = [f"--lines={JOURNAL_READ}", f"_SYSTEMD_INVOCATION_ID={invocation}", "+", f"INVOCATION_ID={invocation}"]
        command = ["journalctl", "--no-pager", "--quiet", "--output=cat", *(of_run if invocation else recent)]
        return condensed(self._run(command)[1].splitlines())

    def verify(self, units: t.Mapping[str, str], check_mode: bool) -> list[str]:
        """Let systemd read units that are not installed.

        :param units: texts by name.
        :param check_mode: do not mind a program that is not there yet.
        :returns: warnings.
        :raises ExplainedError: systemd would refuse one of them.
        """
        with tempfile.TemporaryDirectory(prefix="webops-units-") as folder:
            paths = [os.path.join(folder, name) for name in units]
            for path, text in zip(paths, units.values()):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            status, _out, err = self._run(["systemd-analyze", "verify", *paths])
        # Lines of other units, which are loaded along with ours, are none of our business.
        ours = [line.replace(f"{folder}/", "") for line in err.splitlines() if folder in line or line.startswith(tuple(f"{name}:" for name in units))]
        errors = [line for line in ours if "ignoring" not in line and not (check_mode and "is not executable" in line)]
        if status and errors:
            raise ExplainedError(f"systemd refuses the unit: {'; '.join(errors)}. Nothing was changed.")
        return ours


def condensed(lines: list[str]) -> list[str]:
    """Return at most 30 lines: of a traceback, whose frames are indented, only the last frame, so that what was raised is still among them."""
    if len(lines) <= JOURNAL_LINES:
        return lines
    kept: list[str] = []
    frames: list[str] = []
    for line in lines:
        if line.startswith(" "):
            frames.append(line)
            continue
        kept += [*frames[-FRAME_LINES:], line]
        frames = []
    return [*kept, *frames[-FRAME_LINES:]][-JOURNAL_LINES:]


def _since_epoch(microseconds: int) -> float:
    """Turn a moment of systemd's monotonic clock into one of the real clock, which time stamps of files are in."""
    if not microseconds:
        return 0.0
    return time.time() - (time.monotonic() - microseconds / 1e6)
