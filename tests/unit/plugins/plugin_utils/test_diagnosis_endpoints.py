# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a client connects to."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_endpoints import address_of, client_of, direct, endpoint, for_url, through
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts
from ansible_collections.webops.django.tests.unit.support.fake_host import SITE, FakeHost, application

STATIC = {"allowed_hosts": ["shop.example.com"]}
EVIDENCE: dict[str, t.Any] = {"host": {"addresses": ["10.0.0.5"]}, "options": {}}


def servers(text: str) -> t.Any:
    host = FakeHost(text)
    hosts = Hosts(host.evidence())
    return hosts.configuration(hosts.evidence["nginx"][0])


@pytest.mark.parametrize(
    ("listen", "connect", "base"),
    [
        ("80", {"address": "127.0.0.1", "port": 80, "tls": False}, "http://shop.example.com/"),
        ("8080", {"address": "127.0.0.1", "port": 8080, "tls": False}, "http://shop.example.com:8080/"),
        ("443 ssl", {"address": "127.0.0.1", "port": 443, "tls": True}, "https://shop.example.com/"),
        ("[::]:80", {"address": "::1", "port": 80, "tls": False}, "http://shop.example.com/"),
        ("10.0.0.5:80", {"address": "10.0.0.5", "port": 80, "tls": False}, "http://shop.example.com/"),
        ("unix:/run/n.sock", {"unix": "/run/n.sock"}, "http://shop.example.com/"),
    ],
)
def test_a_server_block_is_reached_where_it_listens(listen: str, connect: dict[str, t.Any], base: str) -> None:
    block = servers(SITE.replace("listen 80", f"listen {listen}")).servers[0]
    assert endpoint(block, STATIC, EVIDENCE) == (connect, base)


def test_an_application_alone_is_reached_at_its_port() -> None:
    alone = application(binds=[{"address": "0.0.0.0", "port": 8000}])
    assert direct(alone, STATIC, EVIDENCE) == ({"address": "127.0.0.1", "port": 8000, "tls": False}, "http://shop.example.com:8000/")
    assert direct(application(binds=[]), STATIC, EVIDENCE) == (None, "http://shop.example.com/")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://shop.example.com/a", {"address": "10.0.0.5", "port": 80, "tls": False}),
        ("https://shop.example.com:80/a", {"address": "10.0.0.5", "port": 80, "tls": True}),
        ("https://shop.example.com/a", {"address": "::1", "port": 443, "tls": True}),
        ("http://shop.example.com:81/a", {"address": "127.0.0.1", "port": 81, "tls": False}),
    ],
)
def test_a_url_is_asked_for_as_it_is_written(url: str, expected: dict[str, t.Any]) -> None:
    configuration = servers(SITE + "server { listen [::]:443 ssl; }")
    assert for_url(url, {"address": "10.0.0.5", "port": 80, "tls": False}, configuration, EVIDENCE) == expected


def test_a_socket_stays_the_way_for_every_url() -> None:
    assert for_url("https://shop.example.com/", {"unix": "/run/n.sock"}, None, EVIDENCE) == {"unix": "/run/n.sock"}
    assert for_url("https://shop.example.com/", None, None, EVIDENCE) is None


def test_who_asks_an_own_address_comes_from_it() -> None:
    assert client_of({"address": "10.0.0.5"}, EVIDENCE["host"]) == "10.0.0.5"
    assert client_of({"address": "127.0.0.1"}, EVIDENCE["host"]) is None
    assert client_of({"unix": "/run/n.sock"}, EVIDENCE["host"]) is None
    assert (address_of({"unix": "/run/n.sock"}), address_of({"address": "::1"}), address_of({})) == ("unix:/run/n.sock", "::1", None)


@pytest.mark.parametrize(
    ("listening", "connect", "base"),
    [
        ([80, 443], {"address": "127.0.0.1", "port": 80, "tls": False}, "http://shop.example.com/"),
        ([443], {"address": "127.0.0.1", "port": 443, "tls": True}, "https://shop.example.com/"),
        ([8081, 8080], {"address": "127.0.0.1", "port": 8080, "tls": False}, "http://shop.example.com:8080/"),
        ([], {"address": "127.0.0.1", "port": 80, "tls": False}, "http://shop.example.com/"),
    ],
)
def test_an_nginx_whose_files_say_nothing_is_reached_where_it_listens(listening: list[int], connect: dict[str, t.Any], base: str) -> None:
    nginx = {"listening": [{"address": "0.0.0.0", "port": port} for port in listening]}
    assert through(nginx, STATIC, EVIDENCE) == (connect, base)


@pytest.mark.parametrize(
    ("listen", "given", "connect"),
    [
        ("8080", "http://shop.example.com", {"address": "127.0.0.1", "port": 80, "tls": False}),
        ("80", "https://shop.example.com/", {"address": "127.0.0.1", "port": 80, "tls": False}),
        ("443 ssl", "https://shop.example.com/shop/", {"address": "127.0.0.1", "port": 443, "tls": True}),
        ("8080", "http://shop.example.com:8080/", {"address": "127.0.0.1", "port": 8080, "tls": False}),
    ],
    ids=["another block answers there", "something in front speaks TLS", "a path", "its own port"],
)
def test_what_people_type_is_asked_for_as_it_is(listen: str, given: str, connect: dict[str, t.Any]) -> None:
    block = servers(SITE.replace("listen 80", f"listen {listen}")).servers[0]
    evidence = {**EVIDENCE, "options": {"base_url": given}, "nginx": [{"listening": [{"address": "0.0.0.0", "port": 80}]}]}
    assert endpoint(block, STATIC, evidence) == (connect, given.rstrip("/") + "/")
