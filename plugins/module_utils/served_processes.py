# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sharing the work on many files with a second process: Python runs the threads of one process one after the other."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import typing as t

from ansible_collections.webops.django.plugins.module_utils.http_client import Client
from ansible_collections.webops.django.plugins.module_utils.served_files import FileResult
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure

WORTH_IT = 1000
"""Files from which on a second process costs less than it saves."""

Results = t.List[t.Optional[FileResult]]
"""What each file brought, in the order of the paths; None where there was no time."""
Work = t.Callable[[t.Sequence[Client], t.Sequence[bytes]], Results]


def shared(work: Work, clients: t.Sequence[Client], paths: t.Sequence[bytes]) -> Results:
    """Do the work, in two processes where that is quicker, each with half of the clients and every other file.

    :param work: asks for files over clients; without side effects besides, for it may be done again where the second process dies.
    """
    if len(paths) < WORTH_IT or len(clients) < 2 or len(os.sched_getaffinity(0)) < 2:
        return work(clients, paths)
    # The first client has a connection already, which stays here: two processes cannot share one.
    with _Helper(work, clients[1::2], paths[1::2]) as helper:
        own = work(clients[0::2], paths[0::2])
        others = helper.results()
    if others is None:
        others = work(clients[0::2], paths[1::2])
    results: Results = [None] * len(paths)
    results[0::2], results[1::2] = own, others
    return results


class _Helper:
    """A second process that works; a context that ends it."""

    def __init__(self, work: Work, clients: t.Sequence[Client], paths: t.Sequence[bytes]) -> None:
        self._expected = len(paths)
        reading, writing = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(reading)
            _run(work, clients, paths, writing)
        os.close(writing)
        self._pipe = os.fdopen(reading, "rb")

    def __enter__(self) -> _Helper:
        return self

    def results(self) -> Results | None:
        """Wait for what it found; None if it has died."""
        try:
            results = unpacked(json.loads(self._pipe.read()))
        except ValueError:
            return None
        return results if len(results) == self._expected else None

    def __exit__(self, *_rest: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)
        self._pipe.close()
        os.waitpid(self._pid, 0)


def _run(work: Work, clients: t.Sequence[Client], paths: t.Sequence[bytes], pipe: int) -> t.NoReturn:
    status = 1
    try:
        content = json.dumps(packed(work(clients, paths))).encode()
        with os.fdopen(pipe, "wb") as file:
            file.write(content)
        status = 0
    finally:
        # Neither this process's exception nor its exit is the module's.
        os._exit(status)


def packed(results: Results) -> list[t.Any]:
    """Return results as JSON takes them. Those of good files are few different ones, so each is told once."""
    known: dict[FileResult | None, int] = {}
    numbers = [known.setdefault(result, len(known)) for result in results]
    return [[None if one is None else [[dataclasses.astuple(failure) for failure in one.failures], *one[1:]] for one in known], numbers]


def unpacked(content: t.Any) -> Results:
    """Return the results of which :func:`packed` made this.

    :raises ValueError: of something else.
    """
    try:
        known, numbers = content
        different = [None if one is None else _result(one) for one in known]
        return [different[number] for number in numbers]
    except (TypeError, LookupError) as error:
        raise ValueError("these are no results") from error


def _result(one: list[t.Any]) -> FileResult:
    failures, by_nginx, encodings, conditional, is_range, silent = one
    return FileResult(tuple(Failure(*failure) for failure in failures), by_nginx, tuple(encodings), conditional, is_range, silent)
