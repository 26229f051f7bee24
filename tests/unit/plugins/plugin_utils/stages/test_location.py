# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locations and files: what a way of writing them leads to."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, FakeHost, answer, codes, failing, sample, site_of, with_location

LOCATIONS = {
    "alias without its slash": ("location /static/ { alias /srv/shop/static; }", ["alias_missing_trailing_slash"]),
    "root where alias was meant": ("location /static/ { root /srv/shop/static; }", ["alias_root_confusion"]),
    "root of the server where alias was meant": ("root /srv/shop/static; location /static/ { }", ["alias_root_confusion"]),
    "alias where root was meant": ("location /static/ { alias /srv/shop/; }", ["alias_root_confusion"]),
    "a folder that is not there": ("location /static/ { alias /srv/shpo/static/; }", ["path_typo"]),
    "no slash, and a folder that is not there": ("location /static/ { alias /srv/shpo/static; }", ["alias_missing_trailing_slash", "path_typo"]),
    "another folder": ("location /static/ { alias /srv/old/; }", ["static_root_mismatch"]),
    "a folder of sources": ("location /static/ { alias /srv/shop/assets/; }", ["nginx_serves_source_dir"]),
    "try_files of an index only": ("location /static/ { alias /srv/shop/static/; try_files $uri/index.html =404; }", ["try_files_swallows"]),
    "try_files of a folder only": ("location /static/ { alias /srv/shop/static/; try_files $uri/ =404; }", ["try_files_swallows"]),
    "no location": ("", ["no_static_location"]),
    "an alias behind a pattern that drops the rest": ("location ~ ^/static/ { alias /srv/shop/static/; }", ["alias_root_confusion"]),
    "a pattern that leaves the extension out": (
        "location ~ ^/static/(.*)\\.(css|js|png)$ { alias /srv/shop/static/$1; }",
        ["alias_root_confusion"],
    ),
    "a pattern without a slash before what it has matched": (
        "location ~ ^/static/(.*)$ { alias /srv/shop/static$1; }",
        ["alias_missing_trailing_slash"],
    ),
    "a location that is internal": ("location /static/ { alias /srv/shop/static/; internal; }", ["access_rule_denied"]),
    "a rule": ("location /static/ { alias /srv/shop/static/; deny all; }", ["access_rule_denied"]),
    "a return": ("location /static/ { return 403; }", ["access_rule_denied"]),
    "an exact location": (
        "location /static/ { alias /srv/shop/static/; } location ^~ /static/admin/ { root /srv/shpo; }",
        ["location_shadowed_by_prefix"],
    ),
    "a longer location with an alias that is not there": (
        "location /static/ { alias /srv/shop/static/; } location /static/admin/ { alias /srv/python2/admin/; }",
        ["path_typo"],
    ),
    "a pattern": (
        "location /static/ { alias /srv/shop/static/; } location ~* \\.(css|js|png)$ { proxy_pass http://127.0.0.1:8000; }",
        ["location_shadowed_by_regex"],
    ),
    "a pattern inside": (
        "location /static/ { alias /srv/shop/static/; location ~ \\.(css|js|png)$ { root /srv/shpo; } }",
        ["location_shadowed_by_regex"],
    ),
    "a pattern before the pattern that is meant": (
        "location ~* \\.(css|js|png)$ { expires 1d; } location ~ ^/static/(.*)$ { alias /srv/shop/static/$1; }",
        ["location_shadowed_by_regex"],
    ),
    "a prefix that keeps the pattern away": (
        "location ^~ /static/ { root /srv/shpo; } location ~ ^/static/(?<rest>.*)$ { alias /srv/shop/static/$rest; }",
        ["location_shadowed_by_prefix"],
    ),
    "a location that passes requests on itself": ("location /static/ { proxy_pass http://127.0.0.1:8000; }", ["no_static_location"]),
    "a location without the slash at its beginning": ("location static/ { alias /srv/shop/static/; }", ["no_static_location"]),
    "a rule, and a folder that is not there": ("location /static/ { alias /srv/shpo/; deny all; }", ["access_rule_denied", "path_typo"]),
    "a pattern with a folder of its own": (
        "location /static/ { alias /srv/shop/static/; } location ~* \\.(css|js|png)$ { root /srv/spa; try_files $uri /index.html =404; }",
        ["location_shadowed_by_regex"],
    ),
}


@pytest.mark.parametrize("name", LOCATIONS)
def test_a_location_has_its_cause(name: str) -> None:
    text, expected = LOCATIONS[name]
    host = FakeHost(with_location(text), ["/srv/old/readme.txt", "/srv/shop/assets/shop/logo.png", "/srv/spa/index.html"])
    failing(host, 404, "app" if expected == ["no_static_location"] else "nginx")
    if name in ("an exact location", "a longer location with an alias that is not there"):
        host.answers["http://shop.example.com/static/shop/logo.png"] = answer("http://shop.example.com/static/shop/logo.png")
    assert codes(host) == expected
    assert site_of(host)["verdict"] == "not_served"


def test_a_traversal_is_named_though_everything_loads() -> None:
    host = FakeHost(with_location("location /static { alias /srv/shop/static/; }"))
    site = site_of(host)
    assert [item["code"] for item in site["findings"]] == ["static_path_traversal"]
    assert site["verdict"] == "served"


