# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of this checkout: python tools/check.py lint types unit sanity artefact molecule molecule-<scenario>.

All that are named run, whatever fails before. The last line counts them the way pytest does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Callable
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
COLLECTIONS = ROOT / ".ansible" / "collections"
REPORTS = ROOT / ".ansible" / "reports"
SCENARIOS_AT_ONCE = 2
LINES_OF_A_FAILED_SCENARIO = 150

ENVIRONMENT = {
    **os.environ,
    "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
    "NO_COLOR": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


@dataclass
class Outcome:
    """What a check came to: numbers of tests, and seconds."""

    name: str
    passed: int = 0
    failed: int = 0
    seconds: float = 0.0

    def add(self, success: bool) -> None:
        """Count one more test."""
        if success:
            self.passed += 1
        else:
            self.failed += 1


def heading(text: str) -> None:
    """Print a line that separates."""
    print(f"\n===== {text} ".ljust(100, "="), flush=True)


def succeeds(*command: str | Path, folder: Path = ROOT) -> bool:
    """Run a command, its output shown, and tell whether it succeeded."""
    shown = " ".join(map(str, command[:8])) + (f" … ({len(command)} words)" if len(command) > 8 else "")
    print(f"$ {shown}", flush=True)
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, check=False).returncode == 0


def count_tests(outcome: Outcome, report: Path, success: bool) -> None:
    """Add the tests of a JUnit report. Without one, or where the command failed for another reason, that is one failure."""
    failed = 0
    if report.exists():
        for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - our own file
            good = not any(child.tag in ("failure", "error") for child in case)
            outcome.add(good)
            failed += not good
    if not success and not failed:
        outcome.add(False)
    if success and not outcome.passed:
        print(f"{report.name}: no test ran")
        outcome.add(False)


def lint(outcome: Outcome) -> None:
    """Style, and what the linters know of faults."""
    outcome.add(succeeds("yamllint", "--strict", "."))
    outcome.add(succeeds("ruff", "check", "."))
    outcome.add(succeeds("ansible-lint"))
    outcome.add(succeeds("antsibull-changelog", "lint"))
    outcome.add(succeeds("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=self",
                         "--disallow-unknown-collection-refs", COLLECTIONS / "ansible_collections" / "webops" / "django"))


def types(outcome: Outcome) -> None:
    """Types of all Python files but those of the sample projects. The collection's own are named as they are imported."""
    link = (COLLECTIONS / "ansible_collections" / "webops" / "django").relative_to(ROOT)
    names = [name for name in repository_files("*.py") if not name.startswith("molecule/shared/projects/")]
    outcome.add(succeeds("mypy", *(link / name if name.startswith(("plugins/", "tests/")) else name for name in names)))


def unit(outcome: Outcome) -> None:
    """Unit tests, as many at a time as there are processors."""
    report = REPORTS / "unit.xml"
    report.unlink(missing_ok=True)
    count_tests(outcome, report, succeeds("pytest", "--numprocesses=auto", "--dist=worksteal", f"--junitxml={report}"))


def artefact(outcome: Outcome) -> None:
    """Build, install into an empty folder, and let the installed playbooks parse."""
    report = REPORTS / "artefact.xml"
    report.unlink(missing_ok=True)
    count_tests(outcome, report, succeeds("pytest", f"--junitxml={report}", "tests/unit/test_artefact.py"))


