# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of a diagnosis, over a clock of the test's own."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils import diagnosis_pace
from ansible_collections.webops.django.plugins.module_utils.diagnosis_pace import AGAIN_MOST, GIVE_UP, PATIENCE, Pace, Patience, ask_again, is_limited
from ansible_collections.webops.django.plugins.module_utils.http_route import Deadline, DeadlineError


class Clock:
    """Goes on only where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


@pytest.fixture(name="clock")
def clock_fixture(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(diagnosis_pace, "time", clock)
    return clock


def deadline(clock: Clock, seconds: float) -> Deadline:
    made = Deadline(seconds)
    made.end = clock.now + seconds
    return made


def test_a_rate_is_kept(clock: Clock) -> None:
    pace = Pace(4)
    for _number in range(3):
        pace.wait(deadline(clock, 60))
    assert clock.slept == [0, 0.25, 0.25]
    clock.now += 10
    pace.wait(deadline(clock, 60))
    assert clock.slept[3:] == [0]


def test_no_rate_is_no_wait(clock: Clock) -> None:
    for _number in range(3):
        Pace(0).wait(deadline(clock, 60))
    assert clock.slept == []


def test_a_rate_ends_with_the_time(clock: Clock) -> None:
    pace, end = Pace(0.5), deadline(clock, 3)
    pace.wait(end)
    pace.wait(end)
    with pytest.raises(DeadlineError):
        pace.wait(end)


@pytest.mark.parametrize(
    ("status", "server", "limited"),
    [(429, "nginx", True), (503, "unknown", True), (503, "app", False), (502, "nginx", False), (200, "nginx", False), (None, "unknown", False)],
)
def test_what_may_be_a_limit(status: int | None, server: str, limited: bool) -> None:
    assert is_limited(status, server) is limited


def test_slowness_helps(clock: Clock) -> None:
    assert ask_again([1, 2, 3], lambda _item: True, deadline(clock, 60), clock.sleep) == ([1, 2, 3], [])
    assert clock.slept == [1, 1, 1]


def test_slowness_does_not_help(clock: Clock) -> None:
    asked: list[int] = []

    def ask(item: int) -> bool:
        asked.append(item)
        return False

    assert ask_again(range(100), ask, deadline(clock, 60), clock.sleep) == ([], [])
    assert asked == list(range(PATIENCE))
    assert clock.slept == [1, 2, 4]


def test_the_second_pause_is_longer(clock: Clock) -> None:
    relieved, left = ask_again([1, 2, 3], lambda item: item > 1, deadline(clock, 60), clock.sleep)
    assert (relieved, left, clock.slept) == ([2, 3], [], [1, 2, 2])


def test_what_there_is_no_time_for_is_told(clock: Clock) -> None:
    relieved, left = ask_again(list(range(10)), lambda _item: True, deadline(clock, 3.5), clock.sleep)
    assert (relieved, left) == ([0, 1, 2], [3, 4, 5, 6, 7, 8, 9])


def test_no_more_than_so_many(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis_pace, "AGAIN_SECONDS", 1000.0)
    relieved, left = ask_again(list(range(AGAIN_MOST + 2)), lambda _item: True, deadline(clock, 1000), clock.sleep)
    assert (len(relieved), left) == (AGAIN_MOST, [AGAIN_MOST, AGAIN_MOST + 1])


def test_nothing_was_refused(clock: Clock) -> None:
    assert ask_again([], lambda _item: True, deadline(clock, 60), clock.sleep) == ([], [])


def test_patience_ends_with_silence_only() -> None:
    patience = Patience(10)
    for status, seconds in [*[(None, 10.0)] * (GIVE_UP - 1), (200, 9.5), *[(None, 0.1)] * 50, *[(None, 9.1)] * (GIVE_UP - 1)]:
        patience.note(status, seconds)
        assert not patience.is_over
    patience.note(None, 10)
    assert patience.is_over
