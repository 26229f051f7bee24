# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking for many files over several connections."""

from __future__ import annotations

import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils.http_client import Client, DeadlineError
from ansible_collections.webops.django.plugins.module_utils.served_files import FileResult, Tree, check_file

GIVE_UP = 20
"""Files in a row, over all connections, after whose silence the rest is not asked for."""


def check_files(clients: t.Sequence[Client], tree: Tree, paths: t.Sequence[bytes]) -> tuple[list[FileResult], int]:
    """Ask for files over several connections.

    :returns: what each brought, in the order of the paths; and for how many there was no time.
    """
    results: dict[int, FileResult] = {}
    numbers, lock = iter(range(len(paths))), threading.Lock()
    silent: list[int] = []

    def work(client: Client) -> None:
        while len(silent) < GIVE_UP:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                result = check_file(client, tree, paths[number])
            except DeadlineError:
                return
            results[number] = result
            if result.silent:
                silent.append(number)
            elif not result.failures:
                silent.clear()

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, clients))
    return [results[number] for number in sorted(results)], len(paths) - len(results)
