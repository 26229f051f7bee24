# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Consoles and archives as browsers save them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils import browser_console
from ansible_collections.webops.django.plugins.plugin_utils.browser_console import read_console
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_caches import BLOCKED_BY_CLIENT

URL = "https://shop.example.com/static/js/ads.js"


@pytest.mark.parametrize(
    "line",
    [
        f"shop.example.com/:12  GET {URL} net::ERR_BLOCKED_BY_CLIENT",
        f"https://shop.example.com/:12 GET {URL}?v=3 net::ERR_BLOCKED_BY_CLIENT",
        f"{URL}:1  Failed to load resource: net::ERR_BLOCKED_BY_CLIENT",
        f"{URL}:1:7 Failed to load resource: net::ERR_BLOCKED_BY_CLIENT.Inspector",
        f"The resource at \u201c{URL}\u201d was blocked because content blocking is enabled. 3 shop.example.com",
        f'The resource at "{URL}" was blocked because content blocking is enabled.',
        f"GET {URL} [NS_ERROR_BLOCKED_BY_POLICY]",
        "[10:12:13.4] GET https://user:secret@shop.example.com/static/js/ads.js?token=secret#x NS_ERROR_CONTENT_BLOCKED",
    ],
)
def test_a_line_of_a_console(line: str, tmp_path: Path) -> None:
    (tmp_path / "console.log").write_text(f"jQuery is ready\n{line}\nA promise was rejected at {URL}/other\n", encoding="utf-8")
    (report,) = read_console(str(tmp_path / "console.log"))
    assert report["url"] == URL
    assert BLOCKED_BY_CLIENT.search(report["error"])


def test_a_failure_that_is_no_blocker(tmp_path: Path) -> None:
    text = f"GET {URL} net::ERR_ABORTED 404 (Not Found)\nLoading failed for the <script> with source \u201c{URL}x\u201d. shop.example.com:12:1\n"
    (tmp_path / "console.log").write_text(text, encoding="utf-16")
    reports = read_console(str(tmp_path / "console.log"))
    assert [report["url"] for report in reports] == [URL, URL + "x"]
    assert not any(BLOCKED_BY_CLIENT.search(report["error"]) for report in reports)


def entry(url: str, status: int, **response: t.Any) -> dict[str, t.Any]:
    return {"request": {"method": "GET", "url": url}, "response": {"status": status, **response}}


@pytest.mark.parametrize("is_file", [True, False])
def test_an_archive(is_file: bool, tmp_path: Path) -> None:
    entries = [
        entry(URL, 0, _error="net::ERR_BLOCKED_BY_CLIENT"),
        entry(URL + "2", 200, _error="net::ERR_FAILED"),
        entry(URL + "3", 0),
        {**entry(URL + "4", 0), "_blocked_reason": "blocked by client"},
        {"request": None},
        "rubbish",
        {"request": {"url": None}, "response": None, "_error": "net::ERR_FAILED"},
    ]
    archive = {"log": {"version": "1.2", "entries": entries}}
    (tmp_path / "shop.har").write_text(json.dumps(archive), encoding="utf-8-sig")
    assert read_console(str(tmp_path / "shop.har") if is_file else archive) == [
        {"url": URL, "error": "net::ERR_BLOCKED_BY_CLIENT"},
        {"url": URL + "4", "error": "blocked by client"},
    ]


def test_a_list() -> None:
    given = [{"url": URL, "error": "net::ERR_BLOCKED_BY_CLIENT"}, {"url": URL, "error": "again"}, {"url": "data:,x", "error": "x"}]
    assert read_console(given) == [{"url": URL, "error": "net::ERR_BLOCKED_BY_CLIENT"}]
    assert read_console([{"url": URL, "failure": {"errorText": "net::ERR_FAILED"}}]) == [{"url": URL, "error": "net::ERR_FAILED"}]
    assert read_console([]) == []


def test_a_host_with_a_port_keeps_it() -> None:
    assert read_console([{"url": "http://shop.example.com:8000", "error": "x"}])[0]["url"] == "http://shop.example.com:8000"
    assert read_console([{"url": "http://shop.example.com:8000/a.js:3", "error": "x"}])[0]["url"] == "http://shop.example.com:8000/a.js"


@pytest.mark.parametrize("given", [{"log": 1}, {}, 3, [1], [{"error": "x"}], [{"url": None}]])
def test_what_is_none_of_these_is_told(given: t.Any, tmp_path: Path) -> None:
    with pytest.raises(ExplainedError, match="browser_console is neither"):
        read_console(given)


@pytest.mark.parametrize("data", [b"", b"\0\xff\xfe", b"[" * 100_000, b'{"log": ', b"https://" * 10_000 + b" net::ERR_FAILED"])
def test_a_text_without_reports(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "console.log").write_bytes(data)
    assert read_console(str(tmp_path / "console.log")) == []


def test_a_file_that_is_not_there_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExplainedError, match=r"console\.log cannot be read: No such file"):
        read_console(str(tmp_path / "console.log"))
    (tmp_path / "console.log").write_text("x" * 100)
    monkeypatch.setattr(browser_console, "MOST_BYTES", 99)
    with pytest.raises(ExplainedError, match="is larger than 0 MiB"):
        read_console(str(tmp_path / "console.log"))
    with pytest.raises(ExplainedError, match="cannot be read"):
        read_console("a\0b")


def test_no_more_than_that_matters() -> None:
    assert len(read_console([{"url": f"{URL}{number}", "error": "x" * 1000} for number in range(3000)])) == browser_console.MOST_REPORTS
