# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks that have a name which another one has already."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import CONF, SITE, FakeHost, failing, path_record, site_of

TWO_FOLDERS = CONF.replace("include /etc/nginx/sites-enabled/*;", "include /etc/nginx/conf.d/*.conf; include /etc/nginx/sites-enabled/*;")
OLD = SITE.replace("/srv/shop/static/", "/srv/old/static/")


def twice(old: str = OLD, place: str = "/etc/nginx/conf.d/a_old.conf", new: str = SITE) -> FakeHost:
    host = failing(FakeHost(new))
    host.nginx["files"].update({"/etc/nginx/nginx.conf": TWO_FOLDERS, place: old})
    return host


def test_an_old_copy_that_wins_is_the_cause_and_not_its_typo() -> None:
    (found,) = site_of(twice())["findings"]
    assert (found["code"], found["count"]) == ("default_server_wins", 3)
    assert "at /etc/nginx/conf.d/a_old.conf:2, and ignores the one at /etc/nginx/sites-enabled/shop:2" in found["message"]
    assert found["fix"].splitlines() == [
        "sudo mv /etc/nginx/conf.d/a_old.conf /etc/nginx/conf.d/a_old.conf.disabled",
        "sudo /usr/sbin/nginx -t && sudo systemctl reload nginx.service",
    ]


def test_a_link_is_removed_and_a_file_that_every_include_reaches_goes_elsewhere() -> None:
    host = twice(place="/etc/nginx/sites-enabled/a-old")
    assert "sudo mv /etc/nginx/sites-enabled/a-old /etc/nginx/a-old.disabled\n" in site_of(host)["findings"][0]["fix"]
    host.nginx["links"] = {"/etc/nginx/sites-enabled/a-old": "../sites-available/old"}
    assert site_of(host)["findings"][0]["fix"].startswith("sudo rm /etc/nginx/sites-enabled/a-old ")


def test_a_file_with_other_sites_in_it_stays() -> None:
    host = twice("server { listen 80; server_name blog.example.com; }" + OLD)
    assert site_of(host)["findings"][0]["fix"].startswith("In /etc/nginx/conf.d/a_old.conf take the server block out that begins at line 2\n")


def test_what_is_wrong_in_the_ignored_block_is_named_too() -> None:
    """nginx would find the files by it, and not be let in."""
    host = twice()
    for name in host.files:
        host.paths[name] = path_record(name, opens=False)
        host.paths[name]["worker"]["nginx"].update(error="EACCES", refused_at=name, refused_what="read")
    codes = [item["code"] for item in site_of(host)["findings"]]
    assert codes[0] == "default_server_wins"
    assert len(codes) == 2
    assert codes[1] in ("file_not_readable", "wrong_owner")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, OLD),
        (OLD.replace("listen 80", "listen 8080"), OLD),
        (OLD, SITE.replace("shop.example.com", "other.example.com")),
    ],
)
def test_copies_that_do_not_lead_there_either_are_not_blamed(old: str, new: str) -> None:
    assert "default_server_wins" not in [item["code"] for item in site_of(twice(old, new=new))["findings"]]


def test_a_site_that_is_served_may_have_copies() -> None:
    host = twice(SITE)
    host.default = {"status": 200}
    assert site_of(host)["findings"] == []


def test_a_block_of_no_application_that_has_the_name_is_taken_out() -> None:
    host = twice("server { listen 80; server_name shop.example.com; root /var/www/html; }")
    (found,) = site_of(host)["findings"]
    assert found["code"] == "default_server_wins"
    assert "both have that name, and nginx takes the block that it reads first." in found["message"]
    assert found["fix"].startswith("sudo mv /etc/nginx/conf.d/a_old.conf /etc/nginx/conf.d/a_old.conf.disabled\n")
