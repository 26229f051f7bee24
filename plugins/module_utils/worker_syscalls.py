# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls that Python 3.8 does not offer: namespaces, capabilities, and asking for access with the effective ids."""

from __future__ import annotations

import ctypes
import os
import typing as t

_LIBC = ctypes.CDLL(None, use_errno=True)
_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_AT_FDCWD = -100
_AT_EACCESS = 0x200
_SIGKILL = 9


class _Header(ctypes.Structure):
    """struct __user_cap_header_struct of linux/capability.h."""

    _fields_: t.ClassVar = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Words(ctypes.Structure):
    """struct __user_cap_data_struct of linux/capability.h; two of them hold 64 capabilities."""

    _fields_: t.ClassVar = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def _call(name: str, *arguments: t.Any) -> None:
    if getattr(_LIBC, name)(*arguments) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _prctl(option: int, *values: int) -> None:
    _call("prctl", option, *(ctypes.c_ulong(value) for value in (values + (0, 0, 0, 0))[:4]))


def enter_namespace(descriptor: int) -> None:
    """Join the namespace that a descriptor of /proc/<pid>/ns/<kind> stands for (setns(2)).

    :raises OSError: the kernel refuses.
    """
    _call("setns", descriptor, 0)


def capabilities() -> tuple[int, int]:
    """Return this process's effective and permitted capabilities, one bit each (capabilities(7))."""
    words = (_Words * 2)()
    _call("capget", ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), words)
    return words[0].effective | words[1].effective << 32, words[0].permitted | words[1].permitted << 32


def keep_capabilities() -> None:
    """Keep the permitted capabilities when the user changes."""
    _prctl(_PR_SET_KEEPCAPS, 1)


def set_capabilities(wanted: int) -> None:
    """Make these the effective and permitted capabilities, and drop all others, the ambient ones too.

    :raises OSError: some of them are not permitted.
    """
    words = (_Words * 2)()
    for word, shift in zip(words, (0, 32)):
        word.effective = word.permitted = wanted >> shift & 0xFFFFFFFF
    _call("capset", ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), words)
    try:
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    except OSError:
        # Linux before 4.3 has none.
        return


def die_with_parent() -> None:
    """Let the kernel end this process when its parent ends. A change of user undoes it."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def check_access(path: bytes, mode: int) -> None:
    """Ask whether the effective ids may access a path so, without doing it (faccessat(2)).

    :param mode: of os.R_OK, os.W_OK and os.X_OK.
    :raises OSError: they may not; EROFS for a file system that is mounted read-only.
    """
    _call("faccessat", _AT_FDCWD, ctypes.c_char_p(path), mode, _AT_EACCESS)
