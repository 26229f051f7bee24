# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modes say about who may enter and read."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_modes import (
    READ,
    SEARCH,
    Account,
    bits,
    class_of,
    closed_by_mode,
    grants,
    meant_for,
    told,
    way,
    worker_account,
)

WORKER = Account("www-data", 33, frozenset({33, 1000}))
NOBODY = Account("nobody", 65534, frozenset({65534}))
IDS = {"root": 0, "deploy": 1000, "www-data": 33, "nginx": 101, "nobody": 65534}


def entry(mode: str | None, owner: str = "root", group: str = "root", **more: t.Any) -> dict[str, t.Any]:
    """A component of a path."""
    return {"path": "/srv", "mode": mode, "owner": owner, "group": group, "uid": IDS[owner], "gid": IDS[group], "link": None, "acl": False, **more}


@pytest.mark.parametrize(
    ("component", "bit", "expected"),
    [
        (entry("0755"), SEARCH, "other"),
        (entry("0750"), SEARCH, ""),
        (entry("0750", "deploy", "deploy"), SEARCH, "group"),
        (entry("0700", "www-data"), SEARCH, "owner"),
        (entry("0077", "www-data"), SEARCH, ""),
        (entry("0705", "root", "deploy"), SEARCH, ""),
        (entry("0640", "root", "www-data"), READ, "group"),
        (entry("2710", "root", "www-data"), READ, ""),
        (entry("2710", "root", "www-data"), SEARCH, "group"),
        (entry(None), READ, ""),
    ],
)
def test_the_first_class_that_fits_decides_alone(component: dict[str, t.Any], bit: int, expected: str) -> None:
    """An owner without a bit is not helped by what others have."""
    assert way(component, WORKER, bit) == expected


def test_root_gets_in_everywhere() -> None:
    """Nginx with `user root` is asked no questions."""
    assert way(entry("0000"), Account("root", 0, frozenset({0})), READ) == "owner"


@pytest.mark.parametrize(
    ("component", "closed"),
    [(entry("0750"), True), (entry("0755"), False), (entry("0750", acl=True), False), (entry("0000", link="/x"), False), (entry(None), False)],
)
def test_a_mode_certainly_refuses_only_where_nothing_else_has_a_say(component: dict[str, t.Any], closed: bool) -> None:
    """An ACL may grant what the mode does not; a link has no mode."""
    assert closed_by_mode(component, WORKER, SEARCH) is closed


@pytest.mark.parametrize(
    ("component", "worker", "expected"),
    [
        (entry("0700", "www-data", "www-data"), NOBODY, "www-data"),
        (entry("0750", "deploy", "www-data"), NOBODY, "www-data"),
        (entry("0700", "deploy", "www-data"), NOBODY, ""),
        (entry("0000", "www-data", "www-data"), NOBODY, ""),
        (entry("0700", "www-data", "www-data"), WORKER, ""),
        (entry("0700", "nginx", "nginx"), WORKER, "nginx"),
        (entry("0750", "deploy", "deploy"), NOBODY, ""),
    ],
)
def test_a_mode_may_be_meant_for_another_web_server(component: dict[str, t.Any], worker: Account, expected: str) -> None:
    """It is only where the mode would let that one in, and the worker is another."""
    assert meant_for(component, SEARCH, worker) == expected


def test_the_worker_as_it_runs_goes_before_what_is_configured() -> None:
    """A user directive that was changed without a reload is not yet true."""
    nginx = {"user": {"name": "www-data", "uid": 33, "gid": 33, "groups": [33]}, "workers": [{"uid": 33, "gid": 33, "groups": [33, 1000]}]}
    assert worker_account(nginx) == Account("www-data", 33, frozenset({33, 1000}))
    assert worker_account({"user": nginx["user"], "workers": []}) == Account("www-data", 33, frozenset({33}))
    assert worker_account({"user": {}, "workers": []}) is None


def test_a_component_is_told_with_what_refuses() -> None:
    """Mode, owner and group, and whether there is an ACL."""
    assert told(entry("0750", "deploy", "deploy")) == "/srv (mode 0750, deploy:deploy)"
    assert told(entry("0750", acl=True)) == "/srv (mode 0750, root:root, with an ACL)"
    assert told({"path": "/srv", "mode": None}) == "/srv"
    assert bits({"mode": None}) is None


@pytest.mark.parametrize(
    ("component", "kind"),
    [(entry("0644", "www-data"), "u"), (entry("0600", "root", "deploy"), "g"), (entry("0700"), "o"), (entry("0700", "www-data", "deploy"), "u")],
)
def test_the_class_whose_bits_count(component: dict[str, t.Any], kind: str) -> None:
    assert class_of(component, WORKER) == kind
    assert class_of(component, None) == "o"


def test_what_opens_a_path_is_what_the_worker_is_judged_by() -> None:
    """Bits for others help neither an owner, nor a member of the group, nor whom an ACL names."""
    paths = [
        dict(entry("0700"), path="/srv/a"),
        dict(entry("0644", "www-data"), path="/srv/b"),
        dict(entry("0700", "root", "deploy"), path="/srv/c d"),
        dict(entry("0700", acl=True), path="/srv/e"),
        dict(entry("0750"), path="/srv/f"),
    ]
    assert grants(paths, WORKER, "x") == [
        "sudo chmod o+x /srv/a /srv/f",
        "sudo chmod u+x /srv/b",
        "sudo chmod g+x '/srv/c d'",
        "sudo setfacl -m u:www-data:x /srv/e",
    ]
    assert grants(paths[3:4], WORKER, "rX", "-R ") == ["sudo setfacl -R -m u:www-data:rX /srv/e"]
