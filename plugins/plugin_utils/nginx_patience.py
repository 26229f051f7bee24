# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns that may take for ever: PCRE gives up at its match limit, Python's re does not."""

from __future__ import annotations

import functools
import re
import signal
import threading
import typing as t

SECONDS = 0.2
"""Processor time for one search of a pattern that repeats what repeats."""
SHORT = 20
"""Characters up to which even such a pattern is quick."""
_REPEATS = re.compile(r"[*+}]\)+(?:[*+]|\{\d+,)|[*+}][^()]*\)(?:[*+]|\{\d+,)|\)[*+][^()]*\)(?:[*+]|\{\d+,)")


class ImpatientError(Exception):
    """The search took too long."""


@functools.lru_cache(maxsize=4096)
def may_take_long(pattern: str) -> bool:
    """Tell whether a pattern repeats what itself repeats, as in ``(a+)+``."""
    return bool(_REPEATS.search(pattern))


def search_patiently(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """Search, but not for ever.

    :raises ImpatientError: it took longer than :data:`SECONDS`, or nobody can look at the clock.
    """
    if len(text) <= SHORT or not may_take_long(pattern.pattern):
        return pattern.search(text)
    if threading.current_thread() is not threading.main_thread():
        raise ImpatientError(f"{pattern.pattern} may take for ever")

    def stop(*_rest: t.Any) -> None:
        raise ImpatientError(f"{pattern.pattern} takes too long for {text[:60]}")

    # Ansible's own time limit of a task is kept with SIGALRM; this is another clock.
    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        return pattern.search(text)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
