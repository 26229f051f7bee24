# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server blocks lead to an application, and by which name they are asked."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_servers import allowed_names, allows, host_names, leads_to, matches, site_name
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration

EVIDENCE: dict[str, t.Any] = {
    "host": {"addresses": ["10.0.0.5"], "hostname": "web1"},
    "unix_paths": {"/run/link.sock": "/run/real.sock", "/run/real.sock": "/run/real.sock"},
}


@pytest.mark.parametrize(
    ("upstream", "bind", "leads"),
    [
        ("127.0.0.1:8000", {"address": "127.0.0.1", "port": 8000}, True),
        ("localhost:8000", {"address": "127.0.0.1", "port": 8000}, True),
        ("localhost:8000", {"address": "0.0.0.0", "port": 8000}, True),
        ("[::1]:8000", {"address": "::", "port": 8000}, True),
        ("10.0.0.5:8000", {"address": "0.0.0.0", "port": 8000}, True),
        ("web1:8000", {"address": "::", "port": 8000}, True),
        ("10.0.0.5:8000", {"address": "127.0.0.1", "port": 8000}, False),
        ("127.0.0.1:8001", {"address": "127.0.0.1", "port": 8000}, False),
        ("other:8000", {"address": "0.0.0.0", "port": 8000}, False),
        ("unix:/run/link.sock", {"unix": "/run/real.sock"}, True),
        ("unix:/run/real.sock", {"unix": "/run/link.sock"}, True),
        ("unix:/run/other.sock", {"unix": "/run/real.sock"}, False),
        ("[::1:8000", {"address": "::", "port": 8000}, False),
        ("127.0.0.1:http", {"address": "127.0.0.1", "port": 80}, False),
    ],
)
def test_an_upstream_leads_to_where_an_application_listens(upstream: str, bind: dict[str, t.Any], leads: bool) -> None:
    assert leads_to(upstream, {"binds": [bind]}, EVIDENCE) is leads


@pytest.mark.parametrize(
    ("names", "allowed", "first"),
    [
        ("shop.example.com www.example.com", ["*"], "shop.example.com"),
        ("shop.example.com www.example.com", ["www.example.com"], "www.example.com"),
        ("_", ["shop.example.com"], "shop.example.com"),
        ('""', ["*"], "localhost"),
        ("*.example.com", ["shop.example.com"], "shop.example.com"),
        ("*.example.com", ["*"], "www.example.com"),
        (".example.com", ["*"], "example.com"),
        ("shop.*", ["shop.example.net"], "shop.example.net"),
        ('"~^(?<sub>.+)\\.example\\.com$"', ["a.example.com"], "a.example.com"),
        ('"~^("', ["a.example.com"], "a.example.com"),
        ("10.0.0.5 shop.example.com", ["*"], "shop.example.com"),
    ],
)
def test_a_name_is_found_that_a_client_may_ask_for(names: str, allowed: list[str], first: str) -> None:
    configuration = read_configuration({"/n.conf": f"http {{ server {{ listen 80; server_name {names}; }} }}"}, "/n.conf")
    assert host_names(configuration.servers[0], {"allowed_hosts": allowed})[0] == first


def test_allowed_hosts_are_read_as_django_does() -> None:
    static = {"allowed_hosts": [".example.com", "10.0.0.5", "*"], "debug": False}
    assert allowed_names(static) == ["example.com", "10.0.0.5"]
    assert allows({"allowed_hosts": [".example.com"]}, "a.example.com")
    assert allows({"allowed_hosts": [".example.com"]}, "example.com")
    assert not allows({"allowed_hosts": [".example.com"]}, "badexample.com")
    assert allows({"allowed_hosts": [], "debug": True}, "localhost")
    assert not allows({"allowed_hosts": [], "debug": False}, "localhost")


@pytest.mark.parametrize(
    ("name", "host", "matched"),
    [
        ("a.b", "a.b", True),
        (".b", "b", True),
        (".b", "a.b", True),
        ("*.b", "b", False),
        ("*.b", "a.b", True),
        ("a.*", "a.b", True),
        ("~^a", "a.b", True),
        ("a.b", "c.b", False),
    ],
)
def test_patterns_of_names(name: str, host: str, matched: bool) -> None:
    assert matches(name, host) is matched


def test_a_site_has_the_name_of_its_unit_or_its_folder() -> None:
    assert site_name({"unit": "shop.service", "project_path": "/srv/x", "id": "1"}, None) == "shop"
    assert site_name({"unit": "session-1.scope", "project_path": "/srv/x/", "id": "1"}, None) == "x"
    assert site_name({"unit": "", "project_path": "", "id": "gunicorn-1"}, None) == "gunicorn-1"
