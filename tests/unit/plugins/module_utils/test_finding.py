# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a finding together."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.finding import EXAMPLES, finding, some


def test_examples_are_bounded_and_counted() -> None:
    """However many files it concerns."""
    names = [str(number) for number in range(100)]
    found = finding("a_code", "collected", "It is so.", "Do this.", {"a": 1}, count=1000, examples=names)
    assert (found["count"], found["examples"], found["evidence"]) == (1000, names[:EXAMPLES], {"a": 1})
    assert finding("a_code", "settings", "m", "f", {})["count"] == 0


def test_some_names_stand_for_all() -> None:
    """In words."""
    assert some(1, "file", ["a"]) == "1 file (a)"
    assert some(5, "file", list("abcde")) == "5 files (a, b, c, …)"
