# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The message that a person reads."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.served_report import SHOWN, Failure, failed_message, varied


def failure(number: int) -> Failure:
    return Failure(f"http://shop.example.com/static/{number}.css", "200 text/css", "404 text/html (answered by nginx)")


def test_says_how_many_and_which_first() -> None:
    lines = failed_message([failure(number) for number in range(12)], 1503, 0).split("\n")
    assert lines[0] == "12 of 1503 URLs are not served as they must be. The first 10, one of each sort before others of it:"
    assert lines[1] == "- http://shop.example.com/static/0.css: expected 200 text/css, got 404 text/html (answered by nginx)"
    assert len(lines) == 12
    assert "docs/messages.md" in lines[-1]


def test_counts_urls_and_not_their_faults() -> None:
    assert failed_message([failure(1), failure(1)], 5, 3).startswith("1 of 5 URLs are not served as they must be. 3 more were not asked for.\n")


def test_escapes_what_a_host_sent() -> None:
    hostile = Failure("http://shop.example.com/", "a page", "\x1b]0;title\x07\r\nok: done \u202e" + "x" * 5000)
    assert "\x1b" not in str(hostile)
    assert "\n" not in str(hostile)
    assert len(str(hostile)) < 1000
    assert hostile.as_dict() == {"url": "http://shop.example.com/", "expected": "a page", "got": hostile.as_dict()["got"], "kind": "file"}
    assert hostile.as_dict()["got"].startswith(r"\x1b]0;title\x07\r\nok: done \u202ex")


def test_leaks_are_counted_for_themselves() -> None:
    leak = Failure("http://shop.example.com/static../x", "404 or 403", "200", kind="probe")
    assert failed_message([leak], 20, 0, 85).startswith(
        "Below the URL of the static files, 1 of 85 probes brought what must not be served.\n- http://shop.example.com/static../x: expected 404"
    )
    assert failed_message([failure(1), leak], 20, 0, 85).startswith("1 of 20 URLs are not served as they must be. Below the URL")


def test_what_all_files_lack_does_not_hide_what_one_lacks() -> None:
    header = [Failure(f"/static/{number}.css", "x: 1, once, as on the pages", "no x") for number in range(200)]
    others = [Failure("/static/z.js", "200 text/javascript", "404"), Failure("/static/y.js", "the bytes", "other bytes from byte 7 on")]
    more = [Failure("/static/x.js", "the bytes", "other bytes from byte 19 on")]
    ordered = varied([*header, *others, *more])
    assert [failure.url for failure in ordered[:5]] == ["/static/0.css", "/static/z.js", "/static/y.js", "/static/1.css", "/static/x.js"]
    assert sorted(map(str, ordered)) == sorted(map(str, [*header, *others, *more]))
    assert varied(header[:SHOWN]) == header[:SHOWN]
    assert "- /static/z.js: expected 200" in failed_message([*header, *others], 300, 0)
