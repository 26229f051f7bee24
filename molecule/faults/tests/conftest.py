# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes faults on the hosts of the scenario and lets the diagnosis name them: on both hosts at the same time, each fault on one of them."""

from __future__ import annotations

import collections
import json
import os
import subprocess
import threading
import time
import typing as t
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from ansible_collections.webops.django.tests.cases.fault_list import Fault

ROOT = Path(__file__).resolve().parents[3]
SCENARIO = ROOT / "molecule" / "faults"
RELEASES = list(yaml.safe_load((SCENARIO / "hosts.yml").read_text(encoding="utf-8"))["molecule"]["hosts"])
ONE_STEP = 120  # seconds

BEGIN = "set -euo pipefail\nsource /root/host/lib.sh\n"
REMEMBER = "/root/host/digest.sh > /root/host/before\n"
COMPARE = "cd /root/host\n./digest.sh > after\ndiff --unified=0 before after | grep '^[-+][^-+]' || true\n"


@dataclass
class Outcome:
    """What came of a fault on a host."""

    release: str
    trouble: str = ""
    """Why the fault could not be made, or not be diagnosed."""
    report: dict[str, t.Any] = field(default_factory=dict)
    printed: str = ""
    touched: str = ""
    """Files and processes that are others than before the diagnosis."""
    seconds: float = 0.0

    @property
    def findings(self) -> list[dict[str, t.Any]]:
        """Those of all sites."""
        return [found for site in self.report.get("sites", []) for found in site["findings"]]

    @property
    def codes(self) -> list[str]:
        """Their codes."""
        return [found["code"] for found in self.findings]


def run_inside(release: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run lines of bash on a host."""
    instance = f"webops-{os.environ['WEBOPS_CHECKOUT']}-faults-{release}"
    command = ["podman", "exec", "--interactive", instance, "bash", "-s"]
    return subprocess.run(command, input=script, capture_output=True, text=True, check=False, timeout=ONE_STEP)


def run_diagnosis(release: str, folder: Path, variables: t.Mapping[str, t.Any]) -> subprocess.CompletedProcess[str]:
    """Diagnose a host as its administrator would, who tells nothing but where the report goes."""
    command = ["ansible-playbook", "webops.django.diagnose", "--limit", release, "--extra-vars", f"django_verify_report_dir={folder}"]
    command += [f"--inventory={ROOT / 'molecule' / 'inventory'}", f"--inventory={SCENARIO / 'hosts.yml'}"]
    command += ["--extra-vars", json.dumps(variables)] if variables else []
    environment = {key: value for key, value in os.environ.items() if key not in ("ANSIBLE_FORCE_COLOR", "FORCE_COLOR", "PY_COLORS")}
    environment.update(ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1", MOLECULE_PROJECT_DIRECTORY=str(ROOT))
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=ONE_STEP)


def examine(fault: Fault, release: str, folder: Path) -> Outcome:
    """Make a fault, prove it, diagnose it, compare the host, and undo it."""
    outcome = Outcome(release)
    begun = time.monotonic()
    try:
        made = run_inside(release, f"{BEGIN}{fault.apply}\n{fault.symptom}\n{REMEMBER}")
        if made.returncode:
            outcome.trouble = f"the fault does not show: {made.stdout}{made.stderr}"
        else:
            _diagnose(fault, outcome, folder)
    finally:
        undone = run_inside(release, f"{BEGIN}{fault.undo}\n/root/host/undo.sh\n")
        if undone.returncode:
            outcome.trouble += f"\nit cannot be undone: {undone.stdout}{undone.stderr}"
        outcome.seconds = time.monotonic() - begun
        _keep(fault, outcome, folder)
    return outcome


def _keep(fault: Fault, outcome: Outcome, folder: Path) -> None:
    """Leave beside the report what one wants to see when a test fails."""
    place = folder / fault.id
    place.mkdir(parents=True, exist_ok=True)
    told = {"release": outcome.release, "seconds": round(outcome.seconds, 1), "trouble": outcome.trouble, "touched": outcome.touched}
    (place / "outcome.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
    (place / "printed.txt").write_text(outcome.printed, encoding="utf-8")


def _diagnose(fault: Fault, outcome: Outcome, folder: Path) -> None:
    place = folder / fault.id
    diagnosed = run_diagnosis(outcome.release, place, fault.variables)
    outcome.touched = run_inside(outcome.release, BEGIN + COMPARE).stdout
    outcome.printed = diagnosed.stdout + diagnosed.stderr
    report = place / f"{outcome.release}.json"
    if diagnosed.returncode or not report.exists():
        outcome.trouble = f"ansible-playbook ended with {diagnosed.returncode}, and {'a' if report.exists() else 'no'} report"
    if report.exists():
        outcome.report = json.loads(report.read_text(encoding="utf-8"))


class Workshop:
    """Shares the faults out between the hosts. Whichever is done takes the next."""

    def __init__(self, faults: t.Sequence[Fault], folder: Path) -> None:
        """Begin with all faults that this run is about, in a thread for each host."""
        self.folder = folder
        self.faults = {fault.id: fault for fault in faults}
        self.outcomes: dict[str, Future[Outcome]] = {fault.id: Future() for fault in faults}
        self.own = {release: collections.deque(fault for fault in faults if fault.release == release) for release in RELEASES}
        self.common = collections.deque(fault for fault in faults if not fault.release)
        for release in RELEASES:
            threading.Thread(target=self._work, args=(release,), daemon=True).start()

    def _work(self, release: str) -> None:
        while True:
            try:
                fault = (self.own[release] or self.common).popleft()
            except IndexError:
                return
            try:
                self.outcomes[fault.id].set_result(examine(fault, release, self.folder))
            except Exception as error:  # noqa: BLE001 - the test that waits for it shall tell
                self.outcomes[fault.id].set_exception(error)

    def stop(self) -> None:
        """Begin no more."""
        self.common.clear()
        for faults in self.own.values():
            faults.clear()


@pytest.fixture(scope="session")
def workshop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Workshop]:
    """Makes the faults of the tests that were chosen."""
    faults = [item.callspec.params["fault"] for item in request.session.items if "fault" in getattr(item, "fixturenames", ())]  # type: ignore[attr-defined]
    chosen = {fault.id: fault for fault in faults}
    folder = Path(os.environ.get("FAULTS_REPORTS") or tmp_path_factory.mktemp("reports"))
    workshop = Workshop(list(chosen.values()), folder)
    yield workshop
    workshop.stop()
