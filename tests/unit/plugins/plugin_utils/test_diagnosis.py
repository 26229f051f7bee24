# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From evidence to findings: the walk as a whole, over made-up hosts.

What nginx really does with each of these configurations is tried in molecule/faults.
"""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import STAGES, conclude
from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, ROOT, SITE, FakeHost, answer, path_record, sample
from jsonschema import Draft202012Validator

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[4] / "docs/diagnosis.schema.json").read_text())


def site_of(host: FakeHost) -> dict[str, t.Any]:
    result = conclude(host.evidence(), "web1")
    Draft202012Validator(SCHEMA).validate(result)
    assert [site["name"] for site in result["sites"]] == ["shop"]
    return dict(result["sites"][0])


def codes(host: FakeHost) -> list[str]:
    found = site_of(host)["findings"]
    assert [item["stage"] for item in found] == sorted((item["stage"] for item in found), key=STAGES.index)
    return [item["code"] for item in found]


def with_location(text: str) -> str:
    """Return the site with another location for the static files."""
    return SITE.replace("    location /static/ {\n        alias /srv/shop/static/;\n    }\n", text)


def failing(host: FakeHost, status: int = 404, server: str = "nginx") -> FakeHost:
    host.default = {"status": status, "server": server}
    return host


def test_a_healthy_host_has_no_finding() -> None:
    site = site_of(FakeHost())
    assert (site["findings"], site["verdict"], site["unknown"]) == ([], "served", [])
    assert site["checked"] == {"urls": 3, "served": 3, "files": 3, "pages": 0, "references": 0}


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
    "no location": ("", ["no_static_location"]),
    "a rule": ("location /static/ { alias /srv/shop/static/; deny all; }", ["access_rule_denied"]),
    "a return": ("location /static/ { return 403; }", ["access_rule_denied"]),
    "an exact location": (
        "location /static/ { alias /srv/shop/static/; } location ^~ /static/admin/ { alias /srv/shpo/; }",
        ["location_shadowed_by_prefix"],
    ),
    "a pattern": (
        "location /static/ { alias /srv/shop/static/; } location ~* \\.(css|js|png)$ { proxy_pass http://127.0.0.1:8000; }",
        ["location_shadowed_by_regex"],
    ),
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
    if name == "an exact location":
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


def test_two_faults_are_named_in_one_run() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/static; }"))
    host.application["static"].update(tree=dict(host.application["static"]["tree"], is_empty=True, exists=False))
    host.application["sample"] = sample(state="missing")
    host.files = set()
    assert codes(failing(host)) == ["collectstatic_not_run", "alias_missing_trailing_slash"]


def test_an_unset_root_is_the_cause_and_not_the_folder_that_nginx_has() -> None:
    host = FakeHost(static_root="", storage_location="")
    host.application["sample"] = sample(root="", state="unknown")
    host.files = set()
    assert codes(failing(host)) == ["static_root_unset"]


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


def test_a_development_server_that_serves_them_is_no_fault() -> None:
    host = FakeHost(debug=True, static_root="", storage_location="")
    host.nginx = None  # type: ignore[assignment]
    host.host = "http://shop.example.com:8000"
    host.application["sample"] = sample(root="", state="unknown")
    host.default = {"status": 200, "server": "app"}
    assert codes(host) == []


def test_a_host_without_an_application_is_unknown_and_says_what_is_missing() -> None:
    host = FakeHost()
    evidence = host.evidence()
    evidence["applications"] = []
    site = conclude(evidence, "web1")["sites"][0]
    assert (site["verdict"], site["findings"]) == ("unknown", [])
    assert "django_app_project_path" in site["unknown"][-1]


def test_a_failure_without_a_cause_is_said_and_not_guessed() -> None:
    host = FakeHost()
    url = f"http://shop.example.com/static/{NAMES[2]}"
    host.answers[url] = answer(url, 418)
    site = site_of(host)
    assert (site["findings"], site["verdict"]) == ([], "not_served")
    assert "no cause was found" in site["unknown"][-1]


def test_sites_are_told_apart() -> None:
    host = FakeHost()
    evidence = host.evidence()
    other = json.loads(json.dumps(evidence["applications"][0]))
    other.update(id="blog", unit="blog.service", binds=[{"unix": "/run/blog/gunicorn.sock"}])
    evidence["applications"].append(other)
    evidence["unix_paths"] = {"/run/blog.sock": "/run/blog/gunicorn.sock", "/run/blog/gunicorn.sock": "/run/blog/gunicorn.sock"}
    blog = SITE.replace("shop.example.com", "blog.example.com").replace("http://127.0.0.1:8000", "http://unix:/run/blog.sock:")
    evidence["nginx"][0]["files"]["/etc/nginx/sites-enabled/blog"] = blog
    sites = conclude(evidence)["sites"]
    assert [(site["name"], site["url"]) for site in sites] == [("shop", "http://shop.example.com/"), ("blog", "http://blog.example.com/")]


def test_a_folder_that_is_a_link_to_static_root_is_right() -> None:
    host = failing(FakeHost(with_location("location /static/ { alias /srv/www/; }"), [f"/srv/www/{name}" for name in NAMES]), 403)
    host.paths["/srv/www"] = path_record("/srv/www", kind="directory", realpath=ROOT)
    for name in NAMES:
        host.paths[f"/srv/www/{name}"] = path_record(f"/srv/www/{name}", realpath=f"{ROOT}/{name}")
    assert "static_root_mismatch" not in codes(host)


def test_a_root_that_is_a_source_is_not_stale_besides() -> None:
    """Each time it is collected, what was collected before is found as a source, and is not in the manifest."""
    source = {"path": ROOT, "app": "shop", "prefix": ""}
    host = FakeHost(sources=[source])
    host.application["static"]["tree"]["not_in_manifest"] = {"count": 3, "examples": ["a.0123.css"]}
    assert codes(host) == ["static_root_is_source_dir"]


def test_static_files_of_another_host_are_followed_only_if_it_is_here() -> None:
    host = FakeHost(static_url="http://cdn.example.net/static/")
    host.host = ""
    site = site_of(host)
    assert (site["findings"], site["verdict"], site["checked"]["urls"]) == ([], "unknown", 0)
    assert "cdn.example.net" in site["unknown"][0]
    block = "server { listen 80; server_name *.example.net; location /static/ { alias /srv/shop/static/; } }"
    host = FakeHost(SITE + block, static_url="http://cdn.example.net/static/")
    host.host = ""
    assert site_of(host)["verdict"] == "served"
