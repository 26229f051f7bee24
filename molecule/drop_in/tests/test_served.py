# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was collected and compressed is what a client gets, from a server that somebody else built."""

from __future__ import annotations

import gzip
import json
import typing as t
from xml.etree import ElementTree

SITE = "shop.example.com"
STATIC_ROOT = "/var/www/shop/static"
STYLE = "/static/admin/css/base.css"


def test_the_admin_is_styled(client: t.Any) -> None:
    assert client.get(SITE, "/admin/login/").status == 200
    assert client.get(SITE, STYLE).status == 200


def test_gzip_as_it_lies_there(client: t.Any, host: t.Any) -> None:
    answer = client.get(SITE, STYLE, Accept_Encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.body == host.file(f"{STATIC_ROOT}/admin/css/base.css.gz").content
    assert gzip.decompress(answer.body) == client.get(SITE, STYLE).body


def test_brotli_as_it_lies_there(client: t.Any, host: t.Any) -> None:
    """That it holds the same bytes was proven by django_static_served; here, that it is smaller still."""
    answer = client.get(SITE, STYLE, Accept_Encoding="br, gzip")
    assert answer.headers["content-encoding"] == "br"
    assert answer.body == host.file(f"{STATIC_ROOT}/admin/css/base.css.br").content
    assert len(answer.body) < len(client.get(SITE, STYLE, Accept_Encoding="gzip").body)


def test_the_report(host: t.Any) -> None:
    report = json.loads(host.file("/var/tmp/served.json").content_string)
    assert report["schema_version"] == 1
    assert report["failures"] == []
    suite = ElementTree.fromstring(host.file("/var/tmp/served.xml").content_string)
    cases = list(suite.iter("testcase"))
    assert cases
    assert not list(suite.iter("failure"))
