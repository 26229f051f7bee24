# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that asks Django is plain Python for the project's interpreter; what it answers is tested in test_django_project.py."""

from __future__ import annotations

import ast
import inspect
import sys

from ansible_collections.webops.django.plugins.module_utils import django_probe


def test_it_imports_nothing_that_a_project_does_not_have() -> None:
    """The standard library and Django, nothing of Ansible or of this collection."""
    tree = ast.parse(inspect.getsource(django_probe))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names) == {"django"}


def test_django_is_imported_only_when_asked() -> None:
    """The module itself is also imported where there is no Django: on the host's own Python, and by the sanity tests."""
    top = [node for node in ast.parse(inspect.getsource(django_probe)).body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not [node for node in top if "django" in ast.dump(node)]


def test_it_fits_into_one_argument_of_a_command() -> None:
    """Linux allows 128 KiB for one (MAX_ARG_STRLEN, execve(2))."""
    assert len(inspect.getsource(django_probe).encode()) < 100_000
