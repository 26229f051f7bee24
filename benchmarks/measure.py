# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmarks share: running commands and modules, interleaved rounds, ratios, and a table of them."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".ansible" / "collections"
PEERS = ROOT / ".ansible" / "benchmarks"
"""Where peers are installed that the project itself does not need."""


@dataclasses.dataclass(frozen=True)
class Run:
    """What a command cost.

    :ivar seconds: from its start to its end.
    :ivar cpu: seconds of all processors, children included.
    :ivar peak: megabytes of its largest process.
    """

    seconds: float
    cpu: float
    peak: float
    output: str


def run(command: t.Sequence[str | Path], given: str = "", folder: Path | None = None, **environment: str) -> Run:
    """Run a command and measure it.

    :param given: its standard input.
    :raises SystemExit: it failed; what it printed is shown.
    """
    with tempfile.TemporaryFile("w+") as stdin, tempfile.TemporaryFile("w+") as stdout:
        stdin.write(given)
        stdin.seek(0)
        started = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)), stdin=stdin, stdout=stdout, stderr=subprocess.STDOUT, cwd=folder, env={**os.environ, **environment}
        )
        _pid, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        stdout.seek(0)
        output = stdout.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output[-3000:]}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def run_module(name: str, **params: t.Any) -> tuple[Run, dict[str, t.Any]]:
    """Run one of the collection's modules in a process of its own, as on a host: what starting Python costs is in the figure.

    :returns: what it cost, and what it returned.
    :raises SystemExit: it failed.
    """
    arguments = {"ANSIBLE_MODULE_ARGS": dict(params, _ansible_remote_tmp=tempfile.gettempdir(), _ansible_keep_remote_files=False)}
    module = [sys.executable, "-m", f"ansible_collections.webops.django.plugins.modules.{name}"]
    done = run(module, json.dumps(arguments), PYTHONPATH=str(COLLECTIONS))
    return done, json.loads(done.output)


def interleaved(rounds: int, works: t.Mapping[str, t.Callable[[], t.Any]]) -> dict[str, list[t.Any]]:
    """Do all works in each round, in an order that rotates, so that whatever else the machine does meets all of them.

    :returns: what each work returned, round by round.
    """
    results: dict[str, list[t.Any]] = {name: [] for name in works}
    names = list(works)
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            started = time.perf_counter()
            results[name].append(works[name]())
            say(f"round {number + 1} of {rounds}: {name}: {time.perf_counter() - started:.2f} s")
    return results


def ratios(values: t.Sequence[float], base: t.Sequence[float]) -> list[float]:
    """Divide round by round."""
    return [value / other for value, other in zip(values, base, strict=True)]


def spread(values: t.Sequence[float], form: str = ".2f") -> str:
    """Write a median with its smallest and largest value."""
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


class Report:
    """Tables as Markdown on standard output; the figures as JSON, if that is asked for."""

    def __init__(self, title: str, versions: t.Mapping[str, str]) -> None:
        self.figures: dict[str, t.Any] = {"title": title, "versions": dict(versions), "tables": {}}
        write(f"# {title}\n\n{', '.join(f'{name} {version}' for name, version in versions.items())}\n")

    def table(self, name: str, header: t.Sequence[str], rows: t.Sequence[t.Sequence[str]]) -> None:
        """Print a table."""
        lines = [header, ["---"] * len(header), *rows]
        write(f"## {name}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines))
        self.figures["tables"][name] = [dict(zip(header, row, strict=True)) for row in rows]

    def add(self, name: str, value: t.Any) -> None:
        """Keep raw figures for the JSON document."""
        self.figures[name] = value

    def save(self, path: str | None) -> None:
        """Write the JSON document, where a path was given."""
        if path:
            Path(path).write_text(json.dumps(self.figures, indent=2) + "\n", encoding="utf-8")


def write(text: str) -> None:
    """Print to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell how far the work is."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    head = subprocess.run(["git", "-c", "safe.directory=*", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "commit": head.stdout.strip() or "unknown",
        "Python": platform.python_version(),
        "Linux": platform.release(),
        "processors": str(len(os.sched_getaffinity(0))),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
    }


def nginx_version() -> str:
    """Return nginx's version."""
    return (
        subprocess.run([shutil.which("nginx") or "/usr/sbin/nginx", "-v"], capture_output=True, text=True, check=True)
        .stderr.strip()
        .rpartition("/")[2]
    )


def package_version(name: str) -> str:
    """Return the version of an installed package."""
    return importlib.metadata.version(name)


def install(name: str, *requirements: str) -> Path:
    """Install packages into a folder of their own, unless they are there, and return it: it goes on a peer's PYTHONPATH."""
    folder = PEERS / name
    marker = folder / "installed"
    if not marker.exists() or marker.read_text() != " ".join(requirements):
        shutil.rmtree(folder, ignore_errors=True)
        run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", folder, *requirements])
        marker.write_text(" ".join(requirements))
    return folder
