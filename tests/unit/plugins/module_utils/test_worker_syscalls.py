# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system calls against what /proc tells of the process that made them."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import worker_syscalls
from ansible_collections.webops.django.tests.unit.support.other_worlds import open_folder

USING = "import os\nfrom ansible_collections.webops.django.plugins.module_utils import worker_syscalls as calls\n"


def in_a_process(script: str, *wrapper: str) -> list[str]:
    """Run a script in a Python of its own; return what it printed."""
    command = [*wrapper, sys.executable, "-c", USING + script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)))
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def kernel_says(field: str) -> int:
    """A set of capabilities in /proc/self/status."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(int(line.split()[1], 16) for line in file if line.startswith(f"{field}:"))


def test_capabilities_are_those_that_proc_shows() -> None:
    assert worker_syscalls.capabilities() == (kernel_says("CapEff"), kernel_says("CapPrm"))


STATUS = "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapInh', 'CapPrm', 'CapEff', 'CapAmb'))))\n"


def test_capabilities_are_dropped_the_ambient_ones_too() -> None:
    wrapper = ["setpriv", "--inh-caps", "+dac_override,+chown,+sys_time", "--ambient-caps", "+dac_override,+chown"]
    before = in_a_process(STATUS, *wrapper)
    assert int(before[3], 16) == 0b11
    after = in_a_process("calls.set_capabilities(1 << 25 | 1)\n" + STATUS, *wrapper)
    assert [int(value, 16) for value in after] == [0, 1 << 25 | 1, 1 << 25 | 1, 0]


def test_capabilities_stay_when_the_user_changes_where_that_is_wanted() -> None:
    change = "os.setresuid(4711, 4711, 4711)\nprint(*map(bool, calls.capabilities()))\n"
    assert in_a_process(change) == ["False", "False"]
    assert in_a_process("calls.keep_capabilities()\n" + change) == ["False", "True"]


def test_capabilities_that_are_not_permitted_cannot_be_set() -> None:
    script = "calls.set_capabilities(0)\ntry:\n    calls.set_capabilities(1)\nexcept PermissionError as error:\n    print(error.errno)\n"
    assert in_a_process(script) == [str(errno.EPERM)]


def test_a_namespace_is_joined() -> None:
    with subprocess.Popen(["unshare", "--uts", "sh", "-c", "echo ready; exec sleep 600"], stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline()
        script = f"there = '/proc/{other.pid}/ns/uts'\ncalls.enter_namespace(os.open(there, os.O_RDONLY))\n"
        script += "print(os.readlink(there), os.readlink('/proc/self/ns/uts'))\n"
        there, ours = in_a_process(script)
        other.kill()
    assert there == ours != os.readlink("/proc/self/ns/uts")


def test_a_child_ends_with_its_parent() -> None:
    script = """
import signal, time
reader, writer = os.pipe()
parent = os.fork()
if parent == 0:
    if os.fork() == 0:
        calls.die_with_parent()
        os.write(writer, b"x")
        time.sleep(600)
    os.read(reader, 1)
    os._exit(0)
os.close(writer)
os.waitpid(parent, 0)
print("ended", len(os.read(reader, 1)))
"""
    assert in_a_process(script) == ["ended", "0"]


@pytest.mark.parametrize(
    ("mode", "wanted", "number"), [(0o700, os.W_OK, errno.EACCES), (0o755, os.X_OK, 0), (0o755, os.W_OK | os.X_OK, errno.EACCES)]
)
def test_access_is_asked_with_the_effective_ids(mode: int, wanted: int, number: int) -> None:
    """The real user is root, who may all; access(2) would answer for him."""
    with open_folder() as folder:
        folder.chmod(mode)
        script = f"os.seteuid(4711)\ntry:\n    calls.check_access({bytes(folder)!r}, {wanted})\n    print(0)\n"
        script += "except OSError as error:\n    print(error.errno)\n"
        assert in_a_process(script) == [str(number)]


def refused(path: bytes, mode: int) -> int | None:
    """The error's number, or None."""
    try:
        worker_syscalls.check_access(path, mode)
    except OSError as error:
        return error.errno
    return None


def test_the_error_is_told() -> None:
    with open_folder() as folder:
        assert stat.S_ISDIR(folder.stat().st_mode)
        cases: list[tuple[bytes, int, t.Any]] = [
            (bytes(folder), os.W_OK | os.X_OK, None),
            (bytes(folder / "none"), os.R_OK, errno.ENOENT),
            (b"/proc/self/nothing", os.R_OK, errno.ENOENT),
        ]
        assert [refused(path, mode) for path, mode, _number in cases] == [number for _path, _mode, number in cases]


def test_a_read_only_mount_counts_for_root_too() -> None:
    with open_folder() as folder:
        script = f"try:\n    calls.check_access({bytes(folder)!r}, os.W_OK)\nexcept OSError as error:\n    print(error.errno)\n"
        assert in_a_process(script, "unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none "$0" && exec "$@"', str(folder)) == [
            str(errno.EROFS)
        ]
