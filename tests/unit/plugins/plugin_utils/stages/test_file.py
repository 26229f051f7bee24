# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that are not what they look like."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import (
    NAMES,
    ROOT,
    SITE,
    FakeHost,
    answer,
    codes,
    failing,
    path_record,
    site_of,
    with_location,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("location /static { root /srv/shop/static; }", "alias /srv/shop/static;"),
        ("location /static/ { root /srv/shop/static; }", "alias /srv/shop/static/;"),
        ("location /static { alias /srv/old; }", "alias /srv/shop/static;"),
        ("location /static/ { alias /srv/old/; }", "alias /srv/shop/static/;"),
    ],
)
def test_the_repair_fits_the_location(text: str, line: str) -> None:
    """An alias with a slash at its end behind a location without one would open the folder above."""
    (found,) = site_of(failing(FakeHost(with_location(text), ["/srv/old/readme.txt"])))["findings"]
    assert f"write: {line}\n" in found["fix"]


SPA = "root /srv/spa; location / { try_files $uri $uri/ /index.html; }"
PATTERN = "root /srv/spa; location ~* \\.(css|js|png)$ { }"


@pytest.mark.parametrize("text", [SPA, PATTERN])
def test_a_root_that_serves_something_else_is_not_to_be_repaired(text: str) -> None:
    """A single-page application's root stays; the static files get a location of their own."""
    site = SITE[: SITE.index("    location /static/")] + text + " location /admin/ { proxy_pass http://127.0.0.1:8000; } }"
    host = failing(FakeHost(site, ["/srv/spa/index.html"]), 404)
    (found,) = site_of(host)["findings"]
    assert found["code"] == ("try_files_swallows" if "try_files" in text else "path_typo")
    assert "location ^~ /static/ {\n        alias /srv/shop/static/;" in found["fix"]


def test_an_application_that_is_asked_by_try_files_for_everything_has_no_static_location() -> None:
    """As the documentation of Channels has it."""
    site = SITE[: SITE.index("    location /static/")] + "location / { try_files $uri @app; } location @app { proxy_pass http://127.0.0.1:8000; } }"
    assert codes(failing(FakeHost(site), 404, "app")) == ["no_static_location"]


def test_a_folder_that_is_a_link_to_static_root_is_right() -> None:
    host = failing(FakeHost(with_location("location /static/ { alias /srv/www/; }"), [f"/srv/www/{name}" for name in NAMES]), 403)
    host.paths["/srv/www"] = path_record("/srv/www", kind="directory", realpath=ROOT)
    for name in NAMES:
        host.paths[f"/srv/www/{name}"] = path_record(f"/srv/www/{name}", realpath=f"{ROOT}/{name}")
    assert "static_root_mismatch" not in codes(host)


def test_two_repairs_of_one_location_fit_together() -> None:
    """The location gets its slash by the one, and the alias keeps its own by the other."""
    host = failing(FakeHost(with_location("location /static { alias /srv/old/; }"), ["/srv/old/readme.txt"]))
    findings = site_of(host)["findings"]
    assert [found["code"] for found in findings] == ["static_path_traversal", "static_root_mismatch"]
    assert "location /static/ {\n" in findings[0]["fix"]
    assert "alias /srv/shop/static/;\n" in findings[1]["fix"]
    assert not any(";;" in found["fix"] for found in findings)


def test_a_folder_that_is_not_there_has_nothing_beside_it() -> None:
    (found,) = site_of(failing(FakeHost(with_location("location /static { alias /srv/shpo/static/; }"))))["findings"]
    assert (found["code"], "alias /srv/shop/static;\n" in found["fix"]) == ("path_typo", True)


REWRITE = "rewrite ^/static/(.*)$ /$1 break;"


def test_a_rewrite_that_takes_the_prefix_away_leaves_a_segment_out() -> None:
    (found,) = site_of(failing(FakeHost(with_location(f"location /static/ {{ root /srv/shop; {REWRITE} }}"))))["findings"]
    assert (found["code"], found["evidence"]["nginx_path"]) == ("alias_root_confusion", f"/srv/shop/{NAMES[0]}")
    assert found["fix"].startswith("Take `rewrite ^/static/(.*)$ /$1 break` out of /etc/nginx/sites-enabled/shop:5\n")


def test_a_rewrite_that_leads_home_is_right() -> None:
    assert codes(FakeHost(with_location(f"location /static/ {{ root /srv/shop/static; {REWRITE} }}"))) == []


def test_a_rewrite_into_a_folder_that_is_not_there_is_no_confusion() -> None:
    assert codes(failing(FakeHost(with_location(f"location /static/ {{ root /srv/shpo; {REWRITE} }}")))) == ["path_typo"]


def test_a_location_with_neither_root_nor_alias_leads_into_nginxs_own_folder() -> None:
    (found,) = site_of(failing(FakeHost(with_location("location /static/ { expires 1d; }"))))["findings"]
    assert (found["code"], found["evidence"]["nginx_path"]) == ("path_typo", f"/usr/share/nginx/html/static/{NAMES[0]}")
    assert "has neither root nor alias" in found["message"]
    assert "In location /static/ at /etc/nginx/sites-enabled/shop:5 add: alias /srv/shop/static/;\n" in found["fix"]


def test_a_line_that_an_invalid_configuration_swallows_is_not_missed() -> None:
    host = failing(FakeHost(with_location("location /static/ { expires 1d; }")))
    host.nginx["test"] = {"ran": True, "valid": False, "message": "[emerg] invalid", "file": "/etc/nginx/sites-enabled/shop", "line": 5}
    assert "path_typo" not in codes(host)


def test_a_folder_of_sources_is_told_by_what_does_not_load() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/assets/; }"), ["/srv/shop/assets/shop/logo.png"])
    failing(host)
    for name in NAMES[:2]:
        host.answers[f"http://shop.example.com/static/{name}"] = answer(f"http://shop.example.com/static/{name}")
    (found,) = site_of(host)["findings"]
    assert found["code"] == "nginx_serves_source_dir"
    assert NAMES[2] in found["message"]
    assert "admin" not in found["message"]


def test_what_has_no_location_has_no_fault_of_try_files_beside() -> None:
    """One location mends both."""
    site = SITE[: SITE.index("    location /static/")] + (
        "root /srv/public; location / { try_files $uri @app; } location @app { proxy_pass http://127.0.0.1:8000; } }"
    )
    assert codes(failing(FakeHost(site, ["/srv/public/robots.txt"]), 404, "app")) == ["no_static_location"]


def test_what_one_location_mends_is_one_finding() -> None:
    """Two locations of one prefix, pasted one after the other, nginx would refuse."""
    site = SITE[: SITE.index("    location /static/")] + (
        "root /srv/spa; location ~* \\.css$ { } location / { try_files $uri /index.html; } location /app { proxy_pass http://127.0.0.1:8000; } }"
    )
    (found,) = site_of(failing(FakeHost(site, ["/srv/spa/index.html"])))["findings"]
    assert (found["code"], found["count"]) == ("path_typo", 3)


def test_a_location_that_is_to_be_added_anyway_is_not_added_twice() -> None:
    host = failing(FakeHost(with_location("location ~* \\.(css|js)$ { root /srv/shpo; }")), 404)
    host.answers[f"http://shop.example.com/static/{NAMES[2]}"] = answer(f"http://shop.example.com/static/{NAMES[2]}", 404, "app")
    found = site_of(host)["findings"]
    assert [item["code"] for item in found] == ["no_static_location", "path_typo"]
    assert sum("location ^~ /static/ {" in item["fix"] for item in found) == 1
