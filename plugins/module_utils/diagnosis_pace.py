# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast to ask: as slowly as a server that limits requests wants it, so that a limit is not taken for a fault."""

from __future__ import annotations

import threading
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.http_route import Deadline, DeadlineError

LIMITED = (429, 503)
"""What nginx's limit_req and limit_conn answer with (limit_req_status, limit_conn_status)."""
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 4.0
"""Seconds between requests that are asked once more."""
PATIENCE = 3
"""Requests that are refused again, after which slowness is known not to help."""
AGAIN_SECONDS = 12.0
"""What asking again may take."""
AGAIN_MOST = 30
GIVE_UP = 4
"""Requests in a row that brought no answer in time, after which the rest of a site is not asked for."""
TOO_LATE = "not asked, for the time was over"
SILENT = "not asked, for the server had given no answer several times"
LEFT = "the server limits requests, and it was not asked again slowly"

_Item = t.TypeVar("_Item")


class Pace:
    """A rate that several threads keep together.

    :param per_second: requests; 0: as many as there are.
    """

    def __init__(self, per_second: float = 0) -> None:
        self._interval = 1 / per_second if per_second > 0 else 0.0
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, deadline: Deadline) -> None:
        """Wait until the next request may go out.

        :raises DeadlineError: that is too late.
        """
        if not self._interval:
            return
        with self._lock:
            moment = max(self._next, time.monotonic())
            if moment >= deadline.end:
                raise DeadlineError
            self._next = moment + self._interval
        time.sleep(max(0.0, moment - time.monotonic()))


class Patience:
    """Counts the requests in a row that brought no answer in time, over all threads.

    :param timeout: seconds that a request may take.
    """

    def __init__(self, timeout: float) -> None:
        self._enough = timeout * 0.9
        self._silent = 0
        self._lock = threading.Lock()

    @property
    def is_over(self) -> bool:
        """Whether it is not worth while to go on."""
        return self._silent >= GIVE_UP

    def note(self, status: int | None, seconds: float) -> None:
        """Count a request that took so long."""
        with self._lock:
            self._silent = self._silent + 1 if status is None and seconds >= self._enough else 0


def is_limited(status: int | None, server: str) -> bool:
    """Tell whether an answer may be a limit's: what the application itself refuses is none."""
    return status in LIMITED and server != "app"


def ask_again(
    refused: t.Sequence[_Item], ask: t.Callable[[_Item], bool], deadline: Deadline, pause: t.Callable[[float], None] = time.sleep
) -> tuple[list[_Item], list[_Item]]:
    """Ask slowly for what was refused when it was asked for fast.

    :param ask: asks once more and tells whether it was not refused.
    :returns: what was then answered; and what there was no time for, where slowness was seen to help.
    """
    end = min(deadline.end, time.monotonic() + AGAIN_SECONDS)
    relieved: list[_Item] = []
    seconds, number = FIRST_PAUSE, 0
    for number, item in enumerate(refused[:AGAIN_MOST]):
        if (number >= PATIENCE and not relieved) or time.monotonic() + seconds >= end:
            break
        pause(seconds)
        if ask(item):
            relieved.append(item)
        else:
            seconds = min(seconds * 2, LONGEST_PAUSE)
    else:
        number = min(len(refused), AGAIN_MOST)
    return relieved, list(refused[number:]) if relieved else []
