# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a module as Ansible runs it, on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def run_module(name: str, arguments: dict[str, t.Any], *options: str) -> dict[str, t.Any]:
    """Return the result of one of this collection's modules.

    :param options: of the command ``ansible``, such as ``--check``.
    """
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "--inventory", "localhost,", "--connection", "local", *options]
    command += ["--extra-vars", json.dumps({"ansible_python_interpreter": sys.executable})]
    command += ["--module-name", f"webops.django.{name}", "--args", json.dumps(arguments)]
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible" / "collections"),
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
    }
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    _head, _arrow, result = done.stdout.partition("=> ")
    return t.cast("dict[str, t.Any]", json.loads(result or "{}"))
