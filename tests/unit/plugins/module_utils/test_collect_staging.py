# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time, and nothing left of those that were killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import accounts, collect_staging
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError


def test_a_second_run_is_refused_after_its_time(tmp_path: Path) -> None:
    """It says what the first one does."""
    with collect_staging.locked(str(tmp_path), 10):
        with pytest.raises(ExplainedError, match=f"Another run has been collecting static files in {tmp_path} for 0 s"):
            with collect_staging.locked(str(tmp_path), 0):
                pass
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_waits_for_the_first(tmp_path: Path) -> None:
    """And goes on when that has ended."""
    order = []
    held = threading.Event()

    def first() -> None:
        with collect_staging.locked(str(tmp_path), 10):
            held.set()
            time.sleep(0.2)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait()
    with collect_staging.locked(str(tmp_path), 60):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    """It is the kernel's."""
    module = "ansible_collections.webops.django.plugins.module_utils.collect_staging"
    program = f"import os, sys, signal\nfrom {module} import locked\nwith locked(sys.argv[1], 1):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, env=environment).returncode == -9
    with collect_staging.locked(str(tmp_path), 0):
        pass


def test_a_staging_folder_lies_beside_and_goes(tmp_path: Path) -> None:
    """Whatever happens in between. Only its inner folder is the project's."""
    with pytest.raises(KeyError), collect_staging.staging_tree(str(tmp_path), accounts.own_account()) as tree:
        (outer,) = tmp_path.iterdir()
        assert Path(tree).parent == outer
        assert (outer.stat().st_mode & 0o777, os.stat(tree).st_mode & 0o777) == (0o711, 0o700)
        Path(tree, "a").write_text("x")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_leftovers_go_and_what_a_process_holds_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder for temporary files, a young one may belong to a run that is about to take hold of it."""
    temporary = tmp_path / "tmp"
    for folder in (tmp_path / ".collect-dead/tree", temporary / "webops-collect-old/tree", temporary / "webops-collect-young", tmp_path / "other"):
        folder.mkdir(parents=True)
    os.utime(temporary / "webops-collect-old", (0, 0))
    (tmp_path / ".collect-link").symlink_to(tmp_path / "other")
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with collect_staging.staging_tree(str(tmp_path), accounts.own_account()) as alive:
        collect_staging.remove_leftovers(str(tmp_path))
        assert os.path.isdir(alive)
        assert not (tmp_path / ".collect-dead").exists()
        assert (tmp_path / "other").is_dir()
        assert [path.name for path in temporary.iterdir()] == ["webops-collect-young"]


def test_work_is_done_beside_the_destination_or_in_a_mount(tmp_path: Path) -> None:
    """rename(2) does not leave a mount; /proc is one."""
    assert collect_staging.workplace(str(tmp_path / "tree")) == str(tmp_path)
    assert collect_staging.workplace("/proc") == "/proc"
