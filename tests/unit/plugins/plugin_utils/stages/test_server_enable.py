# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with a server block that no include reaches."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_enable import enabling, fitting, includes, new_file
from ansible_collections.webops.django.tests.unit.support.fake_host import CONF, SITE, FakeHost, failing, nginx_record, site_of, with_location

DEBIAN = CONF.replace("include /etc/nginx/sites-enabled/*;", "include conf.d/*.conf; include /etc/nginx/sites-enabled/*;")
UPSTREAM = CONF.replace("sites-enabled/*", "conf.d/*.conf")
"""As nginx's own packages have it: no sites-enabled."""


def host_with(file: str, conf: str = DEBIAN) -> FakeHost:
    host = failing(FakeHost())
    host.nginx["files"].pop("/etc/nginx/sites-enabled/shop")
    host.nginx["files"]["/etc/nginx/nginx.conf"] = f"include modules-enabled/*.conf;{conf}"
    host.nginx["unreached"] = {file: SITE}
    return host


@pytest.mark.parametrize(
    ("file", "conf", "first"),
    [
        ("/etc/nginx/sites-available/shop", DEBIAN, "sudo ln -s /etc/nginx/sites-available/shop /etc/nginx/sites-enabled/shop"),
        ("/etc/nginx/sites-available/shop", UPSTREAM, "sudo ln -s /etc/nginx/sites-available/shop /etc/nginx/conf.d/shop.conf"),
        ("/etc/nginx/conf.d/shop", DEBIAN, "sudo mv /etc/nginx/conf.d/shop /etc/nginx/conf.d/shop.conf"),
        ("/etc/nginx/conf.d/shop.conf.bak", DEBIAN, "sudo mv /etc/nginx/conf.d/shop.conf.bak /etc/nginx/conf.d/shop.conf"),
        ("/etc/nginx/conf.d/shop.disabled", DEBIAN, "sudo mv /etc/nginx/conf.d/shop.disabled /etc/nginx/conf.d/shop.conf"),
        ("/srv/shop/deploy/nginx.conf", DEBIAN, "sudo ln -s /srv/shop/deploy/nginx.conf /etc/nginx/sites-enabled/nginx.conf"),
        ("/srv/shop/nginx.conf", "http { include mime.types; }", "In the http block of /etc/nginx/nginx.conf write: include /srv/shop/nginx.conf;"),
    ],
)
def test_what_brings_a_file_into_effect(file: str, conf: str, first: str) -> None:
    (found,) = site_of(host_with(file, conf))["findings"]
    assert found["code"] == "site_not_enabled"
    assert found["fix"].splitlines()[0] == first
    assert found["fix"].splitlines()[-1] == "sudo /usr/sbin/nginx -t && sudo systemctl reload nginx.service"


def test_an_include_that_passes_the_file_over_is_named() -> None:
    (found,) = site_of(host_with("/etc/nginx/conf.d/shop"))["findings"]
    assert "no include of /etc/nginx/nginx.conf reaches it: /etc/nginx/conf.d/*.conf does not match its name." in found["message"]


@pytest.mark.parametrize(
    ("target", "says"), [("shop", "leads to itself"), ("sites-available/shop", "leads to sites-available/shop, which does not exist there")]
)
def test_a_link_that_was_meant_to_enable_it(target: str, says: str) -> None:
    host = host_with("/etc/nginx/sites-available/shop")
    host.nginx["dangling"] = [{"path": "/etc/nginx/sites-enabled/shop", "target": target}]
    (found,) = site_of(host)["findings"]
    assert says in found["message"]
    assert found["fix"].startswith("sudo ln -sfn /etc/nginx/sites-available/shop /etc/nginx/sites-enabled/shop\n")


def test_names_that_an_include_takes() -> None:
    assert fitting("/a/*", "shop.conf.bak") == "shop.conf"
    assert fitting("/a/*.vhost", "shop~") == "shop.vhost"
    assert fitting("/a/*.conf", ".bak") == ".bak.conf"


def test_relative_includes_are_taken_from_the_main_file() -> None:
    text = 'http { include conf.d/*.conf;include "x y/*.conf"; # include a/*;\n#include b/*;\n }'
    nginx = nginx_record(main="/opt/n/nginx.conf", files={"/opt/n/nginx.conf": text})
    assert includes(nginx) == ["/opt/n/conf.d/*.conf", "/opt/n/x y/*.conf"]
    assert enabling(nginx, "/opt/n/conf.d/shop.txt") == "sudo mv /opt/n/conf.d/shop.txt /opt/n/conf.d/shop.txt.conf"


def test_a_folder_for_modules_is_no_place_for_a_server_block() -> None:
    assert new_file(nginx_record(files={"/etc/nginx/nginx.conf": "include modules-enabled/*.conf;"}), "shop") == ""


def copied(copy: str, edited: str = SITE) -> FakeHost:
    host = failing(FakeHost(copy))
    host.nginx["unreached"] = {"/etc/nginx/sites-available/shop": edited}
    return host


def test_an_old_copy_in_the_place_of_the_link_is_the_cause() -> None:
    (found,) = site_of(copied(with_location("")))["findings"]
    assert (found["code"], found["count"]) == ("site_not_enabled", 3)
    assert "nginx reads /etc/nginx/sites-enabled/shop: a copy with other content, and no link." in found["message"]
    assert found["fix"].splitlines()[0] == (
        "sudo mv /etc/nginx/sites-enabled/shop /etc/nginx/shop.old && sudo ln -s /etc/nginx/sites-available/shop /etc/nginx/sites-enabled/shop"
    )


def test_what_is_wrong_in_the_edited_file_is_named_instead_where_it_leads_nowhere_either() -> None:
    wrong = with_location("location /static/ { alias /srv/shop/static; }")
    assert [found["code"] for found in site_of(copied(wrong, wrong))["findings"]] == ["alias_missing_trailing_slash"]


def test_a_link_or_another_site_is_no_copy() -> None:
    host = copied(with_location(""), SITE.replace("shop.example.com", "other.example.com"))
    assert [found["code"] for found in site_of(host)["findings"]] == ["no_static_location"]
    host = copied(with_location(""))
    host.nginx["links"] = {"/etc/nginx/sites-enabled/shop": "../elsewhere/shop"}
    assert [found["code"] for found in site_of(host)["findings"]] == ["no_static_location"]
