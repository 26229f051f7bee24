# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks like a secret does not leave the controller with the evidence."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_secrets import hide, without_secrets
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_secrets_nginx import HIDDEN
from hypothesis import given
from hypothesis import strategies as st

SAVED = sorted((Path(__file__).resolve().parents[3] / "cases" / "evidence").glob("*.json"))


@pytest.mark.parametrize(
    "text",
    [
        "proxy_pass http://user:s3cr3t@127.0.0.1:8000;",
        "postgres://shop:s3cr3t@db/shop",
        "redis://:s3cr3t@127.0.0.1:6379/0",
        "gunicorn --env SECRET_KEY=s3cr3t shop.wsgi",
        "gunicorn --env=SECRET_KEY=s3cr3t shop.wsgi",
        "GET /?token=s3cr3t HTTP/1.1",
        'SECRET_KEY = "s3cr3t"',
        "DATABASES = {'default': {'PASSWORD': 's3cr3t', 'HOST': 'db'}}",
        "AWS_SECRET_ACCESS_KEY: s3cr3t",
        '`if ($http_x_token != "s3cr3t")` cannot be decided',
        "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----",
    ],
)
def test_it_is_taken_out(text: str) -> None:
    assert "s3cr3t" not in hide(text)
    assert HIDDEN in hide(text)


@pytest.mark.parametrize(
    "text",
    [
        "location /static/ { alias /srv/shop/static/; }",
        "proxy_set_header X-CSRFToken $http_x_csrftoken;",
        "ssl_certificate_key /etc/ssl/private/shop.key;",
        "http://127.0.0.1:8000/static/img@2x.png",
        "auth_basic_user_file /etc/nginx/htpasswd;",
        "secure_link $arg_md5;",
        "SESSION_COOKIE_SECURE = True",
        "The SECRET_KEY setting must not be empty.",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "password authentication failed for user shop",
    ],
)
def test_what_a_diagnosis_needs_stays(text: str) -> None:
    assert hide(text) == text


def test_a_document_is_copied_and_its_cookies_are_hidden() -> None:
    document = {"headers": {"set-cookie": "abc", "server": "nginx"}, "list": ["password=abc", 1, None, True], "nginx": []}
    before = copy.deepcopy(document)
    expected = {"headers": {"set-cookie": HIDDEN, "server": "nginx"}, "list": [f"password={HIDDEN}", 1, None, True], "nginx": []}
    assert without_secrets(document) == expected
    assert document == before


def test_files_of_nginx_stay_readable() -> None:
    text = 'map $http_x_api_key $may { default 0; "s3cr3t" 1; }\nserver { location / { proxy_pass http://a:s3cr3t@127.0.0.1; } } # it\'s $'
    [nginx] = without_secrets({"nginx": [{"id": "nginx", "files": {"/a": text}, "unreached": {"/b": text}}]})["nginx"]
    assert nginx["files"]["/a"] == nginx["unreached"]["/b"] == text.replace("s3cr3t", HIDDEN)


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem)
def test_the_conclusions_are_the_same_without_them(path: Path) -> None:
    evidence = json.loads(path.read_text(encoding="utf-8"))
    less = without_secrets(evidence)
    assert conclude(less) == conclude(evidence)
    assert without_secrets(less) == less


@given(st.text(max_size=200))
def test_any_text_is_borne(text: str) -> None:
    assert hide(hide(text)) == hide(text)
