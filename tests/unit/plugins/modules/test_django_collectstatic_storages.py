# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every Django that tools/setup installs, with every storage: what is told is what happens."""

from __future__ import annotations

import gzip
import os
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import brotli_codec
from ansible_collections.webops.django.tests.unit.support.django_projects import (
    DJANGOS,
    MANIFEST_STORAGE,
    WHITENOISE_PLAIN_STORAGE,
    WHITENOISE_STORAGE,
    four_steps_here,
    make_project,
    run_module_here,
    write,
)

NAME = "django_collectstatic"
LONG = "".join(f".c{number} {{ color: #{number:06x} }}\n" for number in range(200))
STORAGES = {"plain": "", "manifest": MANIFEST_STORAGE, "whitenoise_plain": WHITENOISE_PLAIN_STORAGE, "whitenoise": WHITENOISE_STORAGE}


def args(project: Path, django: Path, **more: t.Any) -> dict[str, t.Any]:
    """Return what the module needs to run a project with one of the Djangos."""
    return {"project_path": str(project), "python": sys.executable, "python_path": [str(django)], **more}


def assert_siblings_are_right(tree: Path) -> int:
    """Unpack every sibling of a tree, and count them."""
    siblings = [path for path in tree.rglob("*") if path.suffix in (".gz", ".br")]
    for path in siblings:
        unpacked = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else b"".join(brotli_codec.decompressed([path.read_bytes()], 1 << 16))
        assert unpacked == path.with_suffix("").read_bytes(), path
    return len(siblings)


@pytest.mark.parametrize("django", DJANGOS, ids=lambda path: path.name)
@pytest.mark.parametrize("storage", STORAGES)
def test_what_is_told_is_what_happens(tmp_path: Path, django: Path, storage: str) -> None:
    """First all files, then one of each kind of change at once: content with an older time, new, gone, somebody's chmod."""
    files = {"app/a.css": LONG, "app/b.js": "1;\n", "app/gone.css": "gone", "app/d.css": "@import 'a.css';"}
    project = make_project(tmp_path / "project", STORAGES[storage], files)
    write(project / "other/app/b.js", "/* a duplicate */")
    write(project / "conf/settings.py", (project / "conf/settings.py").read_text() + 'STATICFILES_DIRS = [BASE_DIR / "other"]\n')
    encodings = ["gzip"] if storage in ("plain", "manifest") else []
    wanted = args(project, django, clear=True, precompress=encodings, keep_manifests=0)
    _predicted, first = four_steps_here(NAME, **wanted)
    assert first["project"]["django_version"].startswith(django.name)
    tree = project / "collected"
    siblings = assert_siblings_are_right(tree)
    assert siblings > 0
    write(project / "app/static/app/a.css", LONG.replace("color", "fill"))
    os.utime(project / "app/static/app/a.css", (0, 0))
    write(project / "app/static/app/new.css", "new")
    (project / "app/static/app/gone.css").unlink()
    (tree / "app").chmod(0o700)
    (tree / "app/b.js").chmod(0o600)
    _predicted, done = four_steps_here(NAME, **wanted)
    assert {"app/new.css"} <= set(done["added"])
    assert {"app/gone.css"} <= set(done["removed"])
    assert {"app/a.css"} <= set(done["modified"])
    assert done["rights_count"] == 2
    assert (tree / "app/a.css").read_text() == LONG.replace("color", "fill")
    assert (tree / "app/b.js").read_text() == "/* a duplicate */"
    assert assert_siblings_are_right(tree) == siblings


def test_a_thousand_files(tmp_path: Path) -> None:
    """With a manifest: each of them twice."""
    django = DJANGOS[-1]
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, {f"{number % 20}/{number}.txt": str(number) for number in range(1000)})
    predicted = run_module_here(NAME, check_mode=True, **args(project, django))
    done = run_module_here(NAME, **args(project, django))
    assert predicted["added_count"] == done["added_count"] == 2001
    again = run_module_here(NAME, **args(project, django))
    assert not again["changed"]
    assert not again["collected"]
    (project / "collected/3/3.txt").unlink()
    assert run_module_here(NAME, check_mode=True, **args(project, django))["added"] == ["3/3.txt"]


def test_ten_removed_and_none_added_is_a_change(tmp_path: Path) -> None:
    """With clear, collectstatic says "0 static files copied" then."""
    project = make_project(tmp_path / "project", files={f"app/{number}.css": "x" for number in range(10)})
    run_module_here(NAME, **args(project, DJANGOS[-1], clear=True))
    for path in (project / "app/static/app").iterdir():
        path.unlink()
    _predicted, done = four_steps_here(NAME, **args(project, DJANGOS[-1], clear=True))
    assert (done["changed"], done["removed_count"], done["added_count"]) == (True, 11, 0)
