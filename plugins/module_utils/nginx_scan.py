# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding single directives in texts of any size, and making huge texts shorter.

nginx_text.py tells how directives nest; this goes through a text once, for a configuration may hold ten megabytes of maps.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.nginx_text import ESCAPE, ESCAPED, TOKEN

LARGE = 1024 * 1024
"""Characters from which on a text is made shorter."""

KEPT_LINES = 1000
"""Of lists of the same directive, such as ``deny``, and of files that are included into a map, this many lines stay."""

_ASIDE = r"""#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'"""
"""A comment or a quoted word, which may hold anything."""
_BLOCK = re.compile(r"#[^\n]*|(?<![^\s;{}])(?:map|geo|split_clients)\s(?:[^;{}\n\\]|\\.){1,400}\{")
_MARK = re.compile(rf"\{{|\}}|{_ASIDE}", re.DOTALL)
_INCLUDE = re.compile(r"""(?:^|;)[ \t]*(include\s+(?:"[^"]*"|'[^']*'|[^\s;]+)\s*;)""", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*#[^\n]*$", re.MULTILINE)


class Statement(t.NamedTuple):
    """A directive without a block, or the head of one, and the line on which it begins."""

    name: str
    arguments: list[str]
    line: int


def statements(text: str, names: t.Sequence[str]) -> list[Statement]:
    """Return the directives of these names, wherever they stand, in the order of the text."""
    pattern = re.compile(rf"\\.|(?P<mark>[;{{}}])|(?<![^\s;{{}}])(?:{_ASIDE}|(?P<name>{'|'.join(names)})(?=[\s;{{]|\Z))", re.DOTALL)
    found: list[Statement] = []
    line = counted = begin = 0
    for match in pattern.finditer(text):
        # A directive's name is the first word after the end of another, or after a brace; comments do not count.
        if match.lastgroup == "mark":
            begin = match.end()
        elif not text[begin : match.start()].strip():
            if match.lastgroup == "name":
                line += text.count("\n", counted, match.start())
                counted = match.start()
                found.append(Statement(match.group("name"), _arguments(text, match.end()), line + 1))
            elif match.group().startswith("#"):
                begin = match.end()
    return found


def _arguments(text: str, position: int) -> list[str]:
    words: list[str] = []
    while len(words) < 100:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup == "mark":
            break
        position = match.end()
        if match.lastgroup in ("quoted", "word"):
            raw = match.group()[1:-1] if match.lastgroup == "quoted" else match.group()
            words.append(ESCAPE.sub(lambda escape: ESCAPED.get(escape.group(1), escape.group(1)), raw))
    return words


def shortened(text: str) -> str:
    """Return a large text without the contents of maps and the tails of long lists. What stays keeps its line.

    What decides which file is served stays: a text of thousands of server blocks is as long as before.
    """
    if len(text) <= LARGE:
        return text
    if "{" not in text:
        return "".join(text.splitlines(keepends=True)[:KEPT_LINES])
    text = _without_data(text)
    if len(text) > LARGE:
        text = _without_repetition(_COMMENT.sub("", text))
    return text


def _without_data(text: str) -> str:
    pieces: list[str] = []
    done = 0
    head = _BLOCK.search(text)
    while head:
        position = head.end()
        if not head.group().startswith("#"):
            position = _end_of_block(text, head.end())
            content = text[head.end() : position]
            if len(content) > KEPT_LINES:
                included = "".join(_INCLUDE.findall(content)).replace("\n", " ") if "include" in content else ""
                pieces += [text[done : head.end()], included, "\n" * content.count("\n")]
                done = position
        head = _BLOCK.search(text, position)
    return "".join([*pieces, text[done:]])


def _end_of_block(text: str, position: int) -> int:
    """Return where the closing brace stands."""
    depth = 1
    mark = _MARK.search(text, position)
    while mark:
        position = mark.end()
        if mark.group() in "{}":
            depth += 1 if mark.group() == "{" else -1
            if depth == 0:
                return mark.start()
        elif text[mark.start() - 1] not in " \t\r\n;{}":  # within a word, such as don't
            position = mark.start() + 1
        mark = _MARK.search(text, position)
    return len(text)


def _without_repetition(text: str) -> str:
    """Empty the lines of one directive that follow on a thousand of the same, such as ``deny`` or an upstream's ``server``."""
    lines = text.split("\n")
    name, count = "", 0
    for number, line in enumerate(lines):
        words = line.split(None, 1)
        if not words:
            continue
        if words[0] == name and line.rstrip().endswith(";") and "{" not in line and "}" not in line:
            count += 1
            if count > KEPT_LINES:
                lines[number] = ""
        else:
            name, count = words[0], 1
    return "\n".join(lines)
