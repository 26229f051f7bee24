# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad projects, full disks and kills: a clear sentence, and nothing lost."""

from __future__ import annotations

import contextlib
import gc
import gzip
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import ascii_letters

import pytest
from ansible_collections.webops.django.plugins.module_utils import static_tree
from ansible_collections.webops.django.tests.unit.support.django_projects import (
    DJANGOS,
    MANIFEST_STORAGE,
    make_project,
    run_module,
    run_module_here,
    write,
)
from ansible_collections.webops.django.tests.unit.support.other_worlds import open_folder

NAME = "django_collectstatic"


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", MANIFEST_STORAGE)


@pytest.fixture(name="open_project")
def _open_project() -> t.Iterator[Path]:
    """A project that other users may read."""
    with open_folder() as folder:
        yield make_project(folder / "project", MANIFEST_STORAGE)


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> t.Iterator[Path]:
    """A file system of 512 KB."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], check=True)
    yield folder
    # What failed in this process may still hold a file open.
    gc.collect()
    subprocess.run(["umount", str(folder)], check=True)


def args(project: Path, **more: t.Any) -> dict[str, t.Any]:
    """Return what the module needs at least."""
    return {"project_path": str(project), "python": sys.executable, **more}


def add_settings(project: Path, lines: str) -> None:
    """Add lines to a project's settings."""
    path = project / "conf/settings.py"
    path.write_text(path.read_text() + lines + "\n")


