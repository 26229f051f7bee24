# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that pages ask for."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import page_names
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    BASE,
    NAMES,
    ROOT,
    STATIC,
    answer,
    application,
    configuration,
    known,
    nginx,
    page,
    reference,
    sample,
    site_of,
    static,
)

OLD, NEW = "shop/site.0123456789ab.css", "shop/site.ba9876543210.css"
PROXY = "location / { proxy_pass http://unix:/run/shop.sock; }"


@pytest.mark.parametrize(
    ("name", "bare"),
    [(OLD, "shop/site.css"), ("a.b.css", "a.b.css"), ("LICENSE.0123456789ab", "LICENSE"), ("a.0123456789AB.css", "a.0123456789AB.css")],
)
def test_the_hash_of_a_manifest_storage_is_taken_off(name: str, bare: str) -> None:
    assert page_names.plain(name) == bare


@pytest.mark.parametrize(
    ("path", "prefix", "name"),
    [
        ("/static/shop/site.css", "/static/", "shop/site.css"),
        ("/app/static/shop/site.css", "/app/static/", "shop/site.css"),
        (f"/static/{OLD}", "/static/", OLD),
        ("/media/photo.jpg", "", ""),
        ("/static/robots.txt", "/static/", "robots.txt"),
        ("/robots.txt", "", ""),
    ],
)
def test_a_path_is_split_before_the_longest_name_that_is_known(path: str, prefix: str, name: str) -> None:
    assert page_names.split(path, {"shop/site.css": "", "site.css": "", "robots.txt": ""}) == (prefix, name)


@pytest.mark.parametrize(("url", "bare"), [(BASE + "a.css?v=1#x", BASE + "a.css"), (BASE + "a.svg#x?y", BASE + "a.svg")])
def test_query_and_fragment_name_no_other_file(url: str, bare: str) -> None:
    assert page_names.bare(url) == bare


def hashed_site(asked: str, **app: t.Any) -> t.Any:
    shop = application(static(manifest_name="staticfiles.json"), [sample("shop/site.css", NEW)], **app)
    return site_of(nginx(), shop, [], pages=[page([reference(f"/static/{asked}", 404)])])


def test_a_hashed_name_that_is_not_the_manifests_is_a_sign_of_age() -> None:
    (sign,) = page_names.old_names(hashed_site(OLD, manifest_changed=1800.0))
    assert (sign.url, sign.now, sign.changed) == (STATIC + OLD, NEW, ("the manifest (staticfiles.json)", 1800.0))
    assert page_names.old_names(hashed_site(NEW)) == []
    assert page_names.old_names(hashed_site(OLD))[0].changed is None


def test_another_prefix_is_a_sign_only_where_it_fails() -> None:
    def signs(status: int) -> list[str]:
        return [sign.url for sign in page_names.old_prefixes(site_of(pages=[page([reference(f"/old/{NAMES[0]}", status)])]))]

    assert signs(404) == [f"{BASE}old/{NAMES[0]}"]
    assert signs(200) == []


@pytest.mark.parametrize(
    ("changes", "ctime", "what"),
    [
        ({}, 1800.0, f"{ROOT}/{NAMES[0]}"),
        ({}, 1000.0, None),
        ({"settings_changed": 1800.0}, 1000.0, "its settings (/srv/shop/shop/settings.py)"),
    ],
)
def test_what_came_after_the_start_is_unknown_to_whitenoise(changes: dict[str, t.Any], ctime: float, what: str | None) -> None:
    shop = application(static(whitenoise=True), **changes)
    path = f"{ROOT}/{NAMES[0]}"
    site = site_of(nginx(configuration(PROXY)), shop, [answer(NAMES[0], 404, server="app")], paths={path: dict(known(path, []), ctime=ctime)})
    later = page_names.came_later(site, site.targets[0])
    assert (later[0] if later else None) == what


def test_a_file_of_a_part_that_was_not_sampled_is_known_where_the_tree_is_not_larger_than_the_project() -> None:
    tree = {"path": ROOT, "files": 6}
    assert page_names.is_known(site_of(nginx(), application(files_total=6), trees={ROOT: tree}), "shop/more.css")
    assert not page_names.is_known(site_of(nginx(), application(files_total=6), trees={ROOT: dict(tree, files=7)}), "shop/more.css")
    assert page_names.is_known(site_of(), NAMES[0])
