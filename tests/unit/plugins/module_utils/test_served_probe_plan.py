# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for; what comes of it is tested with the probes, against a real nginx."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.webops.django.plugins.module_utils.served_probe_plan import MAX_FOLDERS, Known, _folders, _outside, plan
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url

STATIC = parse_url("http://shop.example.com/static/")


@pytest.mark.parametrize(
    ("target", "elsewhere"),
    [
        ("/static/../robots.txt", "/robots.txt"),
        ("/static/%2e%2e%2fa%20b", "/a%20b"),
        ("/static/%252e%252e/x", "/x"),
        ("/static/..\\x", "/x"),
        ("/static/../static-other/x", "/static-other/x"),
        ("/static/../../x", "/x"),
        ("/static../x", ""),
        ("/static/x", ""),
        ("/static/a/../x", ""),
    ],
)
def test_where_a_target_leads_if_its_dots_are_resolved(target: str, elsewhere: str) -> None:
    assert _outside("/static/", target) == elsewhere


def test_folders_of_a_tree() -> None:
    assert _folders([b"a.css", b"img/x/y/z.png", b"img/b.png"]) == [b"", b"img", b"img/x", b"img/x/y"]
    assert len(_folders([b"%d/x" % number for number in range(1000)])) == MAX_FOLDERS


def test_no_target_twice_and_not_too_many(tmp_path: pathlib.Path) -> None:
    tree = tmp_path / "site" / "static"
    tree.mkdir(parents=True)
    for number in range(20):
        (tree.parent / f"{number}.py").write_text("x" * 100)
        (tree.parent.parent / f"{number}.py").write_text("x" * 100)
    for known in (None, Known(str(tree), str(tree), [b"%d/a.css" % number for number in range(1000)], [])):
        targets = [probe.target for probe in plan(STATIC, known, [f"/static/{number}/" for number in range(1000)])]
        assert 50 < len(targets) == len(set(targets)) < 300
