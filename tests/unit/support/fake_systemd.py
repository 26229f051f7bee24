# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A systemd for tests: it keeps units in a folder and knows which of them run, as systemd does."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path


class FakeSystemd:
    """Answers the commands that module_utils/systemd.py runs.

    A service whose text holds ``crash`` ends right after its start, one that holds ``refuse`` does not start.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[str] = []
        self.running: dict[str, float] = {}
        self.enabled: set[str] = set()
        self.loaded: dict[str, str] = {}
        self.starts = 0
        self.verify_answer = (0, "")
        self.on_start: t.Callable[[str], None] = lambda text: None
        self.killed_at = ""

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        """Run a command."""
        line = " ".join(command)
        if self.killed_at and self.killed_at in line:
            raise KeyboardInterrupt
        if command[0] == "systemd-analyze":
            status, message = self.verify_answer
            return status, "", message.format(folder=Path(command[2]).parent)
        if command[0] == "journalctl":
            return 0, "one\ntwo\n", ""
        if command[1] == "show":
            return 0, self._show(command[3]), ""
        self.calls.append(line.partition(" ")[2])
        for name in command[2:] or [""]:
            trouble = getattr(self, f"_{command[1].replace('-', '_')}")(name)
            if trouble:
                return 1, "", trouble
        return 0, "", ""

    def texts(self) -> dict[str, str]:
        """Return the unit files' texts."""
        return {path.name: path.read_text() for path in self.folder.iterdir() if not path.name.startswith(".")}

    def _show(self, name: str) -> str:
        text = self.loaded.get(name, "")
        crashed = name in self.running and "crash" in text
        started = self.running.get(name, 0.0)
        values = {
            "LoadState": "loaded" if name in self.loaded else "not-found",
            "ActiveState": "active" if name in self.running and not crashed else "failed" if crashed else "inactive",
            "SubState": "running",
            "Result": "exit-code" if crashed else "success",
            "ExecMainStatus": "3" if crashed else "0",
            "MainPID": str(int(started * 1e6)) if name in self.running and not crashed else "0",
            "ExecMainStartTimestampMonotonic": str(int(started * 1e6)),
            "NeedDaemonReload": "yes" if name in self.loaded and self.texts().get(name) != text else "no",
            "UnitFileState": "enabled" if name in self.enabled else "disabled",
        }
        return "".join(f"{key}={value}\n" for key, value in values.items())

    def _daemon_reload(self, _name: str) -> str:
        self.loaded = self.texts()
        return ""

    def _reset_failed(self, _name: str) -> str:
        return ""

    def _restart(self, name: str) -> str:
        self.running.pop(name, None)
        return self._start(name)

    def _start(self, name: str) -> str:
        text = self.loaded.get(name)
        if text is None:
            return f"Unit {name} not found."
        if "refuse" in text:
            return f"Job for {name} failed."
        if name.endswith(".service"):
            self.on_start(text)
            self.starts += 1
        # Files and processes have different clocks; a process starts after its files were written.
        time.sleep(0.02)
        self.running[name] = time.monotonic()
        return ""

    def _stop(self, name: str) -> str:
        self.running.pop(name, None)
        return ""

    def _enable(self, name: str) -> str:
        self.enabled.add(name)
        return ""

    def _disable(self, name: str) -> str:
        self.enabled.discard(name)
        return ""
