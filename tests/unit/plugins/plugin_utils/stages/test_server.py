# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server block answers, or nobody."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import SITE, FakeHost, codes, failing, site_of


def test_an_nginx_that_does_not_run() -> None:
    host = FakeHost()
    host.nginx.update(running=False, master_pid=None, workers=[], listening=[], loaded=None)
    host.default = {"status": None}
    assert codes(host) == ["nginx_not_running"]


def test_a_configuration_that_nginx_refuses() -> None:
    host = FakeHost()
    host.nginx["test"] = {"ran": True, "valid": False, "message": "[emerg] unknown directive", "file": "/etc/nginx/nginx.conf", "line": 3}
    site = site_of(host)
    assert [item["code"] for item in site["findings"]] == ["nginx_config_invalid"]
    assert "/etc/nginx/nginx.conf:3" in site["findings"][0]["fix"]


def test_a_link_that_leads_nowhere_is_told_by_what_it_was_meant_for() -> None:
    host = FakeHost()
    host.nginx["files"].pop("/etc/nginx/sites-enabled/shop")
    host.nginx["unreached"] = {"/etc/nginx/sites-available/shop": SITE}
    host.nginx["dangling"] = [{"path": "/etc/nginx/sites-enabled/shop", "target": "sites-available/shop"}]
    host.nginx["test"] = {
        "ran": True,
        "valid": False,
        "message": '[emerg] open() "/etc/nginx/sites-enabled/shop" failed (2: No such file or directory)',
        "file": None,
        "line": None,
    }
    site = site_of(failing(host))
    assert [item["code"] for item in site["findings"]] == ["site_not_enabled"]
    assert "ln -sfn /etc/nginx/sites-available/shop /etc/nginx/sites-enabled/shop" in site["findings"][0]["fix"]


def test_a_file_that_no_include_reaches() -> None:
    host = FakeHost()
    host.nginx["files"].pop("/etc/nginx/sites-enabled/shop")
    host.nginx["unreached"] = {"/etc/nginx/sites-available/shop": SITE}
    assert codes(failing(host)) == ["site_not_enabled"]


def test_files_that_are_newer_than_the_workers_and_say_something_else() -> None:
    host = failing(FakeHost())
    host.nginx["changed"]["/etc/nginx/sites-enabled/shop"] = 2500.0
    assert codes(host) == ["config_not_reloaded"]


def test_newer_files_alone_are_no_fault() -> None:
    host = FakeHost()
    host.nginx["changed"]["/etc/nginx/sites-enabled/shop"] = 2500.0
    assert codes(host) == []


def test_nobody_in_front() -> None:
    host = FakeHost()
    host.nginx = None  # type: ignore[assignment]
    host.host = "http://shop.example.com:8000"
    assert codes(failing(host, 404, "app")) == ["debug_off_no_static_server"]


@pytest.mark.parametrize(("status", "verdict"), [(200, "served"), (404, "not_served")])
def test_a_configuration_that_cannot_be_understood_is_no_missing_web_server(status: int, verdict: str) -> None:
    """The nginx that runs goes on with the one that it read before."""
    host = FakeHost(SITE.replace("server {", "server_name shop.example.com;"))
    host.nginx["test"] = {"ran": True, "valid": False, "message": '[emerg] unexpected "}"', "file": "/etc/nginx/sites-enabled/shop", "line": 11}
    host.default = {"status": status}
    site = site_of(host)
    assert ([item["code"] for item in site["findings"]], site["verdict"], site["url"]) == (
        ["nginx_config_invalid"],
        verdict,
        "http://shop.example.com/",
    )
    assert "/etc/nginx/sites-enabled/shop:11" in site["findings"][0]["fix"]


def test_a_broken_configuration_that_does_not_speak_of_the_application_is_not_its_own() -> None:
    host = exposed_beside_broken_nginx()
    assert codes(host) == ["debug_off_no_static_server"]


def exposed_beside_broken_nginx() -> FakeHost:
    host = failing(FakeHost("server { listen 80;"), 404, "app")
    host.nginx["test"] = {"ran": True, "valid": False, "message": "[emerg] unexpected end of file", "file": None, "line": None}
    host.host = "http://shop.example.com:8000"
    return host
