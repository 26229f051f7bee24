# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the screen shows of a diagnosis."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.finding import finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_report import WIDTH, report


def site(**changes: t.Any) -> dict[str, t.Any]:
    made: dict[str, t.Any] = {
        "name": "shop",
        "url": "http://shop.example.com/",
        "verdict": "served",
        "findings": [],
        "checked": {"urls": 3, "served": 3, "files": 3, "pages": 2, "references": 9},
        "unknown": [],
    }
    return {**made, **changes}


def test_a_healthy_site_has_a_way_without_a_break() -> None:
    lines = report({"host": "web1", "sites": [site()]})
    assert lines[0] == "shop on web1, http://shop.example.com/: every file that was asked for is served"
    assert [line for line in lines if "[  ok  ]" in line] == [line for line in lines if line.startswith("  [")]
    assert len([line for line in lines if line.startswith("  [")]) == 8


def test_the_place_where_it_breaks_is_marked_and_the_repair_can_be_pasted() -> None:
    first = finding(
        "dir_not_traversable",
        "access",
        "The worker cannot enter /home/deploy. " * 8,
        "chmod o+x /home/deploy\nls -ld /home/deploy",
        {},
        count=7,
        examples=["/static/a"],
    )
    second = finding("csp", "page", "The policy forbids it.", "Allow it.", {})
    lines = report({"host": "web1", "sites": [site(verdict="not_served", findings=[first, second])]})
    assert "  [BREAKS] access    nginx's worker may read it: dir_not_traversable" in lines
    assert "  [breaks] page      pages ask for what is served: csp" in lines
    assert "       chmod o+x /home/deploy" in lines
    assert "       ls -ld /home/deploy" in lines
    assert any("7 hit, such as /static/a" in line for line in lines)
    assert max(map(len, lines)) <= WIDTH + 10


def test_what_is_not_known_is_told_and_no_way_is_drawn() -> None:
    lines = report({"host": "web1", "sites": [site(verdict="unknown", unknown=["No nginx binary."]), site(name="blog")]})
    assert "  - No nginx binary." in lines
    assert sum(line.startswith("  [") for line in lines) == 0
    assert "" in lines


def test_of_several_sites_those_that_need_a_look_come_first_and_only_they_have_a_way() -> None:
    broken = site(name="blog", url="", verdict="not_served", findings=[finding("csp", "page", "The policy forbids it.", "Allow it.", {})])
    lines = report({"host": "web1", "sites": [site(), broken, site(name="docs", url="http://d/")]})
    assert lines[:2] == ["3 sites on web1: 1 NOT SERVED (blog); 2 served (shop http://shop.example.com/, docs http://d/).", ""]
    assert [number for number, line in enumerate(lines) if line.startswith("  [")] == list(range(7, 15))
    assert lines[5].startswith("blog on web1")


@pytest.mark.parametrize(
    ("statuses", "says"),
    [
        ({"200": 2}, "3 of 3 static URLs are served as they must be; 2 pages with 9 references were followed."),
        ({"200": 1, "403": 1}, "2 pages with 9 references were followed, of which 1 answered 403."),
        ({"400": 2}, "; 2 pages answered 400, so that nothing is known of what pages ask for."),
        ({"0": 1, "502": 1}, "; 1 page gave no answer, 1 page answered 502, so that nothing is known of what pages ask for."),
    ],
)
def test_pages_that_were_refused_are_told(statuses: dict[str, int], says: str) -> None:
    """ "2 pages with 0 references were followed" reads as if all were well."""
    shown = site(checked={"urls": 3, "served": 3, "files": 3, "pages": 2, "references": 9, "page_statuses": statuses})
    assert says in " ".join(line.strip() for line in report({"host": "web1", "sites": [shown]}))


def test_a_reader_who_stops_at_the_headline_learns_of_a_fault() -> None:
    hidden = finding("static_path_traversal", "location", "It leaves.", "Take it out.", {})
    assert report({"host": "web1", "sites": [site(findings=[hidden])]})[0].endswith("is served, with 1 fault that may not show")


def test_files_that_come_only_slowly_are_no_contradiction() -> None:
    limited = finding("rate_limited", "location", "It refuses 3.", "Take it out.", {})
    lines = report({"host": "web1", "sites": [site(verdict="not_served", findings=[limited])]})
    assert "3 of 3 static URLs are served as they must be when they are asked for slowly" in lines[1]
