# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that end a repair: nginx takes its configuration anew, the application its settings."""

from __future__ import annotations

import re
import shlex
import typing as t

Document = t.Mapping[str, t.Any]
_ABOUT_THE_PROCESS = re.compile(r"\s*(?:(?:daemon|master_process)\s+(?:on|off)\s*;?\s*)*\Z")
"""What units put behind -g. It says how nginx runs, and nothing of what it serves."""


def command(nginx: Document, action: str) -> str:
    """Return the command that tests the configuration of this nginx and then does something with it.

    :param action: a word of systemctl's, ``reload`` or ``start``.
    """
    arguments = " ".join(shlex.quote(word) for word in _telling(list(nginx.get("arguments") or ())))
    program = " ".join(filter(None, [nginx["program"], arguments]))
    # A master that was started by hand would keep the package's unit from starting, at the latest when the host boots.
    unit = nginx.get("unit") or ("nginx.service" if action == "start" and not arguments else "")
    do = f"systemctl {action} {unit}" if unit else f"{program} -s reload" if action == "reload" else program
    return f"sudo {program} -t && sudo {do}"


def _telling(arguments: list[str]) -> list[str]:
    """Leave out arguments that only tell whether nginx stays in the foreground."""
    kept, waiting = [], list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "-g" and waiting and _ABOUT_THE_PROCESS.match(waiting[0]):
            waiting.pop(0)
        else:
            kept.append(word)
    return kept


def restart(application: Document) -> str:
    """Return the command that restarts an application; in words, where systemd does not run it."""
    if application.get("unit"):
        return f"sudo systemctl restart {shlex.quote(application['unit'])}"
    master = application.get("master_pid")
    return f"restart {application['kind']}" + (f" (process {master})" if master else "")
