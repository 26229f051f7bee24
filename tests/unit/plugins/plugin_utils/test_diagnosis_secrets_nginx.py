# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in nginx's configuration go, and nothing else does."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.nginx_text import parse, walk
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_secrets_nginx import HIDDEN, hide_in_configuration
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('if ($http_x_token != "s3cr3t") { return 403; }', f'if ($http_x_token != "{HIDDEN}") {{ return 403; }}'),
        ("if ($arg_key = s3cr3t) { return 403; }", f"if ($arg_key = {HIDDEN}) {{ return 403; }}"),
        ('if ( $cookie_staging !~ "^s3cr3t$" ) { return 403; }', f'if ( $cookie_staging !~ "{HIDDEN}" ) {{ return 403; }}'),
        ('proxy_set_header Authorization "Basic s3cr3t=";', f'proxy_set_header Authorization "{HIDDEN}";'),
        ('set $upstream_auth "Bearer s3cr3t";', f'set $upstream_auth "{HIDDEN}";'),
        ("uwsgi_param DB_PASSWORD s3cr3t;", f"uwsgi_param DB_PASSWORD {HIDDEN};"),
        ("add_header Set-Cookie session=s3cr3t;", f"add_header Set-Cookie {HIDDEN};"),
        ('secure_link_md5 "$secure_link_expires$uri s3cr3t";', f'secure_link_md5 "{HIDDEN} $secure_link_expires $uri";'),
        (
            "map $http_x_api_key $may { default 0; include /etc/nginx/keys.map; s3cr3t 1; ~^s3cr3t[0-9]+$ 2; }",
            f"map $http_x_api_key $may {{ default 0; include /etc/nginx/keys.map; {HIDDEN} 1; ~{HIDDEN} 2; }}",
        ),
        # The rest of a text that was cut.
        ("if ($http_x_token = s3cr3t", f"if ($http_x_token = {HIDDEN}"),
    ],
)
def test_it_is_taken_out(text: str, left: str) -> None:
    assert hide_in_configuration(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "proxy_set_header Host $host; proxy_set_header X-CSRFToken $http_x_csrftoken; proxy_set_header SCRIPT_NAME /app;",
        'if ($cookie_sessionid = "") { return 302 /login; }',
        "if ($http_authorization) { return 403; }",
        'map $http_upgrade $connection { default upgrade; "" close; }',
        "location /token/ { alias /srv/token/; } # don't tell: password=abc",
        "set $root /srv/shop/static;",
        "set $session_root $document_root; set $token_root /srv/shop;",
    ],
)
def test_what_decides_the_way_of_a_request_stays(text: str) -> None:
    assert hide_in_configuration(text) == text


PIECE = st.sampled_from(
    [
        "if",
        "map",
        "set",
        "($cookie_a",
        "$http_x_token",
        "=",
        '"s3 c"',
        "'x'",
        "s3)",
        "{",
        "}",
        ";",
        "default",
        "# it's\n",
        "proxy_set_header",
        "Cookie",
    ]
)


@given(st.lists(PIECE, max_size=25))
def test_directives_blocks_and_lines_stay(pieces: list[str]) -> None:
    """Whatever is taken out, it was an argument, or the key of a map."""
    text = " ".join(pieces)
    less = hide_in_configuration(text)
    assert hide_in_configuration(less) == less

    def shape(configuration: str) -> list[tuple[int, int, bool]]:
        return [(item.line, len(item.arguments), item.block is None) for item in walk(parse(configuration))]

    assert shape(less) == shape(text)
