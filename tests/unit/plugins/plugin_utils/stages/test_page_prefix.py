# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``page``: pages ask under another prefix than the one that is served."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import page as stage
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_mount import explains, script_name, used_prefix
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
    page,
    reference,
    site_of,
    static,
)

APP = "location /app/ { proxy_pass http://unix:/run/shop.sock; %s }"
SUB_STATIC = f"location /app/static/ {{ alias {ROOT}/; }}"
BELOW = f"location /subdir/static/ {{ alias {ROOT}/; }}"
GONE = [answer(name, 404) for name in NAMES]


def asked(prefix: str, status: int = 404) -> list[dict[str, t.Any]]:
    """A page that asks for all files under a prefix."""
    return [page([reference(f"{prefix}{name}", status) for name in NAMES])]


def site_with(locations: str, pages: list[dict[str, t.Any]] | None = None, said: dict[str, t.Any] | None = None, **app: t.Any) -> t.Any:
    """A site none of whose files are got under STATIC_URL."""
    return site_of(nginx(configuration(locations)), application(static(**(said or {})), **app), GONE, pages=pages or [])


def test_a_healthy_page_is_no_finding() -> None:
    """All that it asks for is served."""
    assert stage.findings(site_of(pages=asked("/static/", 200))) == []


@pytest.mark.parametrize("pages", [[], asked("/static/")])
def test_pages_ask_under_static_and_nginx_serves_a_sub_folder(pages: list[dict[str, t.Any]]) -> None:
    """Case 070: the site was moved below a path, and nobody told the settings."""
    found = stage.findings(site_with(f"{BELOW} location / {{ proxy_pass http://unix:/run/shop.sock; }}", pages))
    assert codes(found) == ["static_url_mismatch"]
    assert found[0]["evidence"]["asked"] == "/static/"
    assert found[0]["evidence"]["served"] == "/subdir/static/"
    assert found[0]["evidence"]["at"] == f"{SITE}:3"
    assert 'STATIC_URL = "/subdir/static/"' in found[0]["fix"]
    assert f"    location ^~ /static/ {{\n        alias {ROOT}/;\n    }}\nthen " in found[0]["fix"]
    assert sorted(found[0]["urls"]) == sorted(STATIC + name for name in NAMES)


def test_a_template_that_writes_another_prefix_by_hand() -> None:
    """STATIC_URL is served; only the page's own links fail."""
    files = configuration(LOCATIONS.replace("/static/ ", "/assets/ "))
    answers = [answer(f"http://shop.example/assets/{name}") for name in NAMES]
    site = site_of(nginx(files), application(static(static_url="/assets/")), answers, pages=asked("/static/"))
    found = stage.findings(site)
    assert codes(found) == ["static_url_mismatch"]
    assert '{% static "admin/css/base.css" %}' in found[0]["fix"]


def test_a_relative_link_is_another_prefix_too() -> None:
    """On another page than the home page it leads elsewhere."""
    found = stage.findings(
        site_of(pages=[page([reference("http://shop.example/admin/login/static/shop/site.css", 404, raw="static/shop/site.css")])])
    )
    assert codes(found) == ["static_url_mismatch"]
    assert found[0]["evidence"]["asked"] == "/admin/login/static/"
    assert "static/shop/site.css" in found[0]["fix"]


@pytest.mark.parametrize(
    ("said", "options", "app"),
    [
        ({"force_script_name": "/app"}, "", {}),
        ({}, "proxy_set_header SCRIPT_NAME /app;", {}),
        ({}, "proxy_set_header X-Script-Name /app/;", {}),
        ({}, "", {"command": ["gunicorn", "-e", "SCRIPT_NAME=/app", "shop.wsgi"]}),
        ({}, "", {"command": ["uvicorn", "--root-path", "/app", "shop.asgi"]}),
        ({}, "", {"environment_names": ["SCRIPT_NAME"]}),
    ],
)
@pytest.mark.parametrize("locations", [APP, f"{SUB_STATIC} {APP}"])
def test_static_links_lack_the_sub_path(said: dict[str, t.Any], options: str, app: dict[str, t.Any], locations: str) -> None:
    """Case 068: STATIC_URL is absolute, so that Django puts nothing before it; whoever serves below the sub-path."""
    site = site_with(locations % options, asked("/static/"), said, **app)
    assert script_name(site) == "/app"
    found = stage.findings(site)
    assert codes(found) == ["script_name_prefix"]
    assert 'STATIC_URL = "static/"' in found[0]["fix"]
    assert found[0]["evidence"]["right"] == "http://shop.example/app/static/"


def test_static_links_double_the_sub_path() -> None:
    """STATIC_URL holds the sub-path already, and is relative."""
    site = site_with(f"{SUB_STATIC} {APP % ''}", asked("/app/app/static/"), {"force_script_name": "/app", "static_url": "/app/app/static/"})
    found = stage.findings(site)
    assert codes(found) == ["script_name_prefix"]
    assert "twice" in found[0]["message"]
    assert "/app/static/" in found[0]["message"]


def test_links_with_the_sub_path_are_right() -> None:
    """The settings say /static/, pages say /app/static/, and that is served."""
    site = site_of(nginx(configuration(f"{SUB_STATIC} {APP % 'proxy_set_header SCRIPT_NAME /app;'}")), answers=GONE, pages=asked("/app/static/", 200))
    assert used_prefix(site) == "http://shop.example/app/static/"
    assert used_prefix(site_of()) is None


def test_earlier_stages_are_told_that_a_sub_path_explains_it() -> None:
    """nginx has no place for /static/ because nobody should ask for it."""
    assert explains(site_with(APP % "proxy_set_header SCRIPT_NAME /app;"))
    assert explains(site_with(APP % "", None, {"whitenoise": True}))
    assert not explains(site_with(APP % ""))
    assert not explains(site_of())
    assert not explains(site_with(f"{LOCATIONS} {APP % ''}", None, {"force_script_name": "/app"}))


def test_what_an_earlier_stage_explains_is_not_named_again() -> None:
    """Nor is what an application that was not restarted asks for."""
    site = site_with(BELOW, asked("/static/"))
    site.take([{"code": "app_not_restarted", "urls": [target.url for target in site.targets]}])
    assert stage.findings(site) == []


@pytest.mark.parametrize("url", ["/favicon.ico", "/media/shop/other.css", "https://cdn.example/static/shop/site.css"])
def test_what_names_no_known_file_is_none_of_ours(url: str) -> None:
    """Or what lies on another server."""
    assert stage.findings(site_of(pages=[page([reference(url, 404)])])) == []
