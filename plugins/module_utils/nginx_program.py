# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx's program: how it was built, how it was called, and which paths follow from both."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import shlex
import stat
import subprocess
import typing as t

from ansible_collections.webops.django.plugins.module_utils.process_table import Identity
from ansible_collections.webops.django.plugins.module_utils.reading_program import Reader, is_possible, nobody, run_reading

VERSION_TIMEOUT = 10
"""Seconds."""

DEFAULT_PREFIX = "/usr/local/nginx"
"""Where nginx's own build installs it: NGX_PREFIX, set by auto/options."""

PLACES = (
    *("/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx", "/usr/local/bin/nginx", "/usr/local/nginx/sbin/nginx"),
    *("/usr/local/openresty/nginx/sbin/nginx", "/opt/nginx/sbin/nginx", "/usr/share/nginx/sbin/nginx", "/snap/bin/nginx"),
)

_DELETED = " (deleted)"
_TITLE_OPTION = re.compile(r"(?:^|\s)-(?=[?hvVtTqsceg](?:\s|$)|[pc]\s*[^\s-]|[gse]\s*\S)")


@dataclasses.dataclass(frozen=True)
class Arguments:
    """How nginx was called. ``prefix`` and ``main`` are as given, empty where they were not."""

    words: tuple[str, ...] = ()
    main: str = ""
    prefix: str = ""
    globals: str = ""
    once: bool = False
    """Whether it was called to test, tell or signal, and not to serve."""


@dataclasses.dataclass
class Program:
    """nginx's program and what it says of itself.

    :ivar handle: an open file of it, where its path leads nowhere any more.
    """

    path: str
    reader: Reader | None
    handle: int | None = None
    version: str = ""
    built: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    error: str = ""

    def run(self, *arguments: str, timeout: float = VERSION_TIMEOUT) -> subprocess.CompletedProcess[bytes]:
        """Run it so that it can change nothing.

        :raises OSError: it cannot be run.
        :raises subprocess.SubprocessError: it does not end, or cannot be kept from changing things.
        """
        if not is_possible():
            raise OSError(0, "system calls cannot be restricted on this machine")
        return run_reading([self.path, *arguments], self.reader, timeout, self.handle)


def read_arguments(words: t.Sequence[str]) -> Arguments:
    """Read what stands after nginx's name: ngx_get_options() in src/core/nginx.c."""
    values = {"c": "", "p": "", "g": "", "e": "", "s": ""}
    once = False
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        letters = word[1:] if word.startswith("-") else ""
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter in values:
                values[letter] = letters or (waiting.pop(0) if waiting else "")
                letters = ""
                once = once or letter == "s"
            elif letter in "?hvVtT":
                once = True
    return Arguments(tuple(words), values["c"], values["p"], values["g"], once)


def title_words(title: str) -> list[str]:
    """Return the arguments that a master's title shows. The title has lost which spaces were within a word: only ``-g`` has some.

    ngx_setproctitle() in src/os/unix/ngx_process_cycle.c: "nginx: master process " and all words of the call.
    """
    starts = [match.start() + len(match.group()) - 1 for match in _TITLE_OPTION.finditer(title)]
    words = title[: starts[0]].split(None, 1)[:1] if starts else title.split()
    for start, end in zip(starts, [*starts[1:], len(title)]):
        piece = title[start:end].strip()
        option, value = piece[:2], piece[2:].strip()
        words += [option, *([value] if option == "-g" else value.split())]
    return words[1:]


def inspect(program: Program) -> Program:
    """Let the program tell its version and how it was built."""
    try:
        said = program.run("-V").stderr.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError) as error:
        program.error = str(getattr(error, "strerror", "") or error)
        return program
    version = re.search(r"nginx version: \S*?/(\S+)", said)
    program.version = version.group(1) if version else ""
    program.built = _built(said)
    if not version:
        program.error = "it does not tell its version"
    return program


def _built(said: str) -> dict[str, t.Any]:
    line = re.search(r"configure arguments:(.*)", said)
    try:
        words = shlex.split(line.group(1)) if line else []
    except ValueError:
        words = line.group(1).split() if line else []
    built: dict[str, t.Any] = {"modules": []}
    for word in words:
        name, equals, value = word[2:].partition("=")
        if equals and not name.startswith(("with-", "add-")):
            built[name] = value
        elif name.startswith("with-") and not equals:
            built["modules"].append(name[len("with-") :])
        elif name.startswith("add-module"):
            built["modules"].append(os.path.basename(value.rstrip("/")))
    return built


def paths(program: Program, arguments: Arguments, cwd: str) -> tuple[str, str]:
    """Return the main file and the prefix for relative paths: ngx_process_options() in src/core/nginx.c.

    :param cwd: where nginx was started; it stays there.
    """
    prefix = os.path.join(cwd or "/", arguments.prefix) if arguments.prefix else str(program.built.get("prefix", DEFAULT_PREFIX))
    main = arguments.main or str(program.built.get("conf-path", "conf/nginx.conf"))
    return os.path.normpath(os.path.join(prefix, main)), os.path.normpath(prefix)


def running_program(exe: str | None, proc_exe: str, title: str, identity: Identity | None) -> Program:
    """Return the program of a process.

    :param exe: where /proc/PID/exe leads; None if that cannot be read.
    :param proc_exe: /proc/PID/exe itself, which can be opened even after the program was replaced.
    :param title: the first word of its call, for whom /proc hides the link.
    """
    deleted = bool(exe) and str(exe).endswith(_DELETED)
    path = str(exe)[: -len(_DELETED)] if deleted else exe or (title if os.path.isabs(title) else installed())
    handle = None
    if deleted and not os.path.exists(path):
        with contextlib.suppress(OSError):
            handle = os.open(proc_exe, os.O_RDONLY)
    return Program(path, reader_for(handle if handle is not None else path, identity), handle)


def reader_for(file: str | int, identity: Identity | None) -> Reader | None:
    """Return who may run this program for us; None for who we are.

    Whoever can replace the program, or has started it with a configuration of his own, must not get to read every file by it: it runs with
    the rights that it has already, or with none.
    """
    if os.geteuid() != 0:
        return None
    if identity and identity.uid != 0:
        return Reader(identity.uid, identity.gid, identity.groups)
    return nobody(reads_all=_only_root_writes(file))


def _only_root_writes(file: str | int) -> bool:
    """Tell whether root alone can change a program: the file, and each folder above it."""
    try:
        if isinstance(file, int):
            return _is_roots(os.stat(file))
        real = os.path.realpath(file)
        above = [real]
        while above[-1] != "/":
            above.append(os.path.dirname(above[-1]))
        return all(_is_roots(os.stat(path)) for path in above)
    except OSError:
        return False


def _is_roots(status: os.stat_result) -> bool:
    shared = status.st_mode & stat.S_IWOTH and not (stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX)
    return status.st_uid == 0 and not shared and not (status.st_mode & stat.S_IWGRP and status.st_gid != 0)


def installed(folders: str | None = None) -> str:
    """Return the path of an nginx that is installed, empty if there is none."""
    searched = [os.path.join(folder, "nginx") for folder in (os.environ.get("PATH", "") if folders is None else folders).split(":") if folder]
    for path in (*searched, *PLACES):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return ""
