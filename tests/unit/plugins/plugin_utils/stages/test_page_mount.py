# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an application is mounted."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_mount import explains, mount_of, script_fault, script_name, used_prefix
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    NAMES,
    ROOT,
    STATIC,
    application,
    configuration,
    nginx,
    page,
    reference,
    site_of,
    static,
)

PASS = "proxy_pass http://unix:/run/shop.sock;"
APP = f"location /app/ {{ {PASS} }}"


def site_with(locations: str, said: dict[str, t.Any] | None = None, **app: t.Any) -> t.Any:
    return site_of(nginx(configuration(locations)), application(static(**(said or {})), **app))


@pytest.mark.parametrize(
    ("locations", "mount"),
    [(APP, "/app"), (f"location / {{ {PASS} }}", ""), (f"{APP} location / {{ {PASS} }}", ""), (f"location ~ ^/app/ {{ {PASS} }}", "")],
)
def test_the_path_whose_location_leads_to_the_application(locations: str, mount: str) -> None:
    assert mount_of(site_with(locations)) == mount


@pytest.mark.parametrize(
    ("locations", "said", "app", "name"),
    [
        (f"location /app/ {{ {PASS} proxy_set_header X-Script-Name /app; }}", {}, {}, "/app"),
        (f"location /app/ {{ {PASS} proxy_set_header X-Script-Name /; }}", {}, {}, ""),
        (APP, {"force_script_name": "/app/"}, {}, "/app"),
        (APP, {}, {"command": ["gunicorn", "--env", "SCRIPT_NAME=/app"]}, "/app"),
        (APP, {}, {"command": ["uvicorn", "--root-path", "/app"]}, "/app"),
        (APP, {}, {"environment_names": ["SCRIPT_NAME"]}, "/app"),
        (APP, {}, {}, ""),
    ],
)
def test_the_path_that_the_application_is_told(locations: str, said: dict[str, t.Any], app: dict[str, t.Any], name: str) -> None:
    assert script_name(site_with(locations, said, **app)) == name


@pytest.mark.parametrize(
    ("asked", "served", "fault"),
    [
        ("/static/", "/app/static/", "lack"),
        ("/app/app/static/", "", "double"),
        ("/app/static/", "/static/", "double"),
        ("/app/static/", "", ""),
        ("/static/", "/files/", ""),
        ("/static/", "", "lack"),
    ],
)
def test_links_lack_the_path_or_double_it(asked: str, served: str, fault: str) -> None:
    assert script_fault("/app", asked, served, site_with(APP)) == fault


def test_a_location_for_static_files_beside_the_path_is_for_them() -> None:
    site = site_with(f"{APP} location /static/ {{ alias {ROOT}/; }}")
    assert script_fault("/app", "/static/", "", site) == ""
    assert not explains(site)


def test_whitenoise_below_a_path_explains_links_without_it() -> None:
    assert explains(site_with(APP, {"whitenoise": True}))
    assert not explains(site_with(APP))


def test_the_prefix_that_pages_use_with_success_is_the_sites() -> None:
    told = [reference(f"/app/static/{name}", 200, content_type="text/css") for name in NAMES[:2]]
    assert used_prefix(site_of(pages=[page(told)])) == STATIC.replace("/static/", "/app/static/")
    assert used_prefix(site_of(pages=[page([dict(item, content_type="text/html") for item in told])])) is None
    assert used_prefix(site_of()) is None
