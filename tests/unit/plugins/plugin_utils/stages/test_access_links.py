# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``: links that ``disable_symlinks`` refuses."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import access
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    NAMES,
    ROOT,
    SITE,
    answer,
    codes,
    configuration,
    entry,
    known,
    nginx,
    site_of,
)

DENIED = [answer(name, 404) for name in NAMES]
REAL = "/srv/releases/7/static"
CHAIN = [entry("/srv/shop", "0777", "deploy", link="releases/7"), entry("/srv/releases/7", "0755", "deploy")]


def site_with(directive: str, chain: list[dict[str, t.Any]] | None = None) -> t.Any:
    """A site whose static root is reached through a link."""
    files = configuration(f"{directive} location /static/ {{ alias {ROOT}/; }}")
    paths = {f"{ROOT}/{name}": known(f"{ROOT}/{name}", chain or CHAIN, realpath=f"{REAL}/{name}") for name in NAMES}
    return site_of(nginx(files), answers=DENIED, paths=paths)


def test_a_link_is_refused_by_on() -> None:
    """Case 076."""
    found = access.findings(site_with("disable_symlinks on;"))
    assert codes(found) == ["symlink_disallowed"]
    assert found[0]["evidence"] == {
        "directive": "disable_symlinks on",
        "at": f"{SITE}:3",
        "link": "/srv/shop",
        "target": "releases/7",
        "owner": "deploy",
    }
    assert f"In {SITE}:3 write: disable_symlinks off;" in found[0]["fix"]
    assert len(found[0]["urls"]) == len(NAMES)


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("disable_symlinks off;", []),
        ("", []),
        ("disable_symlinks on from=/srv/shop;", []),
        ("disable_symlinks on from=/srv/shop/;", []),
        ("disable_symlinks on from=$document_root;", []),
        ("disable_symlinks on from=/srv;", ["symlink_disallowed"]),
        ("disable_symlinks on from=/var/www;", ["symlink_disallowed"]),
        ("disable_symlinks on from=$unknown;", []),
        ("disable_symlinks if_not_owner;", []),
    ],
)
def test_a_beginning_may_be_left_out(directive: str, expected: list[str]) -> None:
    """And what cannot be told is not accused."""
    assert codes(access.findings(site_with(directive))) == expected


def test_a_link_of_another_owner_is_refused_by_if_not_owner() -> None:
    """root's link to deploy's folder."""
    chain = [entry("/srv/shop", "0777", "root", link="/srv/releases/7"), entry("/srv/releases/7", "0755", "deploy")]
    found = access.findings(site_with("disable_symlinks if_not_owner;", chain))
    assert codes(found) == ["symlink_disallowed"]
    assert "belong to another user" in found[0]["message"]


def test_a_link_below_a_link_is_found_where_it_stands() -> None:
    """The first is left out by from=; the second is not."""
    chain = [*CHAIN, entry("/srv/releases/7/static", "0777", "deploy", link="/srv/releases/7/collected")]
    files = configuration(f"disable_symlinks on from=/srv/shop; location /static/ {{ alias {ROOT}/; }}")
    paths = {f"{ROOT}/{name}": known(f"{ROOT}/{name}", chain, realpath=f"/srv/releases/7/collected/{name}") for name in NAMES}
    found = access.findings(site_of(nginx(files), answers=DENIED, paths=paths))
    assert codes(found) == ["symlink_disallowed"]
    assert found[0]["evidence"]["link"] == ROOT


def test_a_path_without_links_is_served() -> None:
    """The directive alone is no fault."""
    files = configuration(f"disable_symlinks on; location /static/ {{ alias {ROOT}/; }}")
    paths = {f"{ROOT}/{name}": known(f"{ROOT}/{name}", []) for name in NAMES}
    assert access.findings(site_of(nginx(files), answers=DENIED, paths=paths)) == []
