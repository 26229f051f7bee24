# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings, by the side of the site that they make."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import ROOT, SITE, FakeHost, codes, failing, sample, site_of


def test_an_unset_root_is_the_cause_and_not_the_folder_that_nginx_has() -> None:
    host = FakeHost(static_root="", storage_location="")
    host.application["sample"] = sample(root="", state="unknown")
    host.files = set()
    assert codes(failing(host)) == ["static_root_unset"]


def test_a_development_server_that_serves_them_is_no_fault() -> None:
    host = FakeHost(debug=True, static_root="", storage_location="")
    host.nginx = None  # type: ignore[assignment]
    host.host = "http://shop.example.com:8000"
    host.application["sample"] = sample(root="", state="unknown")
    host.default = {"status": 200, "server": "app"}
    assert codes(host) == []


def test_a_root_that_is_a_source_is_not_stale_besides() -> None:
    """Each time it is collected, what was collected before is found as a source, and is not in the manifest."""
    source = {"path": ROOT, "app": "shop", "prefix": ""}
    host = FakeHost(sources=[source])
    host.application["static"]["tree"]["not_in_manifest"] = {"count": 3, "examples": ["a.0123.css"]}
    assert codes(host) == ["static_root_is_source_dir"]


def test_modes_for_the_owner_alone_do_no_harm_where_the_worker_is_the_owner() -> None:
    host = FakeHost()
    host.application["static"]["storage_details"]["file_mode"] = 0o600
    assert codes(host) == []
    assert codes(failing(host, 403)) == ["upload_permissions_setting"]


def unset(alias: str, *exist: str) -> FakeHost:
    host = FakeHost(SITE.replace("/srv/shop/static/", alias), static_root="", storage_location="", base_dir="/srv/shop")
    host.application["sample"] = sample(root="", state="unknown")
    host.files = set(exist)
    return host


@pytest.mark.parametrize("host", [unset("/srv/shop/static/"), unset("/srv/shop/static/", "/srv/shop/static/admin/css/base.css")])
def test_the_folder_that_nginx_serves_is_the_one_to_collect_into(host: FakeHost) -> None:
    (found,) = [item for item in site_of(failing(host))["findings"] if item["code"] == "static_root_unset"]
    assert found["fix"].splitlines() == [
        'At the end of /srv/shop/shop/settings.py write: STATIC_ROOT = BASE_DIR / "static"',
        "then collect: cd /srv/shop && python manage.py collectstatic --noinput",
        "then sudo systemctl restart shop.service",
    ]


@pytest.mark.parametrize("alias", ["/srv/shop/assets/", "/srv/", "/usr/share/nginx/html/"])
def test_a_folder_of_sources_or_of_somebody_else_is_not(alias: str) -> None:
    """Nor a folder above sources: what is collected into it would be found as a source."""
    found = site_of(failing(unset(alias)))["findings"][0]
    assert found["code"] == "static_root_unset"
    assert 'STATIC_ROOT = BASE_DIR / "staticfiles"' in found["fix"]
    assert "/etc/nginx/sites-enabled/shop:6 write: alias /srv/shop/staticfiles/;" in found["fix"]


def test_new_finders_are_of_use_only_after_collecting() -> None:
    host = FakeHost(not_found=[{"finder": "a.F", "count": 1, "examples": ["x"]}])
    fix = site_of(host)["findings"][0]["fix"].splitlines()
    assert fix[1:] == ["then collect: cd /srv/shop && python manage.py collectstatic --noinput", "then sudo systemctl restart shop.service"]
