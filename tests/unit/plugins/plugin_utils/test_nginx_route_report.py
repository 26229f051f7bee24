# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes as data, and what the host must tell for them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route_report import check_urls, configuration_of, follow

SERVER = (
    "server { listen 80; server_name a.example; location /static/ { root /srv; try_files $uri /index.html =404; } "
    "location / { proxy_pass http://127.0.0.1:1; } }"
)


@pytest.mark.parametrize(
    "text",
    [
        SERVER,
        f"events {{}} http {{ {SERVER} }}",
        f"# configuration file /etc/nginx/nginx.conf:\nhttp {{ include s/*; }}\n\n# configuration file /etc/nginx/s/a:\n{SERVER}\n",
        f"nginx: the configuration file /n.conf syntax is ok\n# configuration file /n.conf:\nhttp {{ {SERVER} }}\n",
    ],
)
def test_a_server_block_a_file_or_a_dump_can_be_given(text: str) -> None:
    assert configuration_of(text).servers[0].names == ["a.example"]


@pytest.mark.parametrize("text", ["", "events {}", "http { }", "{{{", "server", "}"])
def test_what_holds_no_server_block_is_told(text: str) -> None:
    with pytest.raises(ExplainedError):
        configuration_of(text)


@pytest.mark.parametrize("urls", [[], ["a.example/x"], ["ftp://a.example/"], ["http:///x"], ["http://a:b/"], ["/static/a.css"], ["http://[::1/"]])
def test_what_is_no_url_is_told(urls: list[str]) -> None:
    with pytest.raises(ExplainedError, match=r"is no URL; write one|urls is empty"):
        check_urls(urls)


def test_the_host_is_asked_until_all_is_decided() -> None:
    asked: list[list[str]] = []
    files = {"/srv/static/b.css": "file", "/srv/static/index.html": "file"}

    def look(paths: list[str]) -> t.Mapping[str, str]:
        asked.append(paths)
        return {path: files.get(path, "") for path in paths}

    told = follow(
        configuration_of(SERVER), ["http://a.example/static/a.css", "http://a.example/static/b.css", "http://a.example/x"], None, None, look
    )
    assert [(one["outcome"], one["path"], one["status"]) for one in told] == [
        ("return", None, 404),
        ("file", "/srv/static/b.css", None),
        ("proxy", None, None),
    ]
    assert told[2]["upstreams"] == ["127.0.0.1:1"]
    assert told[0]["location"]["pattern"] == "/static/"
    assert told[0]["considered"] == [
        {"modifier": "", "pattern": "/", "file": "/etc/nginx/nginx.conf", "line": 1, "why_not": told[0]["considered"][0]["why_not"]}
    ]
    assert all(paths == sorted(set(paths)) for paths in asked)
    assert 1 <= len(asked) <= 3


def test_nobody_listens() -> None:
    (told,) = follow(configuration_of(SERVER), ["https://a.example/"], None, None, lambda paths: {})
    assert (told["server"], told["location"], told["outcome"]) == (None, None, "none")
