# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a program that shall read anything and change nothing.

``nginx -t`` as root creates missing log files, an empty pid file and temporary folders, and changes the owner of those folders. So it runs
as a user without rights, who may read every file (CAP_DAC_READ_SEARCH, capabilities(7)), under a filter of system calls (seccomp(2)) that
refuses whatever creates, writes, renames, removes, changes modes or owners, binds a socket or signals a process.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import platform
import pwd
import struct
import subprocess
import typing as t

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

_PR_SET_KEEPCAPS = 8
_PR_SET_SECCOMP = 22
_PR_CAPBSET_READ = 23
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522

_ALLOW = 0x7FFF0000
_REFUSE = 0x00050000 | 13
"""SECCOMP_RET_ERRNO with EACCES."""
_KILL = 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_X32 = 0x40000000

_NEW_ON_ALL = (425, 437, 452, 463, 466)  # io_uring_setup, openat2, fchmodat2
_GENERIC = (5, 6, 7, 14, 15, 16, 33, 34, 35, 36, 37, 38, 39, 40, 45, 46, 47, 52, 53, 54, 55, 88, 129, 130, 131, 200, 276)
_X86_64 = (
    *(49, 62, 76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 132, 133, 165, 166, 188, 189, 190, 197, 198, 199, 200, 234, 235),
    *(258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 285, 316),
)


class _Calls(t.NamedTuple):
    """A machine's number in seccomp_data, its calls that are refused, and those that open: number and position of the flags."""

    architecture: int
    refused: tuple[int, ...]
    opening: tuple[tuple[int, int], ...]


_MACHINES = {
    "x86_64": _Calls(0xC000003E, _X86_64, ((2, 1), (257, 2))),
    "aarch64": _Calls(0xC00000B7, _GENERIC, ((56, 2),)),
    "riscv64": _Calls(0xC00000F3, _GENERIC, ((56, 2),)),
}


@dataclasses.dataclass(frozen=True)
class Reader:
    """Who runs the program: ids as they shall be, and whether it may read every file."""

    uid: int
    gid: int
    groups: tuple[int, ...] = ()
    reads_all: bool = False


def nobody(reads_all: bool) -> Reader:
    """Return the user without rights."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Reader(65534, 65534, (), reads_all)
    return Reader(entry.pw_uid, entry.pw_gid, (), reads_all)


def is_possible() -> bool:
    """Tell whether this machine's system calls can be filtered here."""
    return platform.machine() in _MACHINES and struct.calcsize("P") == 8


def run_reading(command: t.Sequence[str], reader: Reader | None, timeout: float, program: int | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a program that can change nothing.

    :param reader: None for who we are; root alone can be somebody else.
    :param program: an open file to run in place of ``command[0]``.
    :raises OSError: it cannot be run.
    :raises subprocess.SubprocessError: it did not end in time, or the filter cannot be set.
    """
    return subprocess.run(
        list(command),
        executable=None if program is None else f"/proc/self/fd/{program}",
        pass_fds=[] if program is None else [program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd="/",
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
        timeout=timeout,
        # No threads run in a module, so what this does between fork and exec is safe.
        preexec_fn=_Restraint(reader),
    )


class _Restraint:
    """What the child does to itself before it becomes the program; everything is prepared before the fork."""

    def __init__(self, reader: Reader | None) -> None:
        self._reader = reader
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._filter = _filter(_MACHINES[platform.machine()])
        self._capability = _capability(self._libc) if reader and reader.reads_all else None

    def __call__(self) -> None:
        os.umask(0o077)
        if self._reader:
            self._become(self._reader)
        self._prctl(_PR_SET_NO_NEW_PRIVS, 1)
        code = ctypes.create_string_buffer(self._filter)
        program = struct.pack("HxxxxxxP", len(self._filter) // 8, ctypes.addressof(code))
        self._prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.c_char_p(program))

    def _become(self, reader: Reader) -> None:
        self._prctl(_PR_SET_KEEPCAPS, 1 if self._capability is not None else 0)
        os.setgroups(reader.groups)
        os.setresgid(reader.gid, reader.gid, reader.gid)
        os.setresuid(reader.uid, reader.uid, reader.uid)
        if self._capability is not None:
            mask = 1 << self._capability
            header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
            if self._libc.capset(header, struct.pack("6I", mask, mask, mask, 0, 0, 0)):
                raise OSError(ctypes.get_errno(), "capset")
            self._prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, self._capability)

    def _prctl(self, option: int, *values: t.Any) -> None:
        padded = [value if isinstance(value, ctypes.c_char_p) else ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)][:4]
        if self._libc.prctl(option, *padded):
            raise OSError(ctypes.get_errno(), f"prctl {option}")


def _capability(libc: ctypes.CDLL) -> int | None:
    """Return the capability with which every file can be read. Containers tend to lack the first; the filter keeps the second from writing."""
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        if libc.prctl(_PR_CAPBSET_READ, ctypes.c_ulong(capability), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) == 1:
            return capability
    return None


def _filter(calls: _Calls) -> bytes:
    """Return the filter's program: struct sock_filter, as <linux/filter.h> has it."""
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, calls.architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _REFUSE),
    ]
    for number in (*calls.refused, *_NEW_ON_ALL):
        lines += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    for number, position in calls.opening:
        lines += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _ARGUMENTS + 8 * position),
            (_ANY_BIT, 0, 1, _WRITES),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)
