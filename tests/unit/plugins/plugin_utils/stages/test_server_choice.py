# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other server blocks that answer the site's names."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.tests.unit.support.fake_host import SITE, FakeHost, codes, failing, site_of


def test_another_block_answers() -> None:
    host = FakeHost(SITE + "server { listen 80 default_server; server_name _; root /var/www/html; }", allowed_hosts=["www.example.com"])
    host.nginx["files"]["/etc/nginx/sites-enabled/shop"] = host.nginx["files"]["/etc/nginx/sites-enabled/shop"].replace(
        "shop.example.com", "example.com"
    )
    host.host = "http://example.com"
    assert codes(host) == ["default_server_wins"]


@pytest.mark.parametrize(
    ("allowed", "name"),
    [
        (["*"], "shop.example.com"),
        (["shop.example.com", "localhost", "127.0.0.1", "10.0.0.5", "web.internal"], "shop.example.com"),
        ([".example.com"], "*.example.com example.com"),
    ],
)
def test_names_that_nobody_types_are_no_rivals(allowed: list[str], name: str) -> None:
    host = FakeHost(SITE.replace("shop.example.com", name) + "server { listen 80 default_server; root /var/www/html; }", allowed_hosts=allowed)
    host.host = "http://example.com" if name.startswith("*") else "http://shop.example.com"
    assert codes(host) == []


def test_a_block_that_sends_clients_on_is_no_rival() -> None:
    redirect = "server { listen 80; server_name www.example.com; return 301 http://shop.example.com$request_uri; }"
    host = FakeHost(SITE + redirect, allowed_hosts=["shop.example.com", "www.example.com"])
    assert codes(host) == []


def test_a_name_that_django_refuses_is_no_way_to_the_site() -> None:
    """A misspelt server_name: under it Django answers 400, and under the right one another block does."""
    host = FakeHost(SITE.replace("shop.example.com", "shpo.example.com") + "server { listen 80 default_server; root /var/www/html; }")
    host.host = "http://shpo.example.com"
    site = site_of(host)
    assert ([found["code"] for found in site["findings"]], site["verdict"]) == (["default_server_wins"], "not_served")
    assert "server_name shop.example.com;" in site["findings"][0]["fix"]
    assert "shpo" not in site["findings"][0]["fix"]


DEFAULT = "server { listen 80 default_server; server_name _; root /var/www/html; location / { try_files $uri $uri/ =404; } }"
NAMED = DEFAULT.replace("_;", "shop.example.org;")


def test_a_second_name_that_falls_to_another_block_is_not_served() -> None:
    """Who reads only the verdict must not think that all is well."""
    host = FakeHost(SITE + NAMED, allowed_hosts=["shop.example.com", "shop.example.org"])
    evidence = host.evidence()
    known = {path: evidence["look"]["paths"].get(path) for path in host.files}
    # Nobody looks at paths of a block that is not the site's.
    evidence["look"]["paths"] = known
    (site,) = conclude(evidence)["sites"]
    (found,) = site["findings"]
    assert (found["code"], site["verdict"], found["count"]) == ("default_server_wins", "not_served", 3)
    assert found["examples"][0] == "http://shop.example.org/static/admin/css/base.css"
    assert found["fix"].splitlines()[:2] == [
        "In /etc/nginx/sites-enabled/shop:4 write: server_name shop.example.com shop.example.org;",
        "and take shop.example.org out of /etc/nginx/sites-enabled/shop:12",
    ]


def test_a_name_that_only_allowed_hosts_has_is_told_and_no_fault() -> None:
    """It lists names of balancers and of former times, too."""
    site = site_of(FakeHost(SITE + DEFAULT, allowed_hosts=["shop.example.com", "www.shop.example.com"]))
    assert (site["findings"], site["verdict"]) == ([], "served")
    (told,) = site["unknown"]
    assert "Whether people use www.shop.example.com is not known here" in told
    assert "In /etc/nginx/sites-enabled/shop:4 write: server_name shop.example.com www.shop.example.com;" in told


def test_the_name_that_people_type_is_a_fault() -> None:
    host = FakeHost(SITE + DEFAULT, allowed_hosts=["shop.example.com", "www.shop.example.com"])
    evidence = dict(failing(host).evidence(), options={"base_url": "http://www.shop.example.com/", "base_url_host": "www.shop.example.com"})
    (site,) = conclude(evidence)["sites"]
    assert ([found["code"] for found in site["findings"]], site["url"]) == (["default_server_wins"], "http://www.shop.example.com/")


def test_the_port_that_people_type_is_a_fault_where_the_block_has_another() -> None:
    host = FakeHost(SITE.replace("listen 80", "listen 8080") + DEFAULT)
    host.nginx["listening"] = [{"address": "0.0.0.0", "port": 80}, {"address": "0.0.0.0", "port": 8080}]
    evidence = dict(failing(host).evidence(), options={"base_url": "http://shop.example.com/", "base_url_host": "shop.example.com"})
    (site,) = conclude(evidence)["sites"]
    (found,) = site["findings"]
    assert (found["code"], site["verdict"]) == ("default_server_wins", "not_served")
    assert "(server_name shop.example.com): that does not listen on port 80, but on 8080." in found["message"]
    assert found["fix"].splitlines() == [
        "In the server block at /etc/nginx/sites-enabled/shop:2 add: listen 80;",
        "then sudo /usr/sbin/nginx -t && sudo systemctl reload nginx.service",
    ]


def test_https_that_people_type_needs_a_certificate_too() -> None:
    host = FakeHost(SITE + "server { listen 443 ssl default_server; server_name _; root /var/www/html; }")
    host.nginx["listening"] = [{"address": "0.0.0.0", "port": 80}, {"address": "0.0.0.0", "port": 443}]
    evidence = dict(failing(host).evidence(), options={"base_url": "https://shop.example.com/", "base_url_host": "shop.example.com"})
    (found,) = conclude(evidence)["sites"][0]["findings"]
    assert found["fix"].startswith("In the server block at /etc/nginx/sites-enabled/shop:2 add: listen 443 ssl; ssl_certificate and ")


def test_a_foreign_block_that_serves_the_same_files_does_no_harm_to_them() -> None:
    host = FakeHost(
        SITE + "server { listen 80; server_name a.example.org; location /static/ { alias /srv/shop/static/; } }",
        allowed_hosts=["shop.example.com", "a.example.org"],
    )
    site = site_of(host)
    assert (site["verdict"], [found["count"] for found in site["findings"]]) == ("served", [0])


def test_a_name_that_django_refuses_stays_beside_one_that_it_admits() -> None:
    text = SITE.replace("shop.example.com", "shop.example.com www.shop.example.com") + NAMED.replace("shop.example.org", "a.example.org")
    (found,) = site_of(FakeHost(text, allowed_hosts=["shop.example.com", "a.example.org"]))["findings"]
    assert "write: server_name shop.example.com www.shop.example.com a.example.org;" in found["fix"]


def test_a_block_without_a_name_gets_one() -> None:
    host = FakeHost(DEFAULT + SITE.replace("    server_name shop.example.com;\n", ""))
    (found,) = site_of(host)["findings"]
    assert found["fix"].startswith("In the server block at /etc/nginx/sites-enabled/shop:2 add: server_name shop.example.com;\n")
