# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``changed`` is true on the oldest and the newest Django; that of community.general's django_manage is not."""

from __future__ import annotations

import functools
import os
import subprocess
import typing as t
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SCENARIO = ROOT / "molecule" / "drop_in"


@functools.lru_cache
def play(name: str) -> str:
    """Run a playbook of the scenario, once for all hosts, and return what it prints."""
    command = ["ansible-playbook", f"--inventory={ROOT / 'molecule' / 'inventory'}", f"--inventory={SCENARIO / 'hosts.yml'}", str(SCENARIO / name)]
    environment = {key: value for key, value in os.environ.items() if key not in ("ANSIBLE_FORCE_COLOR", "FORCE_COLOR", "PY_COLORS")}
    environment.update(ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1", MOLECULE_PROJECT_DIRECTORY=str(ROOT))
    # tools/setup puts django_manage there.
    environment["ANSIBLE_COLLECTIONS_PATH"] = f"{environment['ANSIBLE_COLLECTIONS_PATH']}:{ROOT / '.ansible' / 'peers'}"
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["truth_table.yml", "peers.yml"])
def test_every_step_tells_the_truth(host: t.Any, name: str) -> None:
    printed = play(name)
    release = host.backend.name.rpartition("-")[2]
    (recap,) = [line for line in printed.splitlines() if line.startswith(f"{release} ") and "ok=" in line] or [""]
    assert "unreachable=0" in recap and "failed=0" in recap, printed[-6000:]
