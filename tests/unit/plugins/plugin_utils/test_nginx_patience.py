# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns that would take for ever."""

from __future__ import annotations

import re
import threading

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_patience import ImpatientError, may_take_long, search_patiently


def test_a_pattern_that_explodes_is_given_up() -> None:
    with pytest.raises(ImpatientError):
        search_patiently(re.compile(r"^/(a+)+$"), "/" + "a" * 60 + "!")


def test_one_that_only_looks_so_is_searched() -> None:
    assert may_take_long(r"^/(?:[^/]+/)+x$")
    assert search_patiently(re.compile(r"^/(?:[^/]+/)+x$"), "/" + "abc/" * 40 + "x")
    assert not may_take_long(r"^/static/(.*)\.css$")


def test_without_a_clock_it_is_not_tried() -> None:
    raised: list[str] = []

    def run() -> None:
        try:
            search_patiently(re.compile(r"^/(a+)+$"), "/" + "a" * 60 + "!")
        except ImpatientError as error:
            raised.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert "for ever" in raised[0]
