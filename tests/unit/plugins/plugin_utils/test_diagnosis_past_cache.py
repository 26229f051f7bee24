# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom the second round asks past a cache."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.plugins.plugin_utils.test_diagnosis_look import rounds
from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, FakeHost, with_location

CACHED = "location /static/ { proxy_pass http://127.0.0.1:8000; proxy_cache kept; }"


def test_the_application_is_asked_past_a_cache_that_may_keep_a_refusal() -> None:
    host = FakeHost(with_location(CACHED))
    host.default = {"status": 404}
    first, second, *_rest = rounds(host)
    assert {ask["kind"] for ask in first["asks"]} == {"file"}
    past = [ask for ask in second["asks"] if ask["kind"] == "app"]
    assert [ask["url"] for ask in past] == [f"http://shop.example.com/static/{name}" for name in NAMES][:3]
    assert {(ask["connect"]["port"], ask["host"]) for ask in past} == {(8000, "")}
    assert past[0]["expected"] == first["asks"][0]["expected"]


@pytest.mark.parametrize(
    ("location", "status"),
    [
        (CACHED, 200),
        (CACHED, 403),
        (CACHED.replace("kept", "off"), 404),
        ("location /static/ { proxy_pass http://127.0.0.1:8000; }", 404),
        ("location /static/ { alias /srv/shop/static; }", 404),
    ],
)
def test_it_is_not_asked_where_no_cache_may_be_at_fault(location: str, status: int) -> None:
    host = FakeHost(with_location(location))
    host.default = {"status": status}
    assert not [ask for request in rounds(host) for ask in request["asks"] if ask["kind"] == "app"]
