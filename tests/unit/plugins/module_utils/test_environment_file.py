# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment files: what we write is what systemd reads."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.environment_file import parse, render
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from hypothesis import example, given
from hypothesis import strategies as st

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
nasty = st.text(st.sampled_from(list("\"'\\`$#;= \t\n\r!%{}aé\u2028\ud7ff😀")), max_size=12)


@given(st.dictionaries(names, texts | nasty))
@example({"SECRET_KEY": "a\"b'c\\d`e$f#g;h i\n\tj\r\n ", "EMPTY": "", "END": "\\", "UNICODE": "naïve 😀"})
def test_round_trip(variables: dict[str, str]) -> None:
    assert parse(render(variables)) == variables


@given(st.text(st.characters(exclude_characters="\0"), max_size=60) | nasty)
def test_parse_takes_any_text(text: str) -> None:
    parse(text)


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        # The cases of systemd's own src/test/test-env-file.c, and those of systemd.exec(5).
        ("a=a\nb=b\nc=\nd=d\\\ne  \\\nf\ng=g\\ \nh= ąęół\\ śćńźżμ \ni=i\\", dict(a="a", b="b", c="", d="de  f", g="g ", h="ąęół śćńźżμ", i="i")),
        ("a=a\\\n", {"a": "a"}),
        ("# a comment\n; another\nX=1", {"X": "1"}),
        ("normal=line\\\nmore\n;comment\ngreat=yes", {"normal": "linemore", "great": "yes"}),
        ("  KEY = value with # and ; inside   \n", {"KEY": "value with # and ; inside"}),
        ('A=\'single \\n $x\'\nB="dou\\"ble \\x \\$y"', {"A": "single \\n $x", "B": 'dou"ble \\x $y'}),
        ('A="two\nlines"', {"A": "two\nlines"}),
        ('A="con\\\ntinued"', {"A": "continued"}),
        ("A='one' \"two\"three", {"A": "onetwothree"}),
        ('A=pre"quoted"', {"A": 'pre"quoted"'}),
        ("A=a\\ \\ ", {"A": "a  "}),
        ("export A=1\n1B=2\nno assignment\nC=3", {"C": "3"}),
        ("A=1\nA=2", {"A": "2"}),
        ("\ufeff", {}),
        ('A="never closed', {"A": "never closed"}),
    ],
)
def test_parse_follows_systemd(text: str, variables: dict[str, str]) -> None:
    assert parse(text) == variables


def test_render_writes_a_line_for_each_variable_sorted() -> None:
    assert render({"B": 2, "A": 'x"$`\\'}) == 'A="x\\"\\$\\`\\\\"\nB="2"\n'


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "Ä", "A\n", "A\0", 7])
def test_render_refuses_a_name_that_is_none(name: str) -> None:
    with pytest.raises(ExplainedError, match="name of an environment variable"):
        render({name: "x"})


@pytest.mark.parametrize(
    ("value", "words"), [(True, "truth value"), (None, "empty"), ([], "a list"), ("a\0s3cret", "NUL"), ("s3cret\udcff", "UTF-8")]
)
def test_render_refuses_a_value_and_does_not_show_it(value: object, words: str) -> None:
    with pytest.raises(ExplainedError, match=words) as caught:
        render({"TOKEN": value})
    assert "TOKEN" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_parse_refuses_nul() -> None:
    with pytest.raises(ExplainedError, match="NUL"):
        parse("A=\0")
