# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From evidence to sites: which server block, which name, which address."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.path_facts import look_at_paths
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts, fill_targets
from ansible_collections.webops.django.tests.unit.support.fake_host import SITE, FakeHost, codes, nginx_record


def view(host: FakeHost, **options: object) -> SiteView:
    evidence = host.evidence()
    evidence["options"] = options
    return Hosts(evidence).sites()[0]


@pytest.mark.parametrize(
    ("listen", "base", "connect"),
    [
        ("listen 80;", "http://shop.example.com/", {"address": "127.0.0.1", "port": 80, "tls": False}),
        ("listen 8080;", "http://shop.example.com:8080/", {"address": "127.0.0.1", "port": 8080, "tls": False}),
        ("listen 443 ssl; listen 80;", "https://shop.example.com/", {"address": "127.0.0.1", "port": 443, "tls": True}),
        ("listen [::]:80;", "http://shop.example.com/", {"address": "::1", "port": 80, "tls": False}),
        ("listen 10.0.0.5:80;", "http://shop.example.com/", {"address": "10.0.0.5", "port": 80, "tls": False}),
        ("listen unix:/run/web.sock;", "http://shop.example.com/", {"unix": "/run/web.sock"}),
    ],
)
def test_the_site_is_asked_where_its_block_listens(listen: str, base: str, connect: dict[str, object]) -> None:
    site = view(FakeHost(SITE.replace("listen 80;", listen)))
    assert (site.base_url, site.connect) == (base, connect)


def test_the_url_that_people_type_goes_before_what_is_found() -> None:
    site = view(FakeHost(), base_url="http://10.0.0.5/", base_url_host="10.0.0.5")
    assert (site.base_url, site.connect) == ("http://10.0.0.5/", {"address": "10.0.0.5", "port": 80, "tls": False})


def test_https_goes_before_the_block_that_sends_clients_there() -> None:
    both = SITE + SITE.replace("listen 80;", "listen 443 ssl;")
    site = view(FakeHost(both))
    assert site.base_url == "https://shop.example.com/"
    assert len(site.servers) == 2


@pytest.mark.parametrize(
    "site",
    [
        SITE.replace("http://127.0.0.1:8000", "http://127.0.0.1:9999"),
        SITE.replace("        proxy_pass http://127.0.0.1:8000;", "        return 503;"),
        SITE.replace("        proxy_pass http://127.0.0.1:8000;", "        return 503;").replace("/srv/shop/static/", "/srv/elsewhere/"),
    ],
)
def test_a_block_that_does_not_lead_there_is_known_by_its_folder_or_its_name(site: str) -> None:
    assert view(FakeHost(site)).server is not None


def test_an_application_without_nginx_is_asked_itself() -> None:
    host = FakeHost()
    host.nginx = None  # type: ignore[assignment]
    site = view(host)
    assert (site.base_url, site.connect) == ("http://shop.example.com:8000/", {"address": "127.0.0.1", "port": 8000, "tls": False})
    host.application["binds"] = [{"unix": "/run/shop.sock"}]
    assert view(host).connect == {"unix": "/run/shop.sock"}
    host.application["binds"] = []
    assert view(host).connect is None


def test_a_configuration_that_cannot_be_understood_is_told() -> None:
    host = FakeHost()
    host.nginx = nginx_record(files={})
    hosts = Hosts(host.evidence())
    assert len(hosts.sites()) == 1
    assert "/etc/nginx/nginx.conf" in hosts.unreadable[0]


def test_the_nginx_that_runs_goes_before_the_one_that_is_only_there() -> None:
    evidence = FakeHost().evidence()
    evidence["nginx"] = [nginx_record(id="other", running=False), *evidence["nginx"]]
    site = Hosts(evidence).sites()[0]
    assert site.nginx is not None
    assert site.nginx["id"] == "nginx"


def test_a_prefix_that_only_a_proxy_tells_is_learnt_from_the_pages() -> None:
    host = FakeHost()
    url = "http://shop.example.com/sub/static/admin/css/base.css"
    reference = {"url": url, "raw": url, "status": 200, "content_type": "text/css", "kind": "stylesheet", "from": "http://shop.example.com/sub/"}
    host.pages = [{"site": "shop", "url": "http://shop.example.com/sub/", "status": 200, "references": [reference]}]
    site = view(host)
    fill_targets(site)
    assert site.static_url == "http://shop.example.com/sub/static/"


def test_try_files_sees_what_the_target_saw(tmp_path: Path) -> None:
    """The target's own record of a path decides, not one that a test made up."""
    for name in ("admin/css/base.css", "admin/js/core.js"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/logo.png").symlink_to("gone.png")
    host = FakeHost(SITE.replace("alias /srv/shop/static/;", f"alias {tmp_path}/; try_files $uri =404;"), static_root=str(tmp_path))
    evidence = host.evidence()
    paths = [str(tmp_path / item["path"]) for item in host.application["sample"]]
    evidence["look"]["paths"] = look_at_paths([{"path": path, "nginx": "", "digest": False} for path in paths], {})
    site = Hosts(evidence).sites()[0]
    fill_targets(site)
    assert [(target.route.outcome, target.route.status) for target in site.targets if target.route] == [
        ("file", None),
        ("file", None),
        ("return", 404),
    ]


def test_a_copy_of_a_project_that_nothing_leads_to_does_not_take_the_others_block() -> None:
    """It admits the same names, and would be called served by what the other one answers."""
    evidence = FakeHost().evidence()
    copied = dict(evidence["applications"][0], id="api", unit="api.service", binds=[{"address": "0.0.0.0", "port": 9002}])
    copied["static"] = dict(copied["static"], static_root="/srv/api/static", storage_location="/srv/api/static")
    evidence["applications"].append(copied)
    shop, api = Hosts(evidence).sites()
    assert (shop.server is not None, shop.base_url) == (True, "http://shop.example.com/")
    assert (api.nginx, api.server, api.base_url) == (None, None, "http://shop.example.com:9002/")


def test_a_map_that_was_cut_is_not_guessed() -> None:
    """What was left out may be the line that decides."""
    host = FakeHost("map $host $folder { default /srv/shop/static; }" + SITE.replace("alias /srv/shop/static/;", "alias $folder/;"))
    whole = view(host)
    fill_targets(whole)
    assert {target.route.outcome for target in whole.targets if target.route} == {"file"}
    host.nginx["shortened"] = ["/etc/nginx/sites-enabled/shop"]
    cut = view(host)
    fill_targets(cut)
    assert {target.route.outcome for target in cut.targets if target.route} == {"unknown"}


STATUS = "server { listen 127.0.0.1:80; server_name 127.0.0.1; location /nginx_status { stub_status; } }"


def test_a_block_for_loopback_alone_does_not_answer_for_visitors() -> None:
    """Monitoring is told to add it; who asks 127.0.0.1 gets it, whatever the Host header says."""
    host = FakeHost(SITE + STATUS)
    assert view(host).connect == {"address": "10.0.0.5", "port": 80, "tls": False}
    assert codes(host) == []
    assert view(FakeHost(SITE.replace("listen 80", "listen 80; listen 127.0.0.1:80") + STATUS)).connect == {
        "address": "10.0.0.5",
        "port": 80,
        "tls": False,
    }


def test_a_host_that_can_be_asked_over_loopback_alone_blames_nobody_for_it() -> None:
    host = FakeHost(SITE + STATUS)
    evidence = host.evidence()
    evidence["host"]["addresses"] = []
    assert [found["code"] for site in conclude(evidence)["sites"] for found in site["findings"]] == []
