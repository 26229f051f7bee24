# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What error pages tell; the DEBUG pages are a real Django's."""

from __future__ import annotations

import contextlib
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.diagnosis_page_facts import error_title, is_login, page_headers, shown_exception
from ansible_collections.webops.django.plugins.module_utils.diagnosis_place import Asker
from ansible_collections.webops.django.plugins.module_utils.http_client import Deadline
from ansible_collections.webops.django.plugins.module_utils.web_urls import parse_url
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_caches import HIT_HEADERS
from ansible_collections.webops.django.tests.unit.support.django_server import DjangoServer
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer, http_answer

RAISED = "ValueError: Missing staticfiles manifest entry for 'gone <1>.css'"


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_a_real_debug_page(tmp_path: Path, accept: str) -> None:
    with DjangoServer(tmp_path, debug=True) as django, contextlib.closing(Asker(Deadline(20))) as asker:
        answer = asker.get(parse_url("http://shop.example.com/broken/"), django.connect, headers={"Accept": accept})
        text = b"".join(answer.chunks()).decode()
    assert shown_exception(text) == RAISED
    assert accept == "text/plain" or error_title(text) == "ValueError at /broken/"


def test_a_real_error_page_without_debug(tmp_path: Path) -> None:
    with DjangoServer(tmp_path, debug=False) as django, contextlib.closing(Asker(Deadline(20))) as asker:
        text = b"".join(asker.get(parse_url("http://shop.example.com/broken/"), django.connect).chunks()).decode()
    assert (shown_exception(text), error_title(text)) == ("", "Server Error (500)")


@pytest.mark.parametrize(
    ("text", "raised"),
    [
        ("Traceback (most recent call last):\n  File\nValueError: a\n", "ValueError: a"),
        (
            "Traceback (most recent call last):\nKeyError: 1\n\nDuring handling\n\nTraceback (most recent call last):\n  x\n"
            "django.core.exceptions.ImproperlyConfigured: set it",
            "django.core.exceptions.ImproperlyConfigured: set it",
        ),
        ("<pre>Traceback (most recent call last):\n  x\nOSError: &lt;a&gt;\n</pre>", "OSError: <a>"),
        ("Traceback (most recent call last):\nnothing", ""),
        ("<h1>Server Error (500)</h1>", ""),
        ("", ""),
        ('<pre class="exception_value">' * 5000, ""),
        ("Exception Type:" + " " * 99999 + '<pre class="exception_value">a\x1b[0m</pre>', "a\\x1b[0m"),
    ],
)
def test_exceptions_of_other_pages(text: str, raised: str) -> None:
    assert shown_exception(text) == raised


def test_a_title_that_does_not_end() -> None:
    assert error_title("<title>" * 100000) == ""
    assert error_title("<TITLE lang=en>\n 404  &amp;\nmore") == "404 & more"


@pytest.mark.parametrize(
    ("final", "login"),
    [
        ("/accounts/login/?next=/", True),
        ("/users/sign-in", True),
        ("/oauth2/start?rd=/", True),
        ("/auth?next=%2F", True),
        ("/blog/", False),
        ("/catalogin/", False),
        ("/", False),
    ],
)
def test_what_looks_like_a_login(final: str, login: bool) -> None:
    assert is_login(parse_url("http://a.example/"), parse_url(f"http://a.example{final}")) is login


def test_a_login_that_was_asked_for() -> None:
    assert not is_login(parse_url("http://a.example/login/"), parse_url("http://a.example/login/"))


def test_headers_that_matter() -> None:
    sent = http_answer(b"", set_cookie="a=secret", content_security_policy="default-src 'self'", x_powered_by="x")
    with RawServer(lambda sock, _target: sock.sendall(sent)) as server, contextlib.closing(Asker(Deadline(20))) as asker:
        place: dict[str, t.Any] = {"address": "127.0.0.1", "port": server.port, "tls": False}
        headers = page_headers(asker.get(parse_url("http://a.example/"), place))
    assert headers == {"content-type": "text/css", "content-security-policy": "default-src 'self'"}


def test_all_headers_by_which_a_cache_tells_of_itself_are_kept() -> None:
    """What the controller reads, the target must not leave out."""
    read = (*HIT_HEADERS, "age", "cache-control", "date", "etag", "expires", "via", "x-varnish")
    sent = {name.replace("-", "_"): f"value of {name}" for name in read}
    noise = {f"x_{number}": "noise" for number in range(50)}
    with RawServer(lambda sock, _target: sock.sendall(http_answer(b"x", **noise, **sent))) as server, contextlib.closing(
        Asker(Deadline(20))
    ) as asker:
        told = page_headers(asker.get(parse_url(f"http://127.0.0.1:{server.port}/"), None))
    assert {name: told.get(name) for name in read} == {name: f"value of {name}" for name in read}