def repository_files(*patterns: str) -> list[str]:
    """Files of the checkout that git knows or would add, relative to its root."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
                            cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


def sanity(outcome: Outcome) -> None:
    """ansible-test sanity, on a copy: it insists on a path that ends in ansible_collections/<namespace>/<name>."""
    outcome.add(succeeds(sys.executable, "tools/provide_get_pip.py"))
    with tempfile.TemporaryDirectory() as folder:
        collection = Path(folder, "ansible_collections", "webops", "django")
        for name in repository_files():
            target = collection / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        success = succeeds("ansible-test", "sanity", "--venv", "--python", python, "--junit", "--color", "no", folder=collection)
        reports = sorted((collection / "tests" / "output" / "junit").glob("*.xml"))
        failed = sum(1 for report in reports if ElementTree.parse(report).find(".//failure") is not None)  # noqa: S314 - our own file
        outcome.passed += len(reports) - failed
        outcome.failed += max(failed, 0 if success else 1)


def scenario_names() -> list[str]:
    """The Molecule scenarios of this checkout."""
    return sorted(path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml"))


def changes_after_convergence(log: str) -> list[str]:
    """Hosts for which the last run in check mode announces changes, though all is done: idempotence must hold in check mode too."""
    runs = re.split(r"➜ check: Executing\n", log)
    last = runs[-1].split("➜ check: Executed")[0] if len(runs) > 2 else ""
    return re.findall(r"(\S+)\s+: ok=\d+\s+changed=[1-9]", last)


def run_scenario(name: str) -> Outcome:
    """Run one Molecule scenario, its output in a file; show the end of it if it fails."""
    outcome = Outcome(f"molecule {name}")
    report = REPORTS / f"molecule-{name}.xml"
    report.unlink(missing_ok=True)
    log = REPORTS / f"molecule-{name}.log"
    begun = time.monotonic()
    print(f"{name}: begins; its output: {log.relative_to(ROOT)}", flush=True)
    with log.open("w") as output:
        success = subprocess.run(["tools/molecule", "test", name], cwd=ROOT, env={**ENVIRONMENT, "MOLECULE_COMMAND_BORDERS": "false"},
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False).returncode == 0
    outcome.seconds = time.monotonic() - begun
    printed = log.read_text(encoding="utf-8", errors="replace")
    changes = changes_after_convergence(printed) if success else []
    if changes:
        print(f"{name}: after convergence, check mode still announces changes on {', '.join(changes)}; see {log.relative_to(ROOT)}")
    if not success:
        heading(f"{name}: the last lines of {log.relative_to(ROOT)}")
        print("\n".join(printed.splitlines()[-LINES_OF_A_FAILED_SCENARIO:]))
    # The sequence counts as one test, next to those of its verify step.
    count_tests(outcome, report, success)
    outcome.add(success and not changes)
    print(f"{name}: {'passed' if not outcome.failed else 'FAILED'} after {outcome.seconds:.0f} s", flush=True)
    return outcome


def molecule(names: list[str]) -> list[Outcome]:
    """Run scenarios, two at a time."""
    with ThreadPoolExecutor(SCENARIOS_AT_ONCE) as pool:
        return list(pool.map(run_scenario, names))


def run_step(step: str) -> list[Outcome]:
    """Run one named check."""
    heading(step)
    if step == "molecule":
        return molecule(scenario_names())
    if step.startswith("molecule-"):
        return molecule([step[len("molecule-"):]])
    checks: dict[str, Callable[[Outcome], None]] = {check.__name__: check for check in (lint, types, unit, sanity, artefact)}
    outcome = Outcome(step)
    begun = time.monotonic()
    checks[step](outcome)
    outcome.seconds = time.monotonic() - begun
    return [outcome]


def main(steps: list[str]) -> int:
    """Run the steps and count."""
    begun = time.monotonic()
    REPORTS.mkdir(parents=True, exist_ok=True)
    outcomes = [outcome for step in steps for outcome in run_step(step)]
    heading("summary")
    for outcome in outcomes:
        print(f"{outcome.name:24} {outcome.passed:5} passed {outcome.failed:5} failed {outcome.seconds:7.0f} s")
    passed, failed = sum(outcome.passed for outcome in outcomes), sum(outcome.failed for outcome in outcomes)
    counted = f"{failed} failed, {passed} passed" if failed else f"{passed} passed"
    print(f"===== {counted} in {time.monotonic() - begun:.2f}s =====", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["lint"]))
