# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which media types are accepted for which names and references."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.content_types import (
    COMPRESSIBLE,
    TYPES,
    expected_for_name,
    expected_for_reference,
    extension,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.css", "css"), ("a/b.MJS", "mjs"), ("a.b/c", ""), ("LICENSE", ""), ("a.tar.gz", "gz"), ("a.", ""), (".css", "css")],
)
def test_extension(name: str, expected: str) -> None:
    assert extension(name) == expected


@pytest.mark.parametrize(
    ("name", "content_type", "accepted"),
    [
        ("a.css", "text/css", True),
        ("a.css", "text/plain", False),
        ("a.css", "", False),
        ("a.mjs", "text/javascript", True),
        ("a.mjs", "application/javascript", True),
        ("a.mjs", "application/octet-stream", False),
        ("a.woff2", "font/woff2", True),
        ("a.woff2", "text/html", False),
        ("a.wasm", "application/wasm", True),
        ("a.wasm", "application/octet-stream", False),
        ("a.webmanifest", "application/manifest+json", True),
        ("a.svg", "text/xml", False),
        ("a.unheard-of", "application/x-anything", True),
        ("LICENSE", "", True),
    ],
)
def test_by_name(name: str, content_type: str, accepted: bool) -> None:
    assert expected_for_name(name).accepts(content_type) is accepted


@pytest.mark.parametrize(
    ("kind", "name", "content_type", "accepted"),
    [
        ("stylesheet", "/style", "text/css", True),
        ("stylesheet", "/style.css", "text/html", False),
        ("script", "/app", "text/javascript", True),
        ("script", "/app.json", "application/json", False),
        ("image", "/pic", "image/webp", True),
        ("image", "/pic", "text/html", False),
        ("media", "/film", "video/mp4", True),
        ("media", "/film", "text/html", False),
        ("font", "/f.woff2", "font/woff2", True),
        ("font", "/f.woff2", "text/html", False),
        ("any", "/x", "text/html", True),
    ],
)
def test_by_reference(kind: str, name: str, content_type: str, accepted: bool) -> None:
    assert expected_for_reference(kind, name).accepts(content_type) is accepted


def test_says_what_is_expected() -> None:
    assert [str(expected_for_name(name)) for name in ("a.js", "a.xyz")] == ["text/javascript", ""]
    assert str(expected_for_reference("image", "a")) == "image/*"


def test_what_is_compressed_is_known() -> None:
    assert COMPRESSIBLE - set(TYPES) == {"map"}
