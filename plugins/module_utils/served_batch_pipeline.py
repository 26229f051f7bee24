# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One client's requests about many files, several of them on the way at a time."""

from __future__ import annotations

import collections
import contextlib
import threading
import typing as t

from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, Connection, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_files import FileCheck, FileResult, Questions

HIGH, LOW = 48, 24
"""Requests on the way at most, and the number at which more are sent: the server is never without work."""
MAX_SENT = 16384
"""Bytes of requests on the way, but for the last one. A server that cannot send takes no more requests, so they must fit into buffers."""
ENOUGH = 32
"""Answers after which a server that closes the connection is taken to have a limit to the requests on one, as nginx has."""
SKIPPED = 1 << 20
"""Bytes of a wrong body that are read for the sake of the answers behind it."""


GIVE_UP = 20
"""Files in a row, over all connections, after whose silence the rest is not asked for."""


class Batch:
    """The files that are still to be asked for, and what has been found out; shared by all threads."""

    def __init__(self, paths: t.Sequence[bytes]) -> None:
        self.paths = paths
        self.results: list[FileResult | None] = [None] * len(paths)
        self.pipelining = True
        """Whether the server has borne it so far."""
        self.turn = threading.Lock()
        """Held by the thread that reads answers. Python runs one at a time anyway, and is slow at changing between them;
        what comes for the others waits in the kernel meanwhile."""
        self._numbers = iter(range(len(paths)))
        self._lock = threading.Lock()
        self._silent = 0

    @property
    def given_up(self) -> bool:
        """Whether so many files brought nothing that the rest is not asked for."""
        return self._silent >= GIVE_UP

    def next(self) -> int | None:
        """Return the number of a file that nobody has asked for; None where there is none, or the server is given up."""
        if self.given_up:
            return None
        with self._lock:
            return next(self._numbers, None)

    def note(self, number: int, result: FileResult) -> None:
        """Keep what a file brought."""
        self.results[number] = result
        if result.silent:
            with self._lock:
                self._silent += 1
        elif self._silent and not result.failures:
            self._silent = 0


class _Step(t.NamedTuple):
    """A request that was sent, or will be."""

    number: int
    check: FileCheck
    kind: str
    request: bytes


class Pipeline:
    """Files for which the answers come in the order of the requests."""

    def __init__(self, client: Client, questions: Questions, batch: Batch) -> None:
        self._client = client
        self._questions = questions
        self._batch = batch
        self._alone: collections.deque[int] = collections.deque()
        self._accused: set[int] = set()
        self._sent: collections.deque[_Step] = collections.deque()
        self._ready: collections.deque[_Step] = collections.deque()
        self._connection: Connection | None = None
        self._answered = 0
        self._suspect = False

    @property
    def has_alone(self) -> bool:
        """Whether there are files that must be asked for one by one."""
        return bool(self._alone)

    def alone(self) -> int | None:
        """Return the number of the file that is to be asked for by itself now."""
        if self._batch.given_up:
            return None
        return self._alone.popleft() if self._alone else self._batch.next()

    def accused(self, number: int) -> bool:
        """Tell whether a file looked wrong in the pipeline."""
        return number in self._accused

    def run(self) -> None:
        """Ask for files, until there are none left, some must be asked for by themselves, or the server does not bear it.

        :raises DeadlineError: the time for the whole work is over.
        """
        try:
            while True:
                answered = self._run_on(self._client.open(self._questions.origin))
                if not self._sent and not self._ready:
                    # What looked wrong may have been an answer too many, and the next one still be on its way.
                    if self._suspect:
                        self._client.drop(self._questions.origin)
                    return
                # The server has closed the connection, after so many requests as it takes on one, or it was not worth keeping.
                if answered < ENOUGH:
                    self._give_up()
                    return
                self._ready.extendleft(reversed(self._sent))
                self._sent.clear()
        except TransportError:
            self._give_up()
        finally:
            for step in (*self._sent, *self._ready):
                step.check.close()
            self._sent.clear()
            self._ready.clear()

    def _run_on(self, connection: Connection) -> int:
        """Ask over a connection as long as it lasts; return how many requests it has answered."""
        if connection is not self._connection:
            self._connection, self._answered, self._suspect = connection, 0, False
        while True:
            with self._turn():
                for _number in range(LOW):
                    if not self._top_up(connection):
                        return self._answered
                    answer = connection.receive(self._client.limit())
                    self._take(answer)
                    self._answered += 1
                    if not answer.reusable:
                        self._client.drop(self._questions.origin)
                        # A wrong body that was too long to be read says nothing against the server.
                        return ENOUGH if answer.lasting else self._answered

    @contextlib.contextmanager
    def _turn(self) -> t.Iterator[None]:
        """Wait for one's turn; not for a thread that waits for a server that turned out not to bear this."""
        with self._batch.turn:
            if self._batch.pipelining:
                yield
                return
        yield

    def _give_up(self) -> None:
        """Ask for what was not answered one by one, for pipelining may be at fault."""
        self._batch.pipelining = False
        self._client.drop(self._questions.origin)
        self._alone.extend({step.number: None for step in (*self._sent, *self._ready) if step.number not in self._accused})

    def _top_up(self, connection: Connection) -> bool:
        """Send more requests when few are on the way; return whether any are."""
        if len(self._sent) <= LOW:
            # On a new connection one request goes ahead, for nginx sends small answers at once (TCP_NODELAY) only after it
            # has seen a connection without a request.
            most = HIGH if self._answered else 1
            requests, size = [], sum([len(step.request) for step in self._sent])
            while len(self._sent) < most and size < MAX_SENT and (self._ready or self._begin()):
                step = self._ready.popleft()
                self._sent.append(step)
                requests.append(step.request)
                size += len(step.request)
            if requests:
                connection.send(b"".join(requests), self._client.limit())
        return bool(self._sent)

    def _begin(self) -> bool:
        """Make the next file's questions ready; tell whether there is one."""
        number = self._batch.next() if self._batch.pipelining and not self._alone else None
        if number is None:
            return False
        try:
            check = FileCheck(self._questions, self._batch.paths[number])
        except OSError:
            self._alone.append(number)
            return False
        self._ready.extend([_Step(number, check, *question) for question in check.first_questions()])
        return True

    def _take(self, answer: Answer) -> None:
        number, check, kind, _request = self._sent[0]
        if check.faults:
            check.open -= 1
        else:
            self._ready.extend([_Step(number, check, *question) for question in check.take(kind, answer)])
        if not answer.finished:
            _skip(answer)
        self._sent.popleft()
        if check.faults and self._sent:
            self._suspect = True
        if check.faults and number not in self._accused:
            self._accused.add(number)
            self._alone.append(number)
        if not check.open:
            check.close()
            if not check.faults:
                self._batch.note(number, check.result())


def _skip(answer: Answer) -> None:
    """Read the rest of a body, as far as it is worth the while."""
    skipped = 0
    for chunk in answer.chunks():
        skipped += len(chunk)
        if skipped > SKIPPED:
            break
