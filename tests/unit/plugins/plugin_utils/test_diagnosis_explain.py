# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One URL's way, in lines."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_explain import explanation
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts
from ansible_collections.webops.django.tests.unit.support.fake_host import SITE, FakeHost, path_record, with_location

URL = "/static/admin/css/base.css"


def told(host: FakeHost, url: str = URL) -> str:
    return "\n".join(explanation(url, Hosts(host.evidence()).sites()))


def test_a_sound_way_names_every_place() -> None:
    text = told(FakeHost())
    for words in (
        "http://shop.example.com/static/admin/css/base.css",
        "/srv/shop/static/admin/css/base.css: collected, with the source's content",
        "/etc/nginx/sites-enabled/shop:2, server_name shop.example.com",
        "location /static/ (/etc/nginx/sites-enabled/shop:5)",
        "not location / (/etc/nginx/sites-enabled/shop:8)",
        "opens /srv/shop/static/admin/css/base.css",
        "the worker can open /srv/shop/static/admin/css/base.css",
        "200 text/css 10 bytes from nginx with the right content",
    ):
        assert words in text


def test_where_it_breaks_is_seen() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/static; }"))
    host.default = {"status": 404}
    path = "/srv/shop/staticadmin/css/base.css"
    host.paths[path] = path_record(path, exists=False)
    text = told(host)
    assert f"opens {path}" in text
    assert f"the worker cannot open {path}: ENOENT" in text
    assert "404 text/css" in text
    assert "content" not in text.rpartition("404")[2]


def test_the_application_and_another_server_block_are_told() -> None:
    text = told(FakeHost(SITE + "server { listen 80; server_name other.example.com; return 404; }"), "http://other.example.com/static/a.css")
    assert "server_name other.example.com" in text
    assert "proxy_pass to 127.0.0.1:8000: the application answers" in told(FakeHost(with_location("")))


@pytest.mark.parametrize("url", ["ftp://shop.example.com/a", "static/a.css", "shop.example.com/static/a.css", ""])
def test_what_is_no_url_is_told(url: str) -> None:
    with pytest.raises(ExplainedError, match="is no URL; give a path such as"):
        told(FakeHost(), url)


def test_without_a_site_there_is_nothing_to_follow() -> None:
    with pytest.raises(ExplainedError, match="No site was found"):
        explanation(URL, [])


def test_a_path_alone_does_not_tell_one_of_several_sites() -> None:
    evidence = FakeHost().evidence()
    evidence["applications"].append(dict(evidence["applications"][0], id="blog", unit="blog.service"))
    with pytest.raises(ExplainedError, match="Several sites are on this host; write the URL with its host name"):
        explanation(URL, Hosts(evidence).sites())


def test_a_site_in_a_container_is_none_that_a_path_could_mean() -> None:
    evidence = FakeHost().evidence()
    evidence["applications"].append(
        dict(
            evidence["applications"][0], id="box", unit="", in_container=True, static=None, sample=[], binds=[{"address": "127.0.0.1", "port": 9000}]
        )
    )
    assert "http://shop.example.com/static/admin/css/base.css" in explanation(URL, Hosts(evidence).sites())[0]


def test_a_port_that_does_not_speak_tls() -> None:
    text = told(FakeHost(), "https://shop.example.com:80/static/admin/css/base.css")
    assert "nginx does not speak TLS on port 80: a client that asks by https gets no file there" in text
    assert "200" not in text
    assert "TLS" not in told(FakeHost())


def test_a_port_on_which_nobody_listens() -> None:
    assert "nobody listens there: no server block listens on 127.0.0.1:443" in told(FakeHost(), "https://shop.example.com/static/admin/css/base.css")
