# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``: media types."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import response
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    LOCATIONS,
    NAMES,
    ROOT,
    SITE,
    STATIC,
    answer,
    application,
    codes,
    configuration,
    nginx,
    site_of,
)


def sent_as(kinds: dict[str, str], locations: str = LOCATIONS, http: str = "include mime.types;", **more: t.Any) -> t.Any:
    """A site that sends files with these types."""
    answers = [answer(name, content_type=kind, **more) for name, kind in kinds.items()]
    return site_of(nginx(configuration(locations, http=http)), application(names=[*kinds]), answers)


def test_right_types_are_no_finding() -> None:
    """With a charset or without."""
    assert response.findings(site_of()) == []
    assert response.findings(sent_as({"shop/site.css": "text/css; charset=utf-8", "shop/LICENSE": "application/octet-stream"})) == []


@pytest.mark.parametrize(("http", "got"), [("", "text/plain"), ("default_type application/octet-stream;", "application/octet-stream")])
def test_no_table_at_all_is_named_once(http: str, got: str) -> None:
    """Case 062: the include is missing; whatever the default type is."""
    site = sent_as(dict.fromkeys(NAMES, got), http=http)
    found = response.findings(site)
    assert codes(found) == ["mime_types_missing"]
    assert "includes no mime.types" in found[0]["message"]
    assert "In the http block of /etc/nginx/nginx.conf write: include /etc/nginx/mime.types;" in found[0]["fix"]
    assert len(found[0]["urls"]) == len(NAMES)


def test_a_types_block_that_replaces_the_table_is_named_with_its_line() -> None:
    """nginx does not merge tables of two levels."""
    locations = f"location /static/ {{ alias {ROOT}/;\ntypes {{ application/javascript mjs; }} }}"
    found = response.findings(sent_as(dict.fromkeys(NAMES, "text/plain"), locations))
    assert codes(found) == ["mime_types_missing"]
    assert found[0]["evidence"]["types_at"] == f"{SITE}:4"
    assert "replaces" in found[0]["message"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("mjs", "application/javascript mjs;"), ("wasm", "application/wasm wasm;"), ("webmanifest", "application/manifest+json webmanifest;")],
)
def test_an_extension_that_the_table_lacks_is_named_with_its_line(name: str, kind: str) -> None:
    """Debian 12's table has no .mjs; the other files are right."""
    found = response.findings(sent_as({"shop/site.css": "text/css", f"shop/x.{name}": "application/octet-stream"}))
    assert codes(found) == ["mime_type_unmapped_extension"]
    assert f"    {kind}" in found[0]["fix"]
    assert found[0]["urls"] == [f"{STATIC}shop/x.{name}"]


def test_a_table_that_knows_style_sheets_and_no_scripts_lacks_an_extension() -> None:
    """Somebody wrote one of their own."""
    locations = f"location /static/ {{ alias {ROOT}/; types {{ text/css css; }} }}"
    found = response.findings(sent_as({"shop/site.css": "text/css", "shop/app.js": "text/plain"}, locations))
    assert codes(found) == ["mime_type_unmapped_extension"]
    assert f"Add to the types block at {SITE}:3:\n    application/javascript js;" in found[0]["fix"]


@pytest.mark.parametrize("name", ["ttf", "otf", "eot"])
def test_a_font_without_a_type_is_loaded_all_the_same(name: str) -> None:
    """Debian's table has none for these, and browsers ask for none."""
    assert response.findings(sent_as({f"rest_framework/x.{name}": "application/octet-stream"})) == []


def test_both_faults_of_two_places_are_two_findings() -> None:
    """One location has a table of its own, the other lacks an extension."""
    locations = f"location /static/admin/ {{ alias {ROOT}/admin/;\ntypes {{ }} }}\nlocation /static/ {{ alias {ROOT}/; }}"
    site = sent_as({"admin/css/base.css": "text/plain", "shop/x.mjs": "text/plain", "shop/site.css": "text/css"}, locations)
    assert codes(response.findings(site)) == ["mime_types_missing", "mime_type_unmapped_extension"]


def test_what_the_application_sends_is_not_the_tables_fault() -> None:
    """Its own table is another."""
    site = sent_as(dict.fromkeys(NAMES, "text/plain"), "location / { proxy_pass http://unix:/run/shop.sock; }", server="app")
    assert response.findings(site) == []


def test_a_wrong_body_with_a_wrong_type_is_told_by_another_stage() -> None:
    """An error page has the type of an error page."""
    site = site_of(answers=[answer(name, content_type="text/plain", matches=False) for name in NAMES])
    assert response.findings(site) == []


@pytest.mark.parametrize(
    ("line", "fix"),
    [("text/plain css;", f"Take `text/plain css` out of {SITE}:3\nthen "), ("text/x-sass css sass;", f"In {SITE}:3 write: text/x-sass sass;\nthen ")],
)
def test_a_table_that_gives_another_type_is_not_said_to_lack_one(line: str, fix: str) -> None:
    """A second block adds to the first one, and its entries win."""
    location = (
        f"location /static/ {{ alias {ROOT}/; include mime.types; types {{ {line} }} }} location / {{ proxy_pass http://unix:/run/shop.sock; }}"
    )
    (found,) = response.findings(sent_as({"shop/site.css": line.split()[0]}, location))
    assert found["code"] == "mime_type_unmapped_extension"
    assert f"gives .css another type at {SITE}:3 (`{line[:-1]}`)" in found["message"]
    assert found["fix"].startswith(fix)


@pytest.mark.parametrize(("http", "named"), [("", ["mime_types_missing"]), ("include mime.types;", [])])
def test_a_missing_table_is_told_before_another_fault_is_mended(http: str, named: list[str]) -> None:
    """All files are 404, so that no answer shows a type."""
    answers = [answer(name, 404) for name in NAMES]
    found = response.findings(site_of(nginx(configuration(f"location /static/ {{ alias {ROOT}; }}", http=http)), answers=answers))
    assert codes(found) == named
    assert not any(item["urls"] for item in found)


def test_a_table_that_could_not_be_read_is_not_missed() -> None:
    answers = [answer(name, 404) for name in NAMES]
    web = nginx(configuration(f"location /static/ {{ alias {ROOT}; }}", http=""), unreadable={"/etc/nginx/mime.types": "EACCES"})
    assert response.findings(site_of(web, answers=answers)) == []
