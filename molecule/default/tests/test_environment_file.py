# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd reads environment files as we do: what Django is asked with is what the service gets."""

from __future__ import annotations

import os
import subprocess
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "tests" / "live" / "environment_file.py"


def test_systemd_reads_environment_files_as_we_do(host: t.Any, tmp_path: Path) -> None:
    cases = tmp_path / "cases.json"
    collections = str(ROOT / ".ansible" / "collections")
    subprocess.run([sys.executable, str(SCRIPT), "write", str(cases)], check=True, env={**os.environ, "PYTHONPATH": collections})
    for source, target in ((SCRIPT, "/run/environment_file.py"), (cases, "/run/cases.json")):
        subprocess.run(["podman", "cp", str(source), f"{host.backend.name}:{target}"], check=True)
    compared = host.run("python3 /run/environment_file.py compare /run/cases.json")
    assert compared.rc == 0, compared.stdout
