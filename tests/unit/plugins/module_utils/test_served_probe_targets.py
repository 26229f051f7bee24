# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The spellings of a way out of a folder."""

from __future__ import annotations

import re

import pytest
from ansible_collections.webops.django.plugins.module_utils.served_probe_targets import absolute_paths, generic, inside, passwd, traversals
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url


def test_the_spellings() -> None:
    targets = traversals("/static/", b"manage.py", 1, "admin")
    assert {
        "/static../manage.py",
        "/static/../manage.py",
        "/static/%2e%2e/manage.py",
        "/static/..%2fmanage.py",
        "/static/%252e%252e/manage.py",
        "/static/..\\manage.py",
        "/static/..;/manage.py",
        "/static/%c0%ae%c0%ae/manage.py",
        "/static/admin/../../manage.py",
        "/static//../manage.py",
        "/static/;/../manage.py",
    } <= set(targets)
    assert len(targets) == len(set(targets)) < 30


def test_two_folders_up() -> None:
    targets = traversals("/static/", b"a b/x", 2)
    assert "/static/../../a%20b/x" in targets
    assert "/static/%2e%2e%2f%2e%2e%2fa%20b/x" in targets
    assert not [target for target in targets if target.startswith("/static.")]


@pytest.mark.parametrize("prefix", ["/", "/static/", "/a/b%20c/"])
def test_all_can_be_sent(prefix: str) -> None:
    targets = [target for target, _name in (*generic(prefix), *inside(prefix), *passwd(prefix))] + absolute_paths(prefix, b"/srv/a b")
    assert all(re.fullmatch(r"/[!-~]*", target) for target in targets)
    assert len(targets) < 150


def test_a_target_is_sent_as_it_is() -> None:
    """A URL that was read has lost nothing, but resolving one against a page would remove the dots: targets are never resolved."""
    for target in traversals("/static/", b"x", 1):
        assert parse_url(f"http://shop.example.com{target}").target == target
