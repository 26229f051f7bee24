# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``: the application answers, with something of its own or from old memory."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import response
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    LOCATIONS,
    NAMES,
    ROOT,
    STATIC,
    answer,
    application,
    codes,
    configuration,
    known,
    nginx,
    page,
    reference,
    sample,
    site_of,
    static,
)

PROXY = configuration("location / { proxy_pass http://unix:/run/shop.sock; }")
OLD, NEW = "shop/site.0123456789ab.css", "shop/site.ba9876543210.css"
HTML: dict[str, t.Any] = {"content_type": "text/html; charset=utf-8", "matches": False, "server": "app", "start": "<!DOCTYPE html><html>"}


def proxied(**facts: t.Any) -> t.Any:
    """A site whose static URLs the application answers."""
    status = facts.pop("status", 200)
    return site_of(nginx(PROXY), answers=[answer(name, status, **{**HTML, **facts}) for name in NAMES])


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        ({}, "with 200 and a page"),
        ({"server": "unknown"}, "with 200 and a page"),
        ({"content_type": "", "start": "\n<html>"}, "with 200 and a page"),
        ({"status": 302, "location": "/accounts/login/?next=/static/shop/site.css"}, "redirect to /accounts/login/"),
        ({"status": 301, "location": "https://sso.example/login"}, "redirect to https://sso.example/login"),
        ({"status": 403}, "with 403"),
        ({"status": 401}, "with 401"),
    ],
)
def test_an_application_that_answers_with_something_of_its_own_is_named(facts: dict[str, t.Any], word: str) -> None:
    """Case 085, and a middleware that asks for a login."""
    found = response.findings(proxied(**facts))
    assert codes(found) == ["app_intercepts_static"]
    assert word in found[0]["message"]
    assert f"location ^~ /static/ {{\n        alias {ROOT}/;" in found[0]["fix"]
    assert len(found[0]["urls"]) == len(NAMES)


@pytest.mark.parametrize(
    "facts",
    [
        {"status": 404},
        {"status": 400},
        {"status": 500},
        {"status": None},
        {"status": 301, "location": "https://shop.example/static/shop/site.css", "names": 1},
        {"content_type": "text/css", "start": "a{}"},
        {"server": "nginx"},
    ],
)
def test_other_answers_are_no_interception(facts: dict[str, t.Any]) -> None:
    """An error, a redirect of the same path to https, another file, or nginx's own page."""
    if facts.pop("names", 0):
        site = site_of(nginx(PROXY), application(names=["shop/site.css"]), [answer("shop/site.css", facts.pop("status"), **{**HTML, **facts})])
    else:
        site = proxied(**facts)
    assert response.findings(site) == []


def test_a_page_in_a_static_files_place_is_a_page() -> None:
    """An .html file that is out of date is not taken for a view's answer."""
    site = site_of(nginx(PROXY), application(names=["shop/x.html"]), [answer("shop/x.html", **HTML)])
    assert response.findings(site) == []


def hashed(asked: str, status: int = 200, headers: dict[str, str] | None = None, **app: t.Any) -> t.Any:
    """A site with a manifest, one of whose pages asks for a hashed name."""
    shop = application(
        static(manifest_path=f"{ROOT}/staticfiles.json"), [sample("shop/site.css", NEW)], **{"started": 1500.0, "manifest_changed": 2000.0, **app}
    )
    pages = [page([reference(f"/static/{asked}", status)], headers=headers or {})]
    return site_of(app=shop, pages=pages)


@pytest.mark.parametrize("status", [200, 404])
def test_a_service_with_an_older_manifest_is_named(status: int) -> None:
    """Whether its old files are still there or not."""
    found = response.findings(hashed(OLD, status))
    assert codes(found) == ["app_not_restarted"]
    assert found[0]["fix"] == "sudo systemctl restart shop.service"
    assert OLD in found[0]["message"]
    assert NEW in found[0]["message"]


def test_names_of_today_and_a_service_of_today_are_no_finding() -> None:
    """A manifest that changed alone proves nothing; nor does an old name alone."""
    assert response.findings(hashed(NEW)) == []
    assert response.findings(hashed(OLD, 404, manifest_changed=1000.0)) == []
    assert response.findings(hashed(OLD, 404, started=None)) == []


def test_an_old_page_out_of_a_cache_says_nothing_of_the_service() -> None:
    """The stage page names the cache."""
    assert response.findings(hashed(OLD, 404, {"age": "120"})) == []


def test_a_service_with_an_older_static_url_is_named() -> None:
    """The settings say another prefix now, and nginx serves that one."""
    files = configuration(LOCATIONS.replace("/static/ ", "/assets/ "))
    shop = application(static(static_url="/assets/"), settings_changed=1600.0)
    answers = [answer(f"http://shop.example/assets/{name}") for name in NAMES]
    pages = [page([reference("/static/shop/site.css", 404), reference("/static/admin/css/base.css", 404)])]
    found = response.findings(site_of(nginx(files), shop, answers, pages=pages))
    assert codes(found) == ["app_not_restarted"]
    assert "STATIC_URL is /assets/ now" in found[0]["message"]
    assert found[0]["urls"] == [f"{STATIC}shop/site.css", f"{STATIC}admin/css/base.css"]


def test_whitenoise_that_looked_into_the_tree_before_files_came() -> None:
    """It answers 404 for what lies there by now; what it knew, it serves."""
    shop = application(static(whitenoise=True), [*NAMES, sample("shop/new.css")])
    answers = [answer("shop/new.css", 404, server="app"), *(answer(name, server="app") for name in NAMES)]
    path = f"{ROOT}/shop/new.css"
    for time, expected in ((1600.0, ["app_not_restarted"]), (1400.0, [])):
        found = response.findings(site_of(nginx(PROXY), shop, answers, paths={path: known(path, [], ctime=time)}))
        assert codes(found) == expected
        assert [url for item in found for url in item["urls"]] == [f"{STATIC}shop/new.css"] * len(expected)
    assert response.findings(site_of(nginx(PROXY), shop, answers)) == []


def test_whitenoise_with_an_older_manifest() -> None:
    """It does not know the new hashed names."""
    shop = application(static(whitenoise=True), [sample("shop/site.css", NEW)], manifest_changed=2000.0)
    answers = [answer(NEW, 404, server="app")]
    assert codes(response.findings(site_of(nginx(PROXY), shop, answers))) == ["app_not_restarted"]


def test_what_an_earlier_stage_explains_is_not_named_again() -> None:
    """For instance, a location that is missing."""
    site = proxied()
    site.take([{"code": "no_static_location", "urls": [target.url for target in site.targets]}])
    assert response.findings(site) == []
