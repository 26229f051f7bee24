# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in unit files: what we write is what systemd reads."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.webops.django.plugins.filter.systemd_quote import FilterModule, systemd_quote
from hypothesis import given
from hypothesis import strategies as st


def read(line: str) -> list[str]:
    """Read words as systemd.syntax(7) and systemd.unit(5) say: quotes, C escapes, then %% for a percent sign."""
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at] == " ":
            at += 1
            continue
        quoted = line[at] == '"'
        at += quoted
        word = ""
        while at < len(line) and line[at] != ('"' if quoted else " "):
            if line[at] == "\\":
                at += 1
                if line[at] == "x":
                    word += chr(int(line[at + 1 : at + 3], 16))
                    at += 2
                else:
                    assert line[at] in '\\"'
                    word += line[at]
            else:
                word += line[at]
            at += 1
        at += quoted
        assert word.count("%") % 2 == 0
        words.append(word.replace("%%", "%"))
    return words


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text(st.sampled_from(list("\"'\\ %$\n\t;#a")))))
def test_round_trip(words: list[str]) -> None:
    line = systemd_quote(words)
    assert read(line) == words
    assert "\n" not in line


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("/srv/shop/venv/bin/python", "/srv/shop/venv/bin/python"),
        ("100%", "100%%"),
        ("two words", '"two words"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("line\nbreak", '"line\\x0abreak"'),
        ("$HOME", '"$HOME"'),
        ("", '""'),
        (5, "5"),
    ],
)
def test_words(value: object, written: str) -> None:
    assert systemd_quote(value) == written


def test_paths() -> None:
    assert systemd_quote("/srv/my shop/100%", "path") == "/srv/my shop/100%%"


@pytest.mark.parametrize("value", ["relative", "/a\nb", "/a ", "/a\\", ""])
def test_a_path_that_systemd_would_read_otherwise_is_refused(value: str) -> None:
    with pytest.raises(AnsibleFilterError, match="cannot stand in a systemd unit"):
        systemd_quote(value, "path")


def test_nul_and_unknown_kinds_are_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="NUL"):
        systemd_quote("a\0")
    with pytest.raises(AnsibleFilterError, match="kinds word and path"):
        systemd_quote("a", "line")


def test_the_filter_is_known() -> None:
    assert FilterModule().filters() == {"systemd_quote": systemd_quote}