def snapshot(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Return mode, time and content of everything below a folder."""
    paths = [root, *sorted(root.rglob("*"))]
    return {str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in paths}


def leftovers(*folders: Path) -> list[str]:
    """List staging folders, here and in the folder for temporary files."""
    return [str(path) for folder in (*folders, Path(tempfile.gettempdir())) for path in folder.iterdir() if ".collect-" in path.name]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("import os; os._exit(3)", "ended with code 3"),
        ("import sys; sys.exit('no settings today')", "SystemExit: no settings today"),
        ("raise RuntimeError('broken')", "RuntimeError: broken"),
        ("INSTALLED_APPS += ['nowhere']", "No module named 'nowhere'"),
        ("STATIC_URL = ''", "STATIC_URL"),
        ("1 +", "SyntaxError"),
    ],
)
def test_settings_that_fail_are_named(project: Path, lines: str, words: str) -> None:
    """The published tree stays as it is, to the byte."""
    run_module_here(NAME, **args(project))
    before = snapshot(project / "collected")
    add_settings(project, lines)
    result = run_module_here(NAME, **args(project))
    assert result["failed"]
    assert words in result["msg"]
    assert "Traceback" not in result["msg"]
    assert snapshot(project / "collected") == before
    assert leftovers(project) == []


def test_settings_that_print_read_and_start_threads_do_not_matter(project: Path) -> None:
    """Neither output nor a thread that goes on for ever is in the way, and nobody types."""
    add_settings(project, "import sys, threading, time\nprint('{\"answer\": 1}'); print('noise', file=sys.stderr)\nassert sys.stdin.read() == ''")
    add_settings(project, "threading.Thread(target=time.sleep, args=(600,)).start()")
    assert run_module_here(NAME, **args(project))["changed"]


def test_settings_that_hang_end_with_the_deadline(project: Path) -> None:
    """And so does what they have started."""
    add_settings(project, "import time; time.sleep(600)")
    assert "did not answer within 2 s" in run_module_here(NAME, **args(project, timeout=2))["msg"]


def test_no_project_and_no_django(project: Path, tmp_path: Path) -> None:
    """What to write instead is said."""
    assert "holds no manage.py" in run_module_here(NAME, **args(tmp_path))["msg"]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    result = run_module_here(NAME, project_path=str(project), virtualenv=str(tmp_path / "venv"))
    assert "venv/bin/python cannot import Django" in result["msg"]


def test_a_source_that_vanishes_or_cannot_be_read(open_project: Path) -> None:
    """The project runs as nobody, who may not read it."""
    project = open_project
    as_nobody = args(project, user="nobody", python="/usr/bin/python3", python_path=[str(DJANGOS[-1])])
    first = run_module_here(NAME, **as_nobody)
    assert first.get("changed"), first
    before = snapshot(project / "collected")
    (project / "app/static/app/a.css").chmod(0)
    result = run_module_here(NAME, **as_nobody)
    assert "Permission denied" in result["msg"]
    assert "app/static/app/a.css" in result["msg"]
    (project / "app/static/app/a.css").chmod(0o644)
    vanish = "import os\nfrom django.core.files.storage import FileSystemStorage as S\n_open = S._open\n"
    vanish += "def o(self, name, mode='rb'):\n    os.unlink(self.path(name)) if name.endswith('b.js') and self.exists(name) else None\n"
    add_settings(project, vanish + "    return _open(self, name, mode)\nS._open = o")
    result = run_module_here(NAME, **args(project))
    assert "FileNotFoundError" in result["msg"]
    assert "b.js" in result["msg"]
    assert snapshot(project / "collected") == before
    assert leftovers(project) == []


def test_a_full_disk_while_collecting(project: Path, small_disk: Path) -> None:
    """The staging folder lies beside the tree."""
    tree = small_disk / "site/tree"
    run_module_here(NAME, **args(project, dest=str(tree)))
    before = snapshot(small_disk)
    write(project / "app/static/app/large.css", "x" * 400_000)
    result = run_module_here(NAME, **args(project, dest=str(tree)))
    assert "is full: No space left on device" in result["msg"]
    assert snapshot(tree) == {name: entry for name, entry in before.items() if name.startswith(str(tree))}
    assert leftovers(tree.parent) == []


def test_a_full_disk_while_compressing(project: Path, small_disk: Path) -> None:
    """Everything was collected, but the siblings have no place."""
    tree = small_disk / "site/tree"
    run_module_here(NAME, **args(project, dest=str(tree)))
    before = snapshot(tree)
    # The letters take three quarters of their place when they are packed.
    noise = "".join(random.Random(1).choices(ascii_letters, k=200_000))
    write(project / "app/static/app/large.css", noise)
    result = run_module_here(NAME, **args(project, dest=str(tree), precompress=["gzip"]))
    assert "No space left on device" in result["msg"]
    assert snapshot(tree) == before
    assert leftovers(tree.parent) == []


def test_a_full_disk_for_the_state_alone(project: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are published, and the next run looks at all of them again."""
    publish = static_tree.tree_digest

    def fill(entries: static_tree.Tree) -> str:
        # The last thing before the state is written.
        with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        return publish(entries)

    with monkeypatch.context() as patch:
        patch.setattr(static_tree, "tree_digest", fill)
        result = run_module_here(NAME, **args(project, dest=str(small_disk / "site/tree")))
    assert result["changed"]
    assert (small_disk / "site/tree/staticfiles.json").exists()
    (small_disk / "filler").unlink()
    again = run_module_here(NAME, **args(project, dest=str(small_disk / "site/tree")))
    assert (again["collected"], again["changed"]) == (True, False)


def test_a_tree_that_is_a_mount(project: Path, small_disk: Path) -> None:
    """A container's volume: rename(2) must not leave it, and its parent may be another file system."""
    done = run_module_here(NAME, **args(project, dest=str(small_disk), clear=True))
    assert done["changed"]
    assert (small_disk / "app/a.css").exists()
    again = run_module_here(NAME, **args(project, dest=str(small_disk), clear=True))
    assert (again["changed"], again["collected"]) == (False, False)
    assert not run_module_here(NAME, **args(project, dest=str(small_disk), clear=True, force=True))["changed"]


def test_a_static_root_that_is_a_link(project: Path, tmp_path: Path) -> None:
    """The folder that it leads to is published into; the link stays."""
    (tmp_path / "trees/1").mkdir(parents=True)
    (project / "collected").symlink_to(tmp_path / "trees/1")
    result = run_module_here(NAME, **args(project))
    assert result["dest"] == str(tmp_path / "trees/1")
    assert (project / "collected").is_symlink()
    assert (tmp_path / "trees/1/app/a.css").exists()


def test_a_file_where_the_tree_shall_be_and_a_folder_of_somebody_else(project: Path, tmp_path: Path) -> None:
    """Neither is touched."""
    write(tmp_path / "file", "x")
    assert "exists and is no folder" in run_module_here(NAME, **args(project, dest=str(tmp_path / "file")))["msg"]
    write(tmp_path / "photos/1.jpg", "x")
    result = run_module_here(NAME, **args(project, dest=str(tmp_path / "photos"), clear=True))
    assert "none of them is a static file of this project" in result["msg"]
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["1.jpg"]


def test_a_live_manifest_that_is_no_json_is_replaced(project: Path) -> None:
    """Django itself would not start with it."""
    run_module_here(NAME, **args(project))
    (project / "collected/staticfiles.json").write_text("no JSON")
    result = run_module_here(NAME, **args(project))
    assert result["modified"] == ["staticfiles.json"]
    assert json.loads((project / "collected/staticfiles.json").read_text())["paths"]


def test_two_runs_at_once(project: Path) -> None:
    """The second finds what the first has done."""
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _number: run_module(NAME, **args(project)), range(2)))
    assert sorted(result["changed"] for result in results) == [False, True], results
    assert not run_module_here(NAME, force=True, **args(project))["changed"]


