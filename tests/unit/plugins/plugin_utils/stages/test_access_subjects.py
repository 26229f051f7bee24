# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the worker has to open."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_modes import READ, SEARCH
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_subjects import in_tree, path_of, refusals_of, subjects
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    NAMES,
    ROOT,
    STATIC,
    answer,
    application,
    configuration,
    entry,
    known,
    nginx,
    paths_of,
    refused,
    site_of,
)

GONE = [answer(name, 403) for name in NAMES]
PROXY = "location / { proxy_pass http://unix:/run/shop.sock; }"


def test_what_a_client_got_needs_no_look() -> None:
    assert subjects(site_of()) == []


def test_each_file_that_a_client_did_not_get_is_one() -> None:
    found = subjects(site_of(answers=GONE))
    assert [(subject.url, subject.path) for subject in found] == [(STATIC + name, f"{ROOT}/{name}") for name in NAMES]


def test_what_the_application_sends_is_none_until_a_location_is_written() -> None:
    site = site_of(nginx(configuration(PROXY)), answers=[answer(name, 404, server="app") for name in NAMES])
    assert subjects(site) == []
    site.blame = {target.url: "no_static_location" for target in site.targets}
    assert len(subjects(site)) == len(NAMES)


def test_a_closed_file_that_nobody_asked_for_is_one_and_the_manifest_is_none() -> None:
    closed = [{"path": f"{ROOT}/{name}", "error": "EACCES"} for name in ("shop/later.css", "staticfiles.json")]
    app = application(names=[*NAMES], files_total=5)
    site = site_of(nginx(), app, answers=[], trees={ROOT: {"path": ROOT, "files": 5, "closed": closed}})
    assert [subject.path for subject in subjects(site)] == [f"{ROOT}/shop/later.css"]


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (f"location /static/ {{ alias {ROOT}/; }}", f"{ROOT}/{NAMES[0]}"),
        ("location /static/ { alias /srv/link/; }", f"/srv/link/{NAMES[0]}"),
        ("location /static/ { alias /srv/other/; }", f"{ROOT}/{NAMES[0]}"),
    ],
)
def test_the_way_that_nginx_takes_to_the_same_file_is_followed(location: str, path: str) -> None:
    link = {f"/srv/link/{NAMES[0]}": known(f"/srv/link/{NAMES[0]}", [entry("/srv/link", link=ROOT)], realpath=f"{ROOT}/{NAMES[0]}")}
    site = site_of(nginx(configuration(f"{location} {PROXY}")), answers=GONE, paths=link)
    assert path_of(site, site.targets[0]) == path


def test_what_the_kernel_names_comes_first_and_then_what_modes_would_refuse() -> None:
    chain = [entry("/srv/shop", "0750", "deploy"), entry(f"{ROOT}/{NAMES[0]}", "0600", "deploy")]
    site = site_of(answers=GONE, paths=paths_of(NAMES[:1], chain, refused("/srv/shop")))
    found = refusals_of(site, subjects(site)[0], is_hidden=False)
    assert [(item.entry["path"], item.bit) for item in found] == [("/srv/shop", SEARCH), (f"{ROOT}/{NAMES[0]}", READ)]


def test_a_place_that_nothing_else_is_known_of_is_named_by_its_path() -> None:
    path = f"{ROOT}/{NAMES[0]}"
    record: dict[str, t.Any] = {**known(path, [], refused("/srv/secret")), "chain": []}
    site = site_of(answers=GONE, paths={path: record})
    (found,) = refusals_of(site, subjects(site)[0], is_hidden=False)
    assert (found.entry, found.bit) == ({"path": "/srv/secret", "mode": None}, SEARCH)


@pytest.mark.parametrize(("path", "inside"), [(ROOT, True), (f"{ROOT}/a", True), (f"{ROOT}-old/a", False), ("/srv", False)])
def test_the_tree_ends_with_its_folder(path: str, inside: bool) -> None:
    assert in_tree(site_of(), path) is inside
