# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns that take for ever."""

from __future__ import annotations

import re

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_patience import ImpatientError, may_take_long, search_patiently


def test_an_ordinary_pattern_is_searched() -> None:
    assert not may_take_long(r"\\.(css|js)$")
    match = search_patiently(re.compile("a(b)"), "xab")
    assert match is not None
    assert match.group(1) == "b"


def test_a_pattern_that_tries_everything_is_given_up() -> None:
    pattern = "(a+)+$"
    assert may_take_long(pattern)
    with pytest.raises(ImpatientError):
        search_patiently(re.compile(pattern), "a" * 60 + "b")
