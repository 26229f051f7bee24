# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each of the two sites answers under its own name, by its own service, with its own styled admin."""

from __future__ import annotations

import re
import typing as t

import pytest

ADMINS = {"started": "/admin/login/", "pages": "/admin/login/"}
SITES = tuple(ADMINS)


@pytest.mark.parametrize("site", SITES)
def test_the_admin_is_styled(client: t.Any, site: str) -> None:
    page = client.get(f"{site}.example.com", ADMINS[site])
    assert page.status == 200
    style_sheets = re.findall(r'<link[^>]+href="([^"]+\.css)"', page.text)
    assert style_sheets
    for style_sheet in style_sheets:
        answer = client.get(f"{site}.example.com", style_sheet)
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/css"), style_sheet


@pytest.mark.parametrize("site", SITES)
def test_a_site_has_its_own_service_and_user(host: t.Any, site: str) -> None:
    assert host.service(f"django-{site}.service").is_running
    assert host.service(f"django-{site}.service").is_enabled
    assert host.user(f"django-{site}").shell == "/usr/sbin/nologin"


@pytest.mark.parametrize("site", SITES)
def test_a_development_setting_does_not_reach_production(client: t.Any, site: str) -> None:
    """DEBUG = True shows a page of its own for an address that does not exist."""
    answer = client.get(f"{site}.example.com", "/no/such/page/")
    assert answer.status == 404
    assert "DEBUG" not in answer.text


def test_pages_of_wagtail_name_hashed_files(client: t.Any) -> None:
    page = client.get("pages.example.com", "/").text
    assert re.search(r"/static/css/mysite\.[0-9a-f]{12}\.css|/static/css/pages\.[0-9a-f]{12}\.css", page), page


def test_hashed_files_are_immutable_only_with_a_manifest(client: t.Any) -> None:
    hashed = re.findall(r'"(/static/[^"]+\.[0-9a-f]{12}\.css)"', client.get("pages.example.com", "/").text)
    assert "immutable" in client.get("pages.example.com", hashed[0]).headers["cache-control"]
    assert "immutable" not in client.get("started.example.com", "/static/admin/css/base.css").headers["cache-control"]


def test_an_unknown_host_is_refused(client: t.Any) -> None:
    with pytest.raises(ConnectionError):
        client.get("unknown.example.com", "/")


def test_the_sites_cannot_read_each_other(host: t.Any) -> None:
    """Neither the source nor the environment nor the database of the other."""
    for path in ("/srv/django/pages/current/source/manage.py", "/srv/django/pages/shared/data/db.sqlite3", "/srv/django/pages/shared/secret_key"):
        assert host.file(path).exists
        assert host.run(f"runuser --user=django-started -- cat {path}").rc != 0
