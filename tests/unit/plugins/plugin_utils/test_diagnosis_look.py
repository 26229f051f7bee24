# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the target, round by round."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_look import ask_url, merge, next_look, worker_of
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts
from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, ROOT, FakeHost, answer, nginx_record, with_location


def rounds(host: FakeHost, **answers: t.Any) -> list[dict[str, t.Any]]:
    """Follow the rounds, answering as the made-up host would."""
    evidence = host.evidence()
    looked = evidence["look"]
    evidence["look"] = {}
    hosts = Hosts(evidence)
    sites = hosts.sites()
    asked = []
    while (request := next_look(hosts, sites)) is not None:
        asked.append(request)
        assert len(asked) < 5
        merge(
            evidence["look"],
            {
                "paths": {item["path"]: looked["paths"].get(item["path"]) for item in request["paths"]},
                "trees": {},
                "writable": {},
                "answers": [
                    dict(answer(ask["url"], **host.default), **{name: ask[name] for name in ("id", "kind", "site")}) for ask in request["asks"]
                ],
                "pages": [],
                "logs": [],
            },
        )
    return asked


def test_a_sound_site_is_asked_once() -> None:
    (request,) = rounds(FakeHost())
    assert [ask["url"] for ask in request["asks"]] == [f"http://shop.example.com/static/{name}" for name in NAMES]
    assert {(ask["connect"]["address"], ask["connect"]["port"]) for ask in request["asks"]} == {("127.0.0.1", 80)}
    assert [tree["path"] for tree in request["trees"]] == [ROOT]
    assert request["pages"][0]["urls"] == ["http://shop.example.com/", "http://shop.example.com/admin/login/"]
    assert set(request["pages"][0]["hosts"]) == {"shop.example.com"}
    assert request["workers"]["nginx"] == {"uid": 33, "gid": 33, "groups": [33], "pid": 11}


def test_paths_are_asked_for_where_urls_failed() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/static; }"))
    host.default = {"status": 404}
    first, second = rounds(host)
    assert f"{ROOT}/{NAMES[0]}" not in [item["path"] for item in first["paths"]]
    paths = [item["path"] for item in second["paths"]]
    assert {f"{ROOT}{NAMES[0]}", f"{ROOT}/{NAMES[0]}", f"{ROOT}/static/{NAMES[0]}"} <= set(paths)
    assert len(paths) == len(set(paths))


def test_what_try_files_needs_is_asked_for_until_it_is_decided() -> None:
    host = FakeHost(with_location("location /static/ { root /srv/other; try_files $uri $uri/ /index.html =404; }"))
    host.default = {"status": 404}
    asked = [item["path"] for request in rounds(host) for item in request["paths"]]
    assert f"/srv/other/static/{NAMES[0]}" in asked


def test_limited_sites_are_asked_slowly_and_for_a_few() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/static/; limit_req zone=one; }"))
    (request,) = rounds(host)
    assert {ask["pace"] for ask in request["asks"]} == {2}


def test_what_nginx_may_send_compressed_is_asked_for_compressed() -> None:
    (request,) = rounds(FakeHost(with_location("location /static/ { alias /srv/shop/static/; gzip_static on; brotli_static off; }")))
    assert {tuple(ask["encodings"]) for ask in request["asks"]} == {("gzip",)}
    assert request["trees"][0]["encodings"] == ["gzip"]


def test_where_the_application_serves_the_temporary_folder_matters_and_the_tree_does_not() -> None:
    host = FakeHost(with_location(""), whitenoise=True)
    host.nginx["built"]["http-proxy-temp-path"] = "/var/lib/nginx/proxy"
    host.default = {"status": 200, "server": "app"}
    (request,) = rounds(host)
    assert request["writable"] == {"nginx": ["/var/lib/nginx/proxy"]}
    assert request["trees"] == []


def test_nobody_is_asked_where_nobody_listens_and_the_paths_are_looked_at() -> None:
    host = FakeHost()
    host.nginx.update(running=False, workers=[])
    first, second = rounds(host)
    assert (first["asks"], first["pages"]) == ([], [])
    assert f"{ROOT}/{NAMES[0]}" in [item["path"] for item in second["paths"]]


def test_the_worker_is_the_one_that_runs_or_the_one_that_would() -> None:
    assert worker_of(nginx_record()) == {"uid": 33, "gid": 33, "groups": [33], "pid": 11}
    assert worker_of(nginx_record(workers=[])) == {"uid": 33, "gid": 33, "groups": [33], "pid": None}


def test_a_url_to_explain_is_the_only_one_that_is_asked_for() -> None:
    evidence = FakeHost().evidence()
    evidence["look"] = {}
    hosts = Hosts(evidence)
    sites = hosts.sites()
    request = next_look(hosts, sites)
    assert request is not None
    ask_url(request, "/static/other/a.css", sites)
    assert [ask["url"] for ask in request["asks"]] == ["http://shop.example.com/static/other/a.css"]
    assert f"{ROOT}/other/a.css" in [item["path"] for item in request["paths"]]
    assert request["pages"] == []


def test_a_url_to_explain_is_asked_for_by_its_own_scheme() -> None:
    """An answer by http says nothing of a URL by https."""
    evidence = dict(FakeHost().evidence(), look={})
    hosts = Hosts(evidence)
    sites = hosts.sites()
    for url, connect in (
        ("https://shop.example.com/static/admin/css/base.css", {"address": "127.0.0.1", "port": 443, "tls": True}),
        ("/static/admin/css/base.css", {"address": "127.0.0.1", "port": 80, "tls": False}),
    ):
        request = next_look(hosts, sites)
        assert request is not None
        ask_url(request, url, sites)
        assert [ask["connect"] for ask in request["asks"]] == [connect]
