# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service's unit files and what they were before, so that a change that does not work can be taken back, even by a later run."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import is_as_wanted, make_folders, read_file, write_file

MODE = 0o644
Texts = t.Dict[str, t.Optional[str]]


class Before(t.NamedTuple):
    """What there was: the files' texts by path, None for a missing one, and what ran."""

    texts: Texts
    service_active: bool
    socket_active: bool


def _text(path: str) -> str | None:
    try:
        content = read_file(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    return None if content is None else content.decode("utf-8", "surrogateescape")


def _unreadable(path: str, error: OSError) -> ExplainedError:
    return ExplainedError(f"{path} cannot be read: {error.strerror or error}; it must be a file, or missing. Nothing was changed.")


def snapshot(paths: t.Iterable[str], service_active: bool, socket_active: bool) -> Before:
    """Return what there is."""
    return Before({path: _text(path) for path in paths}, service_active, socket_active)


def differing(wanted: t.Mapping[str, str]) -> list[str]:
    """Return the paths whose file is not as wanted.

    :raises ExplainedError: something there cannot be read.
    """
    found = []
    for path, text in wanted.items():
        try:
            if not is_as_wanted(path, text.encode("utf-8", "surrogateescape"), MODE, os.geteuid(), os.getegid()):
                found.append(path)
        except OSError as error:
            raise _unreadable(path, error) from error
    return found


def diffs(wanted: t.Mapping[str, str], paths: t.Iterable[str]) -> list[dict[str, str]]:
    """Return Ansible's diff of files."""
    return [{"before_header": path, "after_header": path, "before": _text(path) or "", "after": wanted[path]} for path in paths]


def install(texts: t.Mapping[str, str | None]) -> None:
    """Make the files hold these texts; a text of None removes the file.

    :raises ExplainedError: a file cannot be written.
    """
    for path, text in texts.items():
        if text is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            continue
        try:
            make_folders(os.path.dirname(path))
        except ExplainedError as error:
            raise ExplainedError(f"The folder of {path} cannot be made: {error}") from error
        write_file(path, text.encode("utf-8", "surrogateescape"), MODE, os.geteuid(), os.getegid())


def newest(paths: t.Iterable[str]) -> float:
    """Return when the last of these files was changed, in seconds since the epoch: by ctime, which no copy can set back."""
    times = [0.0]
    for path in paths:
        with contextlib.suppress(OSError):
            times.append(os.stat(path).st_ctime)
    return max(times)


class Journal:
    """Remembers on the disk what there was, from before the first change until the service answers.

    A run that was killed leaves it behind, and the next one knows by it what once worked.
    systemd reads no file of that name.
    """

    def __init__(self, folder: str, name: str) -> None:
        self._path = os.path.join(folder, f".{name}.webops-before.json")

    def read(self) -> Before | None:
        """Return what a killed run left."""
        content = read_file(self._path)
        try:
            return Before(**json.loads(content)) if content else None
        except (ValueError, TypeError):
            return None

    def write(self, before: Before) -> None:
        """Remember."""
        make_folders(os.path.dirname(self._path))
        write_file(self._path, json.dumps(before._asdict()).encode(), 0o600, os.geteuid(), os.getegid())

    def forget(self) -> None:
        """The change is done, or taken back."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
