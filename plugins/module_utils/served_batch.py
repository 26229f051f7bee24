# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking for many files over several connections, with several requests on the way over each.

Pipelining (RFC 9112 9.3.2) is what makes it fast, and nothing but that: a file counts as wrong only by answers that came to
requests asked one by one. So a server that does not bear pipelining costs time, and never a wrong word.
"""

from __future__ import annotations

import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils.http_client import Client, DeadlineError
from ansible_collections.webops.django.plugins.module_utils.served_batch_pipeline import GIVE_UP, Batch, Pipeline
from ansible_collections.webops.django.plugins.module_utils.served_files import Expectations, FileResult, Questions, Tree, check_file
from ansible_collections.webops.django.plugins.module_utils.served_processes import Results, shared

__all__ = ["GIVE_UP", "check_files"]


def check_files(
    clients: t.Sequence[Client], tree: Tree, paths: t.Sequence[bytes], expect: Expectations | None = None
) -> tuple[list[FileResult], int]:
    """Ask for files over several connections.

    :param expect: what must hold beside the content; by default all that is known here.
    :returns: what each brought, in the order of the paths; and for how many there was no time.
    """
    questions = Questions(tree, expect or Expectations())

    def work(some_clients: t.Sequence[Client], some_paths: t.Sequence[bytes]) -> Results:
        batch = Batch(some_paths)
        with ThreadPoolExecutor(len(some_clients)) as pool:
            list(pool.map(lambda client: _work(client, questions, batch), some_clients))
        return list(batch.results)

    results = [result for result in shared(work, clients, paths) if result is not None]
    return results, len(paths) - len(results)


def _work(client: Client, questions: Questions, batch: Batch) -> None:
    """Ask for one file by itself, and as soon as that has shown that the connection lasts, for many at once; and so on."""
    pipeline = Pipeline(client, questions, batch)
    try:
        while (number := pipeline.alone()) is not None:
            result = check_file(client, questions, batch.paths[number])
            batch.note(number, result)
            if pipeline.accused(number) and not result.failures:
                batch.pipelining = False
            if batch.pipelining and not pipeline.has_alone and client.idle(questions.origin) is not None:
                pipeline.run()
    except DeadlineError:
        return
