# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole requests: a sample of generated configurations beside a real nginx (all of it: tests/long)."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils import nginx_request
from ansible_collections.webops.django.tests.unit.support.nginx_generator import compare
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import disagreements, make_tree


def test_a_sample_of_what_is_generated(tmp_path: Path) -> None:
    make_tree(tmp_path)
    count = compare(4, tmp_path, 2000)
    assert not count.different, count.different[0]
    assert count.undecided <= count.pairs * 0.1


def test_the_comparison_sees_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_tree(tmp_path)
    body = "root R; location /static/ { M(S) try_files $uri @n; } location @n { M(N) return 204; }"
    assert disagreements(tmp_path, body, "/static/none") == []

    def lost(self: nginx_request.Request, name: str) -> None:
        self.answer(404, name)

    monkeypatch.setattr(nginx_request.Request, "named", lost)
    assert disagreements(tmp_path, body, "/static/none")
