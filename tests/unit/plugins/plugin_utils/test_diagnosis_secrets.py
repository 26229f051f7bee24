# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks like a secret does not leave the controller with the evidence."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_secrets import HIDDEN, hide, without_secrets
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "text",
    [
        'proxy_set_header Authorization "Basic s3cr3t=";',
        "set $api_key s3cr3t;",
        "proxy_set_header X-Api-Key s3cr3t;",
        "uwsgi_param DB_PASSWORD s3cr3t;",
        "secure_link_md5 '$uri s3cr3t';",
        "proxy_pass http://user:s3cr3t@127.0.0.1:8000;",
        "postgres://shop:s3cr3t@db/shop",
        "gunicorn --env SECRET_KEY=s3cr3t shop.wsgi",
        "GET /?token=s3cr3t HTTP/1.1",
        "add_header Set-Cookie session=s3cr3t;",
    ],
)
def test_it_is_taken_out(text: str) -> None:
    assert "s3cr3t" not in hide(text)
    assert HIDDEN in hide(text)


@pytest.mark.parametrize(
    "text",
    [
        "location /static/ { alias /srv/shop/static/; }",
        "proxy_set_header Host $host;",
        "proxy_set_header SCRIPT_NAME /app;",
        "ssl_certificate_key /etc/ssl/private/shop.key;",
        "http://127.0.0.1:8000/static/a.css",
        "auth_basic_user_file /etc/nginx/htpasswd;",
        "secure_link $arg_md5;",
    ],
)
def test_what_a_diagnosis_needs_stays(text: str) -> None:
    assert hide(text) == text


def test_a_document_is_copied_and_its_cookies_are_hidden() -> None:
    document = {"headers": {"set-cookie": "abc", "server": "nginx"}, "list": ["password=abc", 1, None, True]}
    assert without_secrets(document) == {"headers": {"set-cookie": HIDDEN, "server": "nginx"}, "list": [f"password={HIDDEN}", 1, None, True]}
    assert document["headers"] == {"set-cookie": "abc", "server": "nginx"}


@given(st.text(max_size=200))
def test_any_text_is_borne(text: str) -> None:
    assert isinstance(hide(text), str)
