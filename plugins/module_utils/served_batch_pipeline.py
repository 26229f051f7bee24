# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One client's requests about many files, several of them on the way at a time."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, Connection, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_files import FileCheck, FileResult, Questions

HIGH, LOW = 48, 24
"""Requests on the way at most, and the number at which more are sent: the server is never without work."""
MAX_SENT = 16384
"""Bytes of requests that are sent at a time. A server that cannot send takes no more requests, so they must fit into buffers."""
ENOUGH = 32
"""Answers after which a server that closes the connection is taken to have a limit to the requests on one, as nginx has."""
SKIPPED = 1 << 20
"""Bytes of a wrong body that are read for the sake of the answers behind it."""


class _Step(t.NamedTuple):
    """A request that was sent, or will be."""

    number: int
    check: FileCheck
    kind: str
    request: bytes


class Pipeline:
    """Files for which the answers come in the order of the requests.

    :param paths: of all files; a file is known by its number among them.
    :param next_number: gives the number of a file that nobody has asked for, or None.
    :param note: takes what a good file brought.
    """

    def __init__(
        self,
        client: Client,
        questions: Questions,
        paths: t.Sequence[bytes],
        next_number: t.Callable[[], int | None],
        note: t.Callable[[int, FileResult], None],
    ) -> None:
        self._client = client
        self._questions = questions
        self._paths = paths
        self._next_number = next_number
        self._note = note
        self._alone: collections.deque[int] = collections.deque()
        self._again: collections.deque[int] = collections.deque()
        self._accused: set[int] = set()
        self._sent: collections.deque[_Step] = collections.deque()
        self._ready: collections.deque[_Step] = collections.deque()
        self._connection: Connection | None = None
        self._answered = 0

    @property
    def has_alone(self) -> bool:
        """Whether there are files that must be asked for one by one."""
        return bool(self._alone)

    def alone(self) -> int | None:
        """Return the number of the file that is to be asked for by itself now."""
        if self._alone:
            return self._alone.popleft()
        return self._again.popleft() if self._again else self._next_number()

    def accused(self, number: int) -> bool:
        """Tell whether a file looked wrong in the pipeline."""
        return number in self._accused

    def run(self) -> bool:
        """Ask for files, until there are none left or some must be asked for by themselves.

        :returns: whether the server bears it.
        :raises DeadlineError: the time for the whole work is over.
        """
        connection = self._client.open(self._questions.origin)
        if connection is not self._connection:
            self._connection, self._answered = connection, 0
        try:
            while self._top_up(connection):
                answer = connection.receive(self._client.limit())
                self._take(answer)
                if not answer.reusable:
                    return self._break_off(answer.lasting or self._answered >= ENOUGH)
        except TransportError:
            return self._break_off(False)
        finally:
            for step in (*self._sent, *self._ready):
                step.check.close()
            self._sent.clear()
            self._ready.clear()
        return True

    def _top_up(self, connection: Connection) -> bool:
        """Send more requests when few are on the way; return whether any are."""
        if len(self._sent) <= LOW:
            requests, size = [], 0
            while len(self._sent) < HIGH and size < MAX_SENT and (self._ready or self._begin()):
                step = self._ready.popleft()
                self._sent.append(step)
                requests.append(step.request)
                size += len(step.request)
            if requests:
                connection.send(b"".join(requests), self._client.limit())
        return bool(self._sent)

    def _begin(self) -> bool:
        """Make the next file's questions ready; tell whether there is one."""
        while not self._alone:
            number = self._again.popleft() if self._again else self._next_number()
            if number is None:
                return False
            try:
                check = FileCheck(self._questions, self._paths[number])
            except OSError:
                self._alone.append(number)
                return False
            self._ready.extend(_Step(number, check, *question) for question in check.first_questions())
            return True
        return False

    def _take(self, answer: Answer) -> None:
        number, check, kind, _request = self._sent[0]
        if check.faults:
            check.open -= 1
        else:
            self._ready.extend(_Step(number, check, *question) for question in check.take(kind, answer))
        if not answer.finished:
            _skip(answer)
        self._sent.popleft()
        self._answered += 1
        if check.faults and number not in self._accused:
            self._accused.add(number)
            self._alone.append(number)
        if not check.open:
            check.close()
            if not check.faults:
                self._note(number, check.result())

    def _break_off(self, bears_it: bool) -> bool:
        """Give up the connection; what was not answered is asked again, one by one where pipelining may be at fault."""
        self._client.drop(self._questions.origin)
        unanswered = {step.number: None for step in (*self._sent, *self._ready) if step.number not in self._accused}
        (self._again if bears_it else self._alone).extend(unanswered)
        return bears_it


def _skip(answer: Answer) -> None:
    """Read the rest of a body, as far as it is worth the while."""
    skipped = 0
    for chunk in answer.chunks():
        skipped += len(chunk)
        if skipped > SKIPPED:
            break
