# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``collected``: names that pages ask for, and that no finder knows."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import page_references
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    BASE,
    NAMES,
    OPENS,
    ROOT,
    STATIC,
    application,
    codes,
    known,
    page,
    reference,
    sample,
    site_of,
    static,
)

BUILD = {"package": "/srv/shop/frontend/package.json", "script": "build", "missing_folders": []}
MANIFEST = {"manifest_name": "staticfiles.json", "manifest_path": f"{ROOT}/staticfiles.json"}


def found_for(
    *references: dict[str, t.Any], said: dict[str, t.Any] | None = None, look: dict[str, t.Any] | None = None, **app: t.Any
) -> list[dict[str, t.Any]]:
    """What is found for a page that asks for these."""
    return page_references.findings(site_of(app=application(static(**(said or {})), **app), pages=[page(references)], **(look or {})))


def test_what_is_served_is_no_finding() -> None:
    """With a query, too."""
    assert found_for(*(reference(f"/static/{name}?v=1") for name in NAMES)) == []


@pytest.mark.parametrize("status", [404, 403])
def test_a_name_in_another_case(status: int) -> None:
    """Case 064: it worked on a file system that does not tell them apart."""
    found = found_for(reference("/static/shop/Logo.SVG", status, "image"))
    assert codes(found) == ["case_mismatch"]
    assert "Write shop/logo.svg instead of shop/Logo.SVG" in found[0]["fix"]
    assert found[0]["urls"] == [f"{STATIC}shop/Logo.SVG"]
    assert found[0]["stage"] == "collected"


def test_what_a_build_has_not_built() -> None:
    """A package.json is there, and its output is not."""
    found = found_for(reference("/static/frontend/main.js", 404, "script"), said={"build": BUILD})
    assert codes(found) == ["asset_not_built"]
    assert "cd /srv/shop/frontend && npm ci && npm run build" in found[0]["fix"]


def test_a_script_that_nobody_has_is_not_built_either() -> None:
    """A page asks for it, and nothing resembles it; where a build would be is not known."""
    found = found_for(reference("/static/dist/app.js", 404, "script"), reference("/static/dist/app.css", 404))
    assert codes(found) == ["asset_not_built"]
    assert "no app and no folder of STATICFILES_DIRS has it" in found[0]["message"]
    assert found[0]["urls"] == [f"{STATIC}dist/app.js", f"{STATIC}dist/app.css"]


@pytest.mark.parametrize(
    "said",
    [
        {"not_found": [{"finder": "django.contrib.staticfiles.finders.AppDirectoriesFinder", "count": 130, "examples": ["admin/css/base.css"]}]},
        {"staticfiles_installed": False},
        {"finder_errors": [{"finder": "x", "message": "RecursionError"}]},
    ],
)
def test_finders_that_do_not_find_explain_what_nobody_knows(said: dict[str, t.Any]) -> None:
    """The stage settings has named that; a missing finder is no missing build."""
    assert found_for(reference("/static/admin/css/base.css", 404), said=said, names=["shop/site.css"]) == []


def test_of_a_project_that_was_only_sampled_and_not_collected_nobody_knows() -> None:
    """The name may be one of the other 9,000."""
    lacking = {"missing": {"count": 9000, "examples": []}, "different": {"count": 0, "examples": []}, "is_empty": False}
    assert found_for(reference("/static/dist/app.js", 404, "script"), said={"tree": lacking}, files_total=10000) == []


def test_a_folder_in_a_bundles_place() -> None:
    """Case 082: newer tools take the name for that of a folder."""
    path = f"{ROOT}/frontend/main.js"
    look = {"paths": {path: known(path, [], OPENS, kind="directory", real_kind="directory")}}
    found = found_for(reference("/static/frontend/main.js", 403, "script"), look=look)
    assert codes(found) == ["asset_not_built"]
    assert "a folder stands in its place" in found[0]["message"]
    found = found_for(reference("/static/frontend/main.js", 403, "script"), names=["frontend/main.js/main.js"])
    assert codes(found) == ["asset_not_built"]


@pytest.mark.parametrize(
    "item",
    [
        reference("/static/shop/typo.png", 404, "image"),
        reference("/static/shop/site.css", 404),
        reference("/static/frontend/main.js", 500, "script"),
        reference("/static/frontend/main.js", None, "script"),
        reference("/media/frontend/main.js", 404, "script"),
        reference("/static/frontend/photo.jpg", 404, "image"),
        reference("/static/shop/Logo.SVG", 404, "image", **{"from": STATIC + "shop/site.css"}),
    ],
)
def test_what_proves_nothing_is_no_finding(item: dict[str, t.Any]) -> None:
    """A name that nothing resembles, a known one, an error, another folder, or what a style sheet asks for, which is judged from its source."""
    build = {"build": BUILD} if item["url"].endswith((".jpg", "site.css")) or item["status"] != 404 else {}
    assert found_for(item, said=build) == []


def test_a_page_with_an_error_names_what_the_manifest_lacks() -> None:
    """Case 063: the leading slash."""
    text = "ValueError at / Missing staticfiles manifest entry for '/shop/site.css'"
    pages = [page(status=500, error_text=text)]
    found = page_references.findings(site_of(app=application(static(**MANIFEST)), pages=pages))
    assert codes(found) == ["manifest_missing_entry"]
    assert "Write shop/site.css instead of /shop/site.css" in found[0]["fix"]
    assert BASE in found[0]["message"]


def test_the_log_tells_where_the_page_does_not() -> None:
    """DEBUG is off."""
    line = "ValueError: Missing staticfiles manifest entry for 'hijack/hijack.js'"
    site = site_of(app=application(static(**MANIFEST), ["hijack/hijack.mjs"]), pages=[page(status=500)], logs=[line])
    found = page_references.findings(site)
    assert codes(found) == ["manifest_missing_entry"]
    assert "hijack/hijack.mjs" in found[0]["message"]
    assert page_references.findings(site_of(app=application(static(**MANIFEST)), pages=[page()], logs=[line])) == []


def test_an_entry_that_is_there_by_now_is_the_services_fault() -> None:
    """It holds an older manifest."""
    shop = application(static(**MANIFEST), [sample("shop/site.css", "shop/site.0123456789ab.css")], manifest_changed=2000.0)
    pages = [page(status=500, error_text="Missing staticfiles manifest entry for 'shop/site.css'")]
    assert page_references.findings(site_of(app=shop, pages=pages)) == []


def test_without_the_project_nothing_is_said() -> None:
    """Nobody knows its names."""
    shop = dict(application(), static=None, sample=[])
    assert page_references.findings(site_of(app=shop, pages=[page([reference("/static/shop/Logo.SVG", 404)])])) == []


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ({"path": "/srv/shop/news/static", "app": "news"}, 'add "news" to INSTALLED_APPS'),
        ({"path": "/srv/shop/assets", "app": ""}, 'STATICFILES_DIRS = ["/srv/shop/assets"]'),
    ],
)
def test_a_file_that_lies_where_no_finder_looks(folder: dict[str, str], line: str) -> None:
    """Nothing is to be built: a line is missing in the settings, also for what no build writes."""
    said = {"unlisted": [dict(folder, names=["news/news.css", "news/dot.png"])], "staticfiles_dirs": []}
    found = found_for(reference("/static/news/dot.png", 404, "image"), said=said)
    assert codes(found) == ["asset_not_built"]
    assert line in found[0]["fix"] and folder["path"] in found[0]["message"] and "build" not in found[0]["message"]
