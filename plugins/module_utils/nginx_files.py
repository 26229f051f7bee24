# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an nginx configuration as they are on the disk: those that includes reach, and those that hold a site and are not reached.

Nothing is executed, so this works for a configuration that nginx refuses, and for one that is not the running one's.
"""

from __future__ import annotations

import dataclasses
import glob
import os
import re
import stat
import typing as t

from ansible_collections.webops.django.plugins.module_utils.nginx_scan import shortened, statements

READ_LIMIT = 64 * 1024 * 1024
"""Bytes of one file from which on it is not read."""

TOTAL_LIMIT = 8 * 1024 * 1024
"""Characters of all files together."""

UNREACHED_LIMIT = 100
UNREACHED_SIZE = 256 * 1024
LISTED_LIMIT = 5000
"""Entries of the configuration's folder that are looked at for files that nothing includes."""

_SERVER = re.compile(r"(?:^|[;{}])\s*server\s*\{", re.MULTILINE)
_MAGIC = re.compile(r"[*?[]")


@dataclasses.dataclass
class ConfigurationFiles:
    """What was found; see the fields of the same names in the evidence.

    :ivar globbed: folders in which includes look for names.
    """

    main: str
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    unreadable: dict[str, str] = dataclasses.field(default_factory=dict)
    shortened: list[str] = dataclasses.field(default_factory=list)
    missing: list[str] = dataclasses.field(default_factory=list)
    links: dict[str, str] = dataclasses.field(default_factory=dict)
    dangling: list[dict[str, str]] = dataclasses.field(default_factory=list)
    globbed: set[str] = dataclasses.field(default_factory=set)


def read_files(main: str, globals_: str = "") -> ConfigurationFiles:
    """Follow the includes from the main file on.

    :param main: absolute path.
    :param globals_: directives of ``nginx -g``.
    """
    found = ConfigurationFiles(main)
    waiting = [main, *_included(globals_, found)]
    total = 0
    while waiting:
        path = waiting.pop(0)
        if path in found.files or path in found.unreadable or path in found.missing:
            continue
        text = _read_into(path, found)
        if text is None:
            continue
        total += len(text)
        if total > TOTAL_LIMIT:
            found.unreadable[path] = "left out: all files together are larger than 8 MB"
            total -= len(text)
            continue
        found.files[path] = text
        if "include" in text:
            waiting[:0] = _included(text, found)
    _look_at_links(found)
    return found


def _included(text: str, found: ConfigurationFiles) -> list[str]:
    """Return the paths that a text's includes reach, in nginx's order: ngx_conf_include() in src/core/ngx_conf_file.c."""
    paths: list[str] = []
    for item in statements(text, ("include",)) if text else ():
        if len(item.arguments) != 1 or "\0" in item.arguments[0]:
            continue
        path = os.path.normpath(os.path.join(os.path.dirname(found.main), item.arguments[0]))
        if _MAGIC.search(path):
            folder = os.path.dirname(path)
            found.globbed.update(glob.glob(folder) if _MAGIC.search(folder) else [folder])
            paths += sorted(glob.glob(path), key=os.fsencode)
        else:
            paths.append(path)
    return paths


def _read_into(path: str, found: ConfigurationFiles) -> str | None:
    """Read a file, or note why it has no text."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        found.missing.append(path)
        return None
    except (OSError, ValueError) as error:
        found.unreadable[path] = str(getattr(error, "strerror", "") or error)
        return None
    short = shortened(text)
    if short is not text and short != text:
        found.shortened.append(path)
    return short


def read_text(path: str) -> str:
    """Return a regular file's text; bytes that are no UTF-8 survive as surrogates.

    :raises OSError: it cannot be read.
    :raises ValueError: it is no regular file, or huge. Opening a pipe would wait for a writer.
    """
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is no regular file")
    if status.st_size > READ_LIMIT:
        raise ValueError(f"has {status.st_size} bytes")
    with open(path, "rb") as file:
        return file.read(READ_LIMIT).decode("utf-8", "surrogateescape")


def _look_at_links(found: ConfigurationFiles) -> None:
    for path in sorted({*found.files, *found.unreadable, *found.missing}):
        try:
            target = os.readlink(path)
        except (OSError, ValueError):
            continue
        found.links[path] = target
        if not os.path.exists(path):
            found.dangling.append({"path": path, "target": target})


def unreached_files(found: ConfigurationFiles, folders: t.Iterable[str]) -> dict[str, str]:
    """Return the files below these folders that hold a server block and that no include reaches.

    A link to such a file, and another name of a file that is reached, is none.
    """
    reached = {os.path.realpath(path) for path in found.files}
    unreached: dict[str, str] = {}
    for path in _below(folders):
        if len(unreached) >= UNREACHED_LIMIT:
            break
        real = os.path.realpath(path)
        if real in reached or path in found.files or real in unreached:
            continue
        text = _small_text(path)
        if text and _SERVER.search(text) and statements(text, ("server",)):
            unreached[path] = text
            reached.add(real)
    return unreached


def _below(folders: t.Iterable[str]) -> t.Iterator[str]:
    count = 0
    for top in folders:
        for folder, names, files in os.walk(top):
            # Nothing two levels below sites-available and its like is anybody's site.
            if folder.count("/") - top.rstrip("/").count("/") >= 3:
                names[:] = []
            names.sort()
            for name in sorted(files):
                count += 1
                if count > LISTED_LIMIT:
                    return
                yield os.path.join(folder, name)


def _small_text(path: str) -> str:
    try:
        return read_text(path) if os.stat(path).st_size <= UNREACHED_SIZE else ""
    except (OSError, ValueError):
        return ""


def changes(found: ConfigurationFiles) -> dict[str, float]:
    """Return when each file, the link that leads to it, and each folder that includes look into was last changed.

    By ctime, which no copy can set back; of a folder by mtime, which changes with the names in it.
    """
    times: dict[str, float] = {}
    for path in (*found.files, *found.links):
        for look in (os.stat, os.lstat):
            try:
                times[path] = max(times.get(path, 0.0), look(path).st_ctime)
            except OSError:
                continue
    for folder in found.globbed:
        try:
            times[folder] = os.stat(folder).st_mtime
        except OSError:
            continue
    return times
