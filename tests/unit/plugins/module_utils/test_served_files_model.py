# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree's paths and URLs, and what is asked for by default."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils import encodings
from ansible_collections.webops.django.plugins.module_utils.served_files_model import Expectations, FileResult, Tree
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url


def test_a_tree_knows_paths_and_urls() -> None:
    tree = Tree("/srv/static", parse_url("http://shop.example.com/sub/static/"), frozenset())
    assert tree.file("ä b.css".encode()) == "/srv/static/ä b.css".encode()
    assert tree.target("ä b#?.css".encode()) == "/sub/static/%C3%A4%20b%23%3F.css"


def test_by_default_all_that_is_known_is_asked() -> None:
    expect = Expectations()
    assert (expect.encodings, dict(expect.headers), expect.ranges) == (encodings.known(), {}, True)


def test_a_file_that_came_encoded() -> None:
    assert FileResult(encodings=("br",)).encoded
    assert not FileResult().encoded
