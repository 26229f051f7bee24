# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking secrets out of nginx's configuration, so that it reads as before: words are replaced, and nothing else.

Variables stay, for they are no secrets, and so do comparisons with nothing: a request that carries no secret takes the same way as before.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.nginx_text import TOKEN

HIDDEN = "HIDDEN"
"""Stands where a secret was. Not asterisks: it may be the place of a regular expression."""

NAMES = (
    r"pass(?:word|wd|phrase)?|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|authori[sz]ation|x[-_]auth|credential|cookie|session|signature"
)
_NAME = re.compile(NAMES, re.IGNORECASE)
_SUSPECT = re.compile(
    rf"(?<!proxy_)(?<!cgi_)(?<!wsgi_)(?<!grpc_)(?:{NAMES})|[$_{{]arg_|secure_link|(?:Basic|Bearer|Digest|Token|ApiKey)\s", re.IGNORECASE
)
"""Most files of most servers hold nothing of the kind; ``proxy_pass`` is no password."""
_ARGUMENT = re.compile(r"\$\{?arg_\w*(?:key|sign|auth|hash|md5)", re.IGNORECASE)
_SETTERS = ("set", "add_header", "proxy_set_header", "grpc_set_header", "fastcgi_param", "uwsgi_param", "scgi_param", "more_set_headers")
_KEYWORDS = ("default", "hostnames", "volatile", "include")
_SCHEME = re.compile(r"\s*(?:Basic|Bearer|Digest|Token|ApiKey)\s+\S", re.IGNORECASE)

Span = tuple[int, int]


def hide_in_configuration(text: str) -> str:
    """Return a configuration without the values that are compared with, or written into, what is named like a secret."""
    if not _SUSPECT.search(text):
        return text
    pieces: list[str] = []
    done = 0
    for start, end in _secrets(text):
        pieces += [text[done:start], _hidden(text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _secrets(text: str) -> t.Iterator[Span]:
    """Yield where words stand that hold secrets, in the order of the text."""
    words: list[Span] = []
    blocks: list[bool] = []
    for match in TOKEN.finditer(text):
        if match.lastgroup in ("quoted", "word"):
            words.append(match.span())
        elif match.lastgroup == "mark":
            mark = match.group()
            yield from _in_statement(text, words, inside=bool(blocks and blocks[-1]))
            if mark == "{":
                blocks.append(_is_secret_map(text, words))
            elif mark == "}" and blocks:
                blocks.pop()
            words = []
    yield from _in_statement(text, words, inside=bool(blocks and blocks[-1]))


def _in_statement(text: str, words: list[Span], inside: bool) -> list[Span]:
    told = [text[start:end] for start, end in words]
    if not told:
        return []
    name, arguments = told[0], told[1:]
    if inside:
        return [] if name in _KEYWORDS else words[:1]
    if name in _SETTERS and len(arguments) > 1:
        wanted = _NAME.search(arguments[0]) or _SCHEME.match(arguments[1].strip("\"'"))
        return _literals(words[2:], told[2:]) if wanted else []
    if name == "if" and _is_named(" ".join(arguments)):
        return _literals(words[1:], told[1:])
    if name in ("secure_link_md5", "secure_link_secret"):
        return _literals(words[1:], told[1:])
    return []


def _is_named(condition: str) -> bool:
    return any(_NAME.search(word) or _ARGUMENT.match(word) for word in re.findall(r"\$\{?\w+", condition))


def _is_secret_map(text: str, words: list[Span]) -> bool:
    """Tell whether a block chooses by a value that is named like a secret: its entries are the secrets."""
    told = [text[start:end] for start, end in words]
    return len(told) == 3 and told[0] == "map" and _is_named(told[1])


def _literals(words: list[Span], told: list[str]) -> list[Span]:
    """Return the words that hold more than variables, operators and brackets, and are no paths, which decide what is served."""
    return [span for span, word in zip(words, told) if not word.startswith("/") and re.sub(r"\$\{?\w+\}?|[\"'()=!~*\s]", "", word)]


def _hidden(word: str) -> str:
    """Return what stands in a word's place: its quotation marks, the bracket of an ``if`` and variables stay, and what nginx reads before a value."""
    closing = ")" if word.endswith(")") and "(" not in word else ""
    quote = word[0] if word[0] in "\"'" else ""
    variables = " ".join(re.findall(r"\$\{?\w+\}?", word)) if quote else ""
    regex = "~" if word.strip("\"'").startswith("~") else ""
    return f"{quote}{regex}{' '.join(filter(None, [HIDDEN, variables]))}{quote}{closing}"
