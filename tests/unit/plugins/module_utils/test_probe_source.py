# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe is plain Python for the project's interpreter; what it answers is tested in test_django_project.py."""

from __future__ import annotations

import ast
import inspect
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins import module_utils
from ansible_collections.webops.django.plugins.module_utils.probe_source import BOOTSTRAP, PROBE, sent_modules

OURS = "ansible_collections.webops.django.plugins.module_utils.django_probe"


def imported(source: str) -> set[str]:
    """Return the dotted names of all modules that a source imports, wherever it does."""
    tree = ast.parse(source)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize(("name", "source"), sent_modules(), ids=[module.__name__.rpartition(".")[2] for module in PROBE])
def test_it_imports_nothing_that_a_project_does_not_have(name: str, source: str) -> None:
    """The standard library, Django, and those of the probe that were sent before."""
    sent = [module.__name__ for module in PROBE]
    before = set(sent[: sent.index(name)])
    rest = {module for module in imported(source) if module.split(".")[0] not in sys.stdlib_module_names} - before
    assert {module.split(".")[0] for module in rest} <= {"django"}


@pytest.mark.parametrize("module", PROBE)
def test_django_is_imported_only_when_asked(module: object) -> None:
    """The modules are also imported where there is no Django: on the host's own Python, and by the sanity tests."""
    top = [node for node in ast.parse(inspect.getsource(module)).body if isinstance(node, (ast.Import, ast.ImportFrom))]  # type: ignore[arg-type]
    names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
    assert not [name for name in names if name.split(".")[0] == "django"]


def test_every_file_of_the_probe_is_sent() -> None:
    """One that is forgotten here would be missed only where it is imported, on somebody's host."""
    files = {path.stem for path in Path(str(module_utils.__path__[0])).glob("django_probe*.py")}
    assert files == {module.__name__.rpartition(".")[2] for module in PROBE}


def test_it_runs_beside_a_project_that_has_ansible_itself(tmp_path: Path) -> None:
    """Only the probe's own full names are taken, so a package ansible_collections of the project stays importable."""
    package = tmp_path / "ansible_collections"
    package.mkdir()
    (package / "__init__.py").write_text("mine = 1\n")
    modules = [*sent_modules(), ("last", "import ansible_collections\ndef main(where, request): print(ansible_collections.mine, request)\n")]
    done = subprocess.run(
        [sys.executable, "-c", BOOTSTRAP, "1"],
        input=json.dumps({"modules": modules, "request": "asked"}),
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.stdout, done.stderr) == ("1 asked\n", "")
    assert all(name.startswith(OURS) for name, _source in sent_modules())


THREADS = """
import linecache, sys
from concurrent.futures import ThreadPoolExecutor
sys.path.insert(0, sys.argv[1])
sys.setswitchinterval(1e-6)
from ansible_collections.webops.django.plugins.module_utils.probe_source import PROBE, sent_modules
for _round in range(20):
    linecache.clearcache()
    with ThreadPoolExecutor(4) as pool:
        sent = [answer.result() for answer in [pool.submit(sent_modules) for _number in range(4)]]
    assert all(len(modules) == len(PROBE) for modules in sent)
"""


def test_several_projects_are_asked_at_once_out_of_a_zip(tmp_path: Path) -> None:
    """On a host with two sites, asking one of them failed now and then with "could not get source code": modules come to the target in a zip."""
    folder = Path(str(module_utils.__path__[0]))
    package = "ansible_collections/webops/django/plugins/module_utils"
    with zipfile.ZipFile(tmp_path / "payload.zip", "w") as archive:
        for depth in range(1, package.count("/") + 2):
            archive.writestr("/".join([*package.split("/")[:depth], "__init__.py"]), "")
        for path in [folder / "probe_source.py", *folder.glob("django_probe*.py")]:
            archive.write(path, f"{package}/{path.name}")
    command = [sys.executable, "-c", THREADS, str(tmp_path / "payload.zip")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