@pytest.mark.parametrize(
    "text",
    [
        "location /static { alias /srv/shop/static; }",
        "location ^~ /static/ { root /srv/shop; }",
        "root /srv/shop; location /static/ { try_files $uri =404; }",
        "location ~ ^/static/(.*)$ { alias /srv/shop/static/$1; }",
        "location /static/ { alias /srv/shop/static/; location ~ \\.css$ { expires 1d; } }",
    ],
)
def test_what_is_served_is_no_fault_however_it_is_written(text: str) -> None:
    host = FakeHost(with_location(text))
    assert codes(host) == []


def test_static_files_from_the_application_are_no_fault() -> None:
    """As WhiteNoise serves them."""
    host = FakeHost(with_location(""), whitenoise=True)
    host.default = {"status": 200, "server": "app"}
    assert codes(host) == []


def test_a_location_that_passes_requests_on_gives_way_to_the_new_one() -> None:
    """Two locations of one prefix are refused by nginx."""
    (found,) = site_of(failing(FakeHost(with_location("location /static/ { proxy_pass http://127.0.0.1:8000; }")), 404, "app"))["findings"]
    assert found["fix"].startswith("Write in the place of location /static/ at /etc/nginx/sites-enabled/shop:5:\n    location ^~ /static/ {\n")
    assert found["message"].startswith("location /static/ at /etc/nginx/sites-enabled/shop:5 passes ")


def test_what_a_pattern_leaves_out_is_told_by_its_extensions() -> None:
    host = FakeHost(with_location("location ~* ^/static/(.+\\.(?:css|js))$ { alias /srv/shop/static/$1; }"))
    url = "http://shop.example.com/static/shop/logo.png"
    host.answers[url] = answer(url, 404, "app")
    (found,) = site_of(host)["findings"]
    assert (found["code"], found["count"]) == ("no_static_location", 1)
    assert "takes some of what lies under /static/, but none takes .png: location / at " in found["message"]


@pytest.mark.parametrize("name", ["admin/LICENSE", "shop/README.md"])
def test_what_no_page_asks_for_needs_no_location(name: str) -> None:
    host = FakeHost(with_location("location ~* ^/static/(.+\\.(?:css|js|png))$ { alias /srv/shop/static/$1; }"), [f"/srv/shop/static/{name}"])
    host.application["sample"] = sample(names=[*NAMES, name])
    url = f"http://shop.example.com/static/{name}"
    host.answers[url] = answer(url, 404, "app")
    site = site_of(host)
    assert (site["findings"], site["verdict"], site["unknown"]) == ([], "served", [])


def test_whitenoise_that_the_running_process_does_not_know_yet_is_no_missing_location() -> None:
    host = failing(FakeHost(with_location(""), whitenoise=True), 404, "app")
    host.application["settings_changed"] = host.application["started"] + 60
    (found,) = site_of(host)["findings"]
    assert (found["code"], found["evidence"]["what"]) == ("app_not_restarted", "its settings (/srv/shop/shop/settings.py)")


def test_where_whitenoise_ought_to_answer_nothing_is_guessed() -> None:
    assert codes(failing(FakeHost(with_location(""), whitenoise=True), 404, "app")) == []


@pytest.mark.parametrize(("location", "away_only"), [("location /static/ { alias /srv/shop/static/; }", True), ("", False)])
def test_a_rewrite_that_leads_past_the_location_is_named(location: str, away_only: bool) -> None:
    site = with_location(location).replace("listen 80;", "listen 80; rewrite ^/static/(.*)$ /assets/$1 last;")
    (found,) = site_of(failing(FakeHost(site), 404, "app"))["findings"]
    assert found["code"] == "no_static_location"
    assert found["message"].startswith("`rewrite ^/static/(.*)$ /assets/$1 last` at /etc/nginx/sites-enabled/shop:3 changes ")
    assert found["fix"].startswith("Take `rewrite ^/static/(.*)$ /assets/$1 last` out of /etc/nginx/sites-enabled/shop:3\n")
    assert ("Add to the server block" not in found["fix"]) is away_only


def test_a_nested_location_loses_what_leads_elsewhere() -> None:
    text = "location /static/ { alias /srv/shop/static/; location ~ \\.(css|js|png)$ { root /srv/shpo; expires 1d; } }"
    (found,) = site_of(failing(FakeHost(with_location(text))))["findings"]
    assert found["fix"].startswith("Take `root /srv/shpo` out of /etc/nginx/sites-enabled/shop:5\nthen ")


def test_a_longer_location_gets_its_part_of_static_root() -> None:
    text = "location /static/ { alias /srv/shop/static/; } location /static/admin/ { alias /srv/python2/admin/; }"
    found = site_of(failing(FakeHost(with_location(text))))["findings"][0]
    assert "write: alias /srv/shop/static/admin/;\n" in found["fix"]


@pytest.mark.parametrize(("upstream", "named"), [("http://127.0.0.1:8000/;", ["no_static_location"]), ("http://127.0.0.1:8000;", [])])
def test_an_application_that_serves_files_is_asked_for_them_by_their_names(upstream: str, named: list[str]) -> None:
    """A slash behind the upstream takes the prefix away."""
    host = failing(FakeHost(with_location(f"location /static/ {{ proxy_pass {upstream} }}"), whitenoise=True), 404, "app")
    found = site_of(host)["findings"]
    assert [item["code"] for item in found] == named
    if found:
        assert f"passes http://shop.example.com/static/{NAMES[0]} to the application as /{NAMES[0]}," in found[0]["message"]
