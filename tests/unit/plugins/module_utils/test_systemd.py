# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says, and what we tell it. The outputs are those of systemd 252."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.systemd import Manager, Unit, condensed


class Recorder:
    """Gives one answer to each command and remembers the commands."""

    def __init__(self, status: int = 0, out: str = "", err: str = "") -> None:
        self.answer = status, out, err
        self.commands: list[list[str]] = []
        self.seen: dict[str, str] = {}

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        self.commands.append(command)
        status, out, err = self.answer
        if command[0] == "systemd-analyze":
            self.seen = {Path(path).name: Path(path).read_text() for path in command[2:]}
            err = err.format(folder=Path(command[2]).parent)
        return status, out, err


def test_show() -> None:
    started = time.monotonic() - 100
    out = (
        f"MainPID=277\nNeedDaemonReload=no\nExecMainStartTimestampMonotonic={int(started * 1e6)}\nExecMainStatus=0\nResult=success\n"
        "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nInvocationID=abc\n"
    )
    unit = Manager(Recorder(out=out)).show("x.service")
    assert unit._replace(started=0) == Unit("x.service", True, True, False, "running", "success", 277, 0, 0, "abc")
    assert abs(unit.started - (time.time() - 100)) < 1


@pytest.mark.parametrize("out", ["", "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nMainPID=0\nExecMainStartTimestampMonotonic=0\n"])
def test_show_an_unknown_unit(out: str) -> None:
    assert Manager(Recorder(out=out)).show("x.service") == Unit("x.service")


def test_call() -> None:
    assert Manager(Recorder()).call("start", "x.service") == ""
    assert Manager(Recorder(1, "", "Job failed.\nSee journal.\n")).call("start", "x.service") == "Job failed. See journal."
    assert "status 1" in Manager(Recorder(1)).call("start", "x.service")


def test_journal() -> None:
    run = Recorder(out="".join(f"{number}\n" for number in range(50)))
    assert Manager(run).journal(5.5, "", "x.service") == [str(number) for number in range(20, 50)]
    assert run.commands[1][-2:] == ["--since=@5", "--unit=x.service"]
    Manager(run).journal(5.5, "abc", "x.service")
    assert run.commands[3][-4:] == ["--lines=500", "_SYSTEMD_INVOCATION_ID=abc", "+", "INVOCATION_ID=abc"]


def test_what_was_raised_is_among_the_lines_of_long_tracebacks() -> None:
    frames = [f"{kind} {number}" for number in range(40) for kind in ("  File", "    code", "    ^^^^")]
    lines = [
        "Traceback (most recent call last):",
        *frames,
        "RuntimeError: broken",
        "Traceback (most recent call last):",
        *frames,
        "HaltServer: 3",
        "Failed.",
    ]
    last = frames[-3:]
    assert condensed(lines) == [lines[0], *last, "RuntimeError: broken", lines[0], *last, "HaltServer: 3", "Failed."]
    assert condensed(["one", *frames])[-3:] == last
    assert condensed(lines[:20]) == lines[:20]


def verify(run: t.Any, check_mode: bool = False) -> list[str]:
    return Manager(run).verify({"x.socket": "[Socket]\n", "x.service": "[Service]\n"}, check_mode)


def test_verify_reads_all_units_together() -> None:
    run = Recorder()
    assert verify(run) == []
    assert run.seen == {"x.socket": "[Socket]\n", "x.service": "[Service]\n"}
    assert not Path(run.commands[0][2]).exists()


def test_verify_returns_what_systemd_ignores() -> None:
    err = "{folder}/x.service:6: Unknown key 'Bogus' in section [Service], ignoring.\n/lib/systemd/system/y.service:9: Legacy, ignoring.\n"
    assert verify(Recorder(0, "", err)) == ["x.service:6: Unknown key 'Bogus' in section [Service], ignoring."]


def test_verify_refuses_what_systemd_refuses() -> None:
    run = Recorder(1, "", "x.service: Command /bin/none is not executable: No such file or directory\n")
    with pytest.raises(ExplainedError, match="systemd refuses the unit: x.service: Command /bin/none .* Nothing was changed"):
        verify(run)
    assert len(verify(run, check_mode=True)) == 1


def test_verify_is_not_stopped_by_other_units() -> None:
    assert verify(Recorder(1, "", "y.service: Command /bin/none is not executable: No such file or directory\n")) == []