def test_a_kill_at_any_moment(tmp_path: Path) -> None:
    """Each published file is whole, no sibling is of other bytes, the manifest's names are there; the next run finishes, and cleans up."""
    project = make_project(tmp_path / "project", MANIFEST_STORAGE, {f"app/{number}.css": "body {}\n" * 400 + str(number) for number in range(30)})
    wanted = args(project, clear=True, precompress=["gzip"], keep_manifests=1)
    run_module_here(NAME, **wanted)
    tree, state, moments = project / "collected", project / ".collected.webops.json", random.Random(7)
    command = [sys.executable, "-m", f"ansible_collections.webops.django.plugins.modules.{NAME}"]
    arguments = json.dumps({"ANSIBLE_MODULE_ARGS": dict(wanted, _ansible_remote_tmp="/tmp", _ansible_keep_remote_files=False)})
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    for number in range(8):
        for path in (project / "app/static/app").iterdir():
            path.write_text(path.read_text() + f"/* {number} */")
        quiet: dict[str, t.Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "text": True, "env": environment}
        with subprocess.Popen(command, stdin=subprocess.PIPE, **quiet) as run:
            assert run.stdin
            run.stdin.write(arguments)
            run.stdin.close()
            # Half of them while files are switched, which the announcement in the state tells; the others at any time.
            until, before = time.monotonic() + moments.uniform(0.3, 1.5), state.stat().st_ino
            while run.poll() is None and (time.monotonic() < until if number % 2 else state.stat().st_ino == before):
                pass
            run.kill()
        for path in tree.rglob("*.css.gz"):
            assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()
        for name in json.loads((tree / "staticfiles.json").read_text())["paths"].values():
            assert (tree / name).read_text().startswith("body {}")
    assert not run_module_here(NAME, **wanted).get("failed")
    assert not run_module_here(NAME, force=True, **wanted)["changed"]
    assert leftovers(project) == []


def test_no_reader_meets_old_compressed_bytes(tmp_path: Path) -> None:
    """A reader that does what nginx does with gzip_static: the sibling if there is one, and else the file; and remembers what it saw last."""
    project = make_project(tmp_path / "project", files={"app/a.css": "1" * 2000})
    wanted = args(project, precompress=["gzip"])
    run_module_here(NAME, **wanted)
    file, wrong, stop = project / "collected/app/a.css", [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            first = file.read_bytes()[:1]
            with contextlib.suppress(FileNotFoundError):
                # Read after the file: it may be newer, never older.
                packed = gzip.decompress(file.with_name("a.css.gz").read_bytes())[:1]
                if packed < first:
                    wrong.append((first, packed))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(2, 8):
            write(project / "app/static/app/a.css", str(number) * 2000)
            assert run_module_here(NAME, **wanted)["changed"]
    finally:
        stop.set()
        reader.join()
    assert wrong == []


def test_check_mode_writes_nothing_anywhere(project: Path) -> None:
    """Neither in the project, with and without a tree and a state, nor among temporary files."""
    for _step in range(2):
        before, temporary = snapshot(project), set(os.listdir(tempfile.gettempdir()))
        assert run_module_here(NAME, check_mode=True, **args(project, precompress=["gzip"]))["changed"]
        assert snapshot(project) == before
        assert {name for name in set(os.listdir(tempfile.gettempdir())) - temporary if "collect" in name} == set()
        run_module_here(NAME, **args(project, precompress=["gzip"]))
        # Not even a ctime, which the next run would take for somebody's edit.
        assert run_module_here(NAME, check_mode=True, **args(project, precompress=["gzip"], force=True))["collected"]
        assert not run_module_here(NAME, **args(project, precompress=["gzip"]))["collected"]
        write(project / "app/static/app/a.css", "changed " * 300)


def test_as_a_user_without_become(open_project: Path) -> None:
    """The files belong to that user; nothing needs root."""
    project = open_project
    for path in (project, *project.rglob("*")):
        os.chown(path, 65534, 65534)
    wanted = {**args(project, precompress=["gzip"]), "python": "/usr/bin/python3", "python_path": [str(DJANGOS[-1])]}
    run_module_here(NAME, project_path="/nowhere")
    told = project.parent / "told"
    told.touch()
    told.chmod(0o666)
    child = os.fork()
    if not child:
        # Where the interpreter of the tests lies, the user need not be able to read; all is loaded.
        with contextlib.suppress(BaseException):
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            results = [run_module_here(NAME, **wanted) for _number in range(2)]
            told.write_text(json.dumps(results))
        os._exit(0)
    os.waitpid(child, 0)
    results = json.loads(told.read_text())
    assert [result.get("changed") for result in results] == [True, False], results
    assert {path.stat().st_uid for path in (project / "collected").rglob("*")} == {65534}
    assert (project / ".collected.webops.json").stat().st_uid == 65534
