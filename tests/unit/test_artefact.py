# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ansible-galaxy collection build` makes: holds what a user needs and nothing else, and works from an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
TOP = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}
NEEDED = {
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "meta/runtime.yml",
    "meta/execution-environment.yml",
    "playbooks/deploy.yml",
    "playbooks/verify.yml",
}
NOT_FOR_USERS = {"__pycache__", "extensions", "molecule", "tests", "tools"}


def run(*command: str | Path, folder: Path) -> str:
    """Run a tool with no other collections and no configuration of this checkout; fail with what it printed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    environment["ANSIBLE_COLLECTIONS_PATH"] = str(folder / "collections")
    environment["ANSIBLE_LOCALHOST_WARNING"] = "false"
    done = subprocess.run(
        [BIN / command[0], *command[1:]], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(name="artefact", scope="module")
def fixture_artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artefact, built from this checkout."""
    folder = tmp_path_factory.mktemp("artefact")
    run("ansible-galaxy", "collection", "build", "--output-path", folder, ROOT, folder=folder)
    (built,) = folder.glob("*.tar.gz")
    return built


@pytest.fixture(name="listing", scope="module")
def fixture_listing(artefact: Path) -> list[str]:
    """The names of the artefact's files and folders."""
    with tarfile.open(artefact) as archive:
        return archive.getnames()


@pytest.fixture(name="installed", scope="module")
def fixture_installed(artefact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing but the installed artefact."""
    folder = tmp_path_factory.mktemp("installed")
    run("ansible-galaxy", "collection", "install", "--offline", "--collections-path", folder / "collections", artefact, folder=folder)
    return folder


def test_it_holds_no_tests_no_scenarios_and_no_dot_files(listing: list[str]) -> None:
    parts = [(name, part) for name in listing for part in name.split("/")]
    assert not [name for name, part in parts if part in NOT_FOR_USERS or part.startswith(".")]


def test_it_holds_nothing_that_only_developers_need(listing: list[str]) -> None:
    assert {name.split("/")[0] for name in listing} <= TOP


def test_it_holds_what_users_need(listing: list[str]) -> None:
    assert set(listing) >= NEEDED
    assert {name for name in listing if name.startswith("roles/") and name.count("/") == 1} == {
        f"roles/{path.name}" for path in (ROOT / "roles").iterdir() if path.is_dir()
    }


@pytest.mark.parametrize("playbook", sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml")))
def test_its_playbooks_run_from_an_empty_folder(installed: Path, playbook: str) -> None:
    run("ansible-playbook", f"webops.django.{playbook}", "--syntax-check", "-i", "localhost,", folder=installed)


def test_its_modules_are_documented(installed: Path) -> None:
    listed = run("ansible-doc", "--list", "webops.django", folder=installed)
    assert {line.split()[0] for line in listed.splitlines()} == {f"webops.django.{path.stem}" for path in (ROOT / "plugins" / "modules").glob("*.py")}
