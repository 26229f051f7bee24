# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beneath real mounts, in a mount namespace of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import path_hidden
from ansible_collections.webops.django.plugins.module_utils.path_facts import look_at_paths
from ansible_collections.webops.django.plugins.module_utils.path_hidden import hidden_files

SCRIPT = """
import json, os, subprocess, sys
from ansible_collections.webops.django.plugins.module_utils.path_facts import look_at_paths
from ansible_collections.webops.django.plugins.module_utils.path_hidden import hidden_files

def state():
    return [open("/proc/self/mountinfo").read(), sorted(os.listdir("/proc/self/fd"))]

point, *paths = sys.argv[1:]
subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
before = state()
told = [hidden_files(point, path) for path in paths]
looked = look_at_paths([{"path": path, "nginx": "", "digest": False} for path in paths], {})
print(json.dumps([told, [looked[path]["mount"].get("hides", "not asked") for path in paths], state() == before, os.listdir(point)]))
"""


def beneath(point: Path, *paths: Path) -> tuple[list[int | None], list[object]]:
    """Cover a folder, and return what is told of paths below it: by the function, and in their records."""
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-B", "-c", SCRIPT, *map(str, (point, *paths))]
    ran = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=True, stdout=subprocess.PIPE)
    told, looked, is_as_before, seen = json.loads(ran.stdout)
    assert is_as_before
    assert seen == []
    return told, looked


@pytest.fixture(name="image")
def image_fixture(tmp_path: Path) -> Path:
    """A project as an image holds it: collected files, and a link that leads out of it."""
    project = tmp_path / "srv" / "shop"
    for name in ("static/admin/css/base.css", "static/admin/js/core.js", "static/site.css", "manage.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(name)
    (project / "empty").mkdir()
    (project / "out").symlink_to("/etc")
    (project / "static" / "link.css").symlink_to("site.css")
    return project


def test_what_a_volume_covers(image: Path) -> None:
    told, looked = beneath(
        image, image, image / "static", image / "static/admin", image / "empty", image / "gone", image / "out", image / "manage.py"
    )
    assert told == [6, 4, 2, 0, 0, 0, 0]
    assert looked == told


def test_a_volume_over_the_collected_tree_alone(image: Path) -> None:
    paths = sorted(image.rglob("*"))
    for folder in (path for path in paths if path.is_dir() and not path.is_symlink()):
        # Not accessed since it was changed: then any reading, also that of the line above, would set the time of access (relatime, mount(8)).
        os.utime(folder, ns=(0, folder.stat().st_mtime_ns))
    before = [path.lstat() for path in paths]
    assert beneath(image / "static", image / "static") == ([4], [4])
    assert [path.lstat() for path in paths] == before
    assert sorted(image.rglob("*")) == paths


def test_no_more_is_counted_than_that_matters(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = os.open(image, os.O_RDONLY)
    assert path_hidden._count(folder, 3, 40) == 3
    folder = os.open(image, os.O_RDONLY)
    # manage.py and out; the folders are too deep.
    assert path_hidden._count(folder, 100, 0) == 2


def test_what_cannot_be_seen_is_not_known(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: str) -> int:
        raise PermissionError

    monkeypatch.setattr(path_hidden, "_copy", refuse)
    assert hidden_files(str(image), str(image)) is None


def test_a_user_who_is_not_root_is_told_nothing(image: Path) -> None:
    code = f"{IMPORT}\nimport os; os.setgid(65534); os.setuid(65534)\nprint(hidden_files({str(image)!r}, {str(image)!r}))"
    ran = subprocess.run(
        [sys.executable, "-B", "-c", code], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=True, stdout=subprocess.PIPE
    )
    assert ran.stdout == b"None\n"


IMPORT = "from ansible_collections.webops.django.plugins.module_utils.path_hidden import hidden_files"


@pytest.mark.parametrize("machine", ["mips64", "alpha"])
def test_a_machine_with_other_numbers(image: Path, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "host", "6.1", "", machine)))
    assert hidden_files(str(image), str(image)) is None


@pytest.mark.parametrize(("point", "path"), [("/", "/srv"), ("", "/srv"), ("/srv/shop", "/srv/shop2"), ("/srv/shop", "/srv")])
def test_what_lies_not_below_a_mount(point: str, path: str) -> None:
    assert hidden_files(point, path) is None


def test_the_files_of_folders_that_show_some_are_not_asked_for() -> None:
    records = look_at_paths([{"path": "/proc", "nginx": "", "digest": False}], {})
    assert "hides" not in records["/proc"]["mount"]
