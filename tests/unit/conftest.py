# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all unit tests share."""

from __future__ import annotations

import importlib
import os
import pathlib
import sys
import tempfile
import typing as t

import pytest

# xdist's processes get the folder of collections twice, and Ansible's loader, which the tests of roles install, bears no package with two places.
sys.path[:] = list(dict.fromkeys(sys.path))
# And what it has not loaded itself, it does not find any more: so the modules are there before the first role is.
for _module in sorted((pathlib.Path(__file__).resolve().parents[2] / "plugins" / "modules").glob("*.py")):
    importlib.import_module(f"ansible_collections.webops.django.plugins.modules.{_module.stem}")


@pytest.fixture(autouse=True, scope="session")
def _folder_for_temporary_files() -> t.Iterator[None]:
    """Several tests look whether a module leaves anything there; tests that run beside them must not be seen.

    It does not lie in pytest's own folder, which other users may not enter.
    """
    with tempfile.TemporaryDirectory(prefix="webops-tests-") as folder, pytest.MonkeyPatch.context() as patch:
        os.chmod(folder, 0o1777)
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", folder)
        yield
