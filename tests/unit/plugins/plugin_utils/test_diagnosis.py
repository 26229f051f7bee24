# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From evidence to findings: the walk as a whole, over made-up hosts.

What nginx really does with each of these configurations is tried in molecule/faults.
"""

from __future__ import annotations

import json

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, SITE, FakeHost, answer, site_of


def test_a_healthy_host_has_no_finding() -> None:
    site = site_of(FakeHost())
    assert (site["findings"], site["verdict"], site["unknown"]) == ([], "served", [])
    assert site["checked"] == {"urls": 3, "served": 3, "files": 3, "pages": 0, "references": 0, "page_statuses": {}}


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
