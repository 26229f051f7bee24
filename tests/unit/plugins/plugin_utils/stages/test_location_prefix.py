# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes that nobody serves, because the files have another one."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import FakeHost, codes, failing, with_location

ELSEWHERE = "location /assets/ { alias /srv/shop/static/; }"


@pytest.mark.parametrize("rest", ["", "location ^~ /stat { return 404; }"])
def test_another_prefix_is_told_by_the_page_and_not_by_the_location(rest: str) -> None:
    assert codes(failing(FakeHost(with_location(ELSEWHERE + rest)), 404, "app")) == ["static_url_mismatch"]


def test_a_location_of_its_own_is_judged_all_the_same() -> None:
    text = ELSEWHERE + " location /static/ { alias /srv/shop/static; }"
    assert codes(failing(FakeHost(with_location(text)))) == ["alias_missing_trailing_slash"]
