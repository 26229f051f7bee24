# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of nginx's error logs that concern given paths or words, without what may be secret in them."""

from __future__ import annotations

import collections
import os
import re
import stat
import typing as t

TAIL = 256 << 10
"""Bytes that are read from the end of each log."""
MOST_LOGS = 40
MOST_LINES = 200
MOST_PER_WORD = 20
"""Lines that one word may bring, so that a flood of one complaint does not hide the others."""
MOST_CHARACTERS = 2000
_TIME = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ")
"""How nginx begins a line of its error log: local time."""
_QUERY = re.compile(r"\?[^\s\"',]*")
_USER = re.compile(r"(?<=//)[^/\s\"'@]+@")
_SECRET = re.compile(
    r"\b(set-cookie|cookie|authorization|csrf\w*|session\w*|pass(?:word|wd)?|secret\w*|token\w*|api[_-]?key)\b(\"?\s*[:=]\s*)(\"[^\"]*\"?|[^,]+)",
    re.IGNORECASE,
)


def log_lines(paths: t.Iterable[str], words: t.Sequence[str] = (), tail: int = TAIL, since: str = "") -> list[str]:
    """Return lines of error logs, newest last.

    :param paths: arguments of error_log: files or folders of logs. What is no file on disk (``stderr``, ``syslog:…``, ``memory:…``, ``/dev/null``)
        is left out.
    :param words: paths and words of which a line must hold one; empty: every line is taken.
    :param tail: bytes that are read from the end of each log.
    :param since: lines that begin with an earlier time are left out: nginx's ``YYYY/MM/DD HH:MM:SS``, local.
    """
    lines: list[tuple[str, str]] = []
    logs = list(dict.fromkeys(log for argument in paths for log in _logs(argument)))
    for path in logs[:MOST_LOGS]:
        at = ""
        for line in _last_lines(path, tail):
            # A line that goes on over several has its time in the first.
            at = line[:19] if _TIME.match(line) else at
            if at >= since:
                lines.append((at, line))
    lines.sort(key=lambda line: line[0])
    return [without_secrets(line) for line in _chosen([line for _at, line in lines], words)]


def _chosen(lines: t.Sequence[str], words: t.Sequence[str]) -> list[str]:
    """Choose from the newest on."""
    brought: collections.Counter[str] = collections.Counter()
    chosen: list[str] = []
    for line in reversed(lines):
        held = [word for word in words if word in line]
        if len(chosen) < MOST_LINES and (not words or any(brought[word] < MOST_PER_WORD for word in held)):
            brought.update(held)
            chosen.append(line)
    return chosen[::-1]


def without_secrets(line: str) -> str:
    """Return a line without query strings, user names in URLs, cookies, and values that are named like secrets."""
    line = _QUERY.sub("?…", _USER.sub("…@", line))
    return _SECRET.sub(r"\1\2…", line)[:MOST_CHARACTERS]


def _logs(path: str) -> list[str]:
    """Return the files that an argument of error_log stands for: itself, and the one that was rotated last."""
    if not path.startswith("/") or "\0" in path:
        return []
    if os.path.isdir(path):
        try:
            names = sorted(name for name in os.listdir(path) if "error" in name and name.endswith((".log", "_log")))
        except OSError:
            return []
        return [log for name in names[:MOST_LOGS] for log in _with_rotated(os.path.join(path, name))]
    return _with_rotated(path)


def _with_rotated(path: str) -> list[str]:
    return [f"{path}.1", path]


def _last_lines(path: str, tail: int) -> list[str]:
    """Return the last lines of a plain file. The first one is left out where it was cut."""
    try:
        # A pipe's writer is not woken, and a device is not started.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return []
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - tail))
            text = file.read(tail)
    except OSError:
        return []
    if size > tail:
        text = text.partition(b"\n")[2]
    return text.decode("utf-8", "backslashreplace").splitlines()
