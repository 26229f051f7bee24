# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""reading_program: a program that may read everything and can change nothing. Real programs, real files."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import reading_program
from ansible_collections.webops.django.plugins.module_utils.reading_program import Reader, nobody, run_reading

ATTEMPTS = """
import os, socket, sys
folder, victim = sys.argv[1:]
here = os.open(folder, os.O_RDONLY)
def each():
    yield "mkdirat", lambda: os.mkdir("new", dir_fd=here)
    yield "unlinkat", lambda: os.unlink("closed", dir_fd=here)
    yield "rmdirat", lambda: os.rmdir("sub", dir_fd=here)
    yield "renameat", lambda: os.rename("closed", "new", src_dir_fd=here, dst_dir_fd=here)
    yield "linkat", lambda: os.link("closed", "new", src_dir_fd=here, dst_dir_fd=here)
    yield "symlinkat", lambda: os.symlink("/", "new", dir_fd=here)
    yield "mknodat", lambda: os.mkfifo("new", dir_fd=here)
    yield "fchmodat", lambda: os.chmod("closed", 0o777, dir_fd=here)
    yield "fchownat", lambda: os.chown("closed", os.getuid(), os.getgid(), dir_fd=here)
    yield "lchown", lambda: os.lchown(victim, os.getuid(), os.getgid())
    yield "fchown", lambda: os.fchown(here, os.getuid(), os.getgid())
    yield "ftruncate", lambda: os.ftruncate(os.open(victim, os.O_RDONLY), 0)
    yield "fallocate", lambda: os.posix_fallocate(os.open(victim, os.O_RDONLY), 0, 1)
    yield "removexattr", lambda: os.removexattr(victim, "user.x")
    yield "create", lambda: os.open(folder + "/new", os.O_CREAT | os.O_RDONLY)
    yield "write", lambda: os.open(victim, os.O_WRONLY)
    yield "update", lambda: os.open(victim, os.O_RDWR)
    yield "append", lambda: os.open(victim, os.O_WRONLY | os.O_APPEND)
    yield "truncate", lambda: os.open(victim, os.O_TRUNC)
    yield "nameless", lambda: os.open(folder, os.O_TMPFILE | os.O_WRONLY)
    yield "os.truncate", lambda: os.truncate(victim, 0)
    yield "mkdir", lambda: os.mkdir(folder + "/new")
    yield "rmdir", lambda: os.rmdir(folder + "/sub")
    yield "unlink", lambda: os.unlink(victim)
    yield "rename", lambda: os.rename(victim, folder + "/new")
    yield "link", lambda: os.link(victim, folder + "/new")
    yield "symlink", lambda: os.symlink("/", folder + "/new")
    yield "mkfifo", lambda: os.mkfifo(folder + "/new")
    yield "chmod", lambda: os.chmod(victim, 0o777)
    yield "fchmod", lambda: os.fchmod(os.open(victim, os.O_RDONLY), 0o777)
    yield "chown", lambda: os.chown(victim, os.getuid(), os.getgid())
    yield "utime", lambda: os.utime(victim, (1, 1))
    yield "setxattr", lambda: os.setxattr(victim, "user.x", b"y")
    yield "bind", lambda: socket.socket(socket.AF_UNIX).bind(folder + "/new")
    yield "kill", lambda: os.kill(os.getppid(), 0)
for name, attempt in each():
    try:
        attempt()
    except PermissionError:
        continue
    except OSError as error:
        print(name, "failed otherwise:", error)
        continue
    print(name, "succeeded")
print("read", open(victim).read())
"""


@pytest.fixture(params=[reading_program.CAP_DAC_READ_SEARCH, reading_program.CAP_DAC_OVERRIDE], ids=["search", "override"])
def _capability(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both capabilities by which files are read: a container has only the second."""
    monkeypatch.setattr(reading_program, "_capability", lambda _libc: request.param)


def attempts(folder: Path, reader: Reader | None) -> subprocess.CompletedProcess[bytes]:
    """Try to change things in a folder, with the program of a Python that others may run."""
    python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    return run_reading([python, "-I", "-S", "-c", ATTEMPTS, str(folder), f"{folder}/closed"], reader, 20)


@pytest.mark.usefixtures("_capability")
def test_everything_is_read_and_nothing_changes(tmp_path: Path) -> None:
    """Even where the folder is open to everybody; a file of root's that nobody else may read is read."""
    tmp_path.chmod(0o777)
    (tmp_path / "sub").mkdir()
    (tmp_path / "closed").write_text("key")
    (tmp_path / "closed").chmod(0o600)
    before = {path: os.lstat(path) for path in (tmp_path, *tmp_path.iterdir())}
    done = attempts(tmp_path, nobody(reads_all=True) if os.geteuid() == 0 else None)
    assert (done.stdout.decode(), done.stderr) == ("read key\n", b"")
    after = {path: os.lstat(path) for path in (tmp_path, *tmp_path.iterdir())}
    assert before.keys() == after.keys()
    assert all((old.st_mode, old.st_uid, old.st_ctime_ns, old.st_size) == _of(after[path]) for path, old in before.items())


def _of(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_mode, status.st_uid, status.st_ctime_ns, status.st_size


def test_without_the_right_a_closed_file_stays_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "closed").write_text("key")
    (tmp_path / "closed").chmod(0)
    reader = nobody(reads_all=False) if os.geteuid() == 0 else None
    done = run_reading(["cat", f"{tmp_path}/closed"], reader, 20)
    assert done.returncode != 0 and b"Permission denied" in done.stderr
    said = run_reading(["grep", "-E", "^(Uid|Groups|CapEff|NoNewPrivs|Seccomp):", "/proc/self/status"], reader, 20).stdout.decode()
    uid, *rest = [line.split()[1:2] for line in said.splitlines()]
    assert uid == [str(reader.uid if reader else os.geteuid())]
    assert rest[-3:] == [["0000000000000000"], ["1"], ["2"]]


def test_an_open_file_is_run_in_place_of_a_path() -> None:
    """Such as a program that was replaced while it runs."""
    handle = os.open("/bin/echo", os.O_RDONLY)
    try:
        assert run_reading(["/nonexistent", "said"], None, 20, handle).stdout == b"said\n"
    finally:
        os.close(handle)


def test_a_program_that_hangs_or_is_missing() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_reading(["sleep", "60"], None, 0.1)
    with pytest.raises(OSError, match="nonexistent"):
        run_reading(["/nonexistent"], None, 20)


def test_nothing_of_our_environment_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NGINX", "4;")
    assert b"NGINX" not in run_reading(["env"], None, 20).stdout


def test_names_are_still_resolved() -> None:
    """nginx resolves upstreams; sockets that connect are no danger."""
    script = "import socket; print(socket.getaddrinfo('localhost', 80)[0][4][1])"
    assert run_reading([sys.executable, "-c", script], None, 20).stdout == b"80\n"
    assert socket.getaddrinfo("localhost", 80)


def test_machines_without_a_table_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reading_program.is_possible()
    monkeypatch.setattr("platform.machine", lambda: "vax")
    assert not reading_program.is_possible()
