# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment files by systemd's rules: systemd.exec(5) ``EnvironmentFile=``, and ``parse_env_file_internal()`` in systemd's src/basic/env-file.c.

The same text must mean the same to systemd, which starts the service, and to the modules, which run manage.py before it.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
"""Names that POSIX shells and systemd agree on."""

_WHITESPACE = " \t\n\r"
_NEWLINE = "\n\r"
_ESCAPED = '"\\`$'
"""Within double quotes a backslash escapes these and a newline, and stands for itself before anything else."""


def render(variables: t.Mapping[str, t.Any]) -> str:
    """Return the file's text: one variable a line, sorted, each value in double quotes.

    :param variables: strings or whole numbers by name.
    :raises ExplainedError: a name or a value that an environment cannot hold; the message never shows a value.
    """
    return "".join(f'{name}="{_escape(_value(name, variables[name]))}"\n' for name in sorted(variables, key=str))


def _value(name: t.Any, value: t.Any) -> str:
    if not isinstance(name, str) or not NAME.match(name):
        raise ExplainedError(f"{name!r} is no name of an environment variable; write letters, digits and underscores, and no digit first.")
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        kind = {"bool": "a truth value", "NoneType": "empty"}.get(type(value).__name__, f"a {type(value).__name__}")
        raise ExplainedError(f'The environment variable {name} is {kind}; write a text in quotes, such as "1" or "".')
    text = str(value)
    if "\0" in text:
        raise ExplainedError(f"The environment variable {name} holds a NUL character, which no environment can hold; leave it out.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ExplainedError(f"The environment variable {name} holds bytes that are no UTF-8; encode them, for instance as base64.") from error
    return text


def _escape(value: str) -> str:
    return re.sub(r'(["\\`$])', r"\\\1", value)


def parse(text: str) -> dict[str, str]:
    """Return the variables that systemd reads from an environment file's text.

    Lines that systemd ignores are ignored; a name that is none is dropped, as systemd does.

    :raises ExplainedError: the text holds a NUL character.
    """
    if "\0" in text:
        raise ExplainedError("The environment file holds a NUL character; write it anew as text.")
    return {name: value for name, value in _Reader(text).assignments() if NAME.match(name)}


class _Reader:
    """systemd's state machine, with the position in the text as its state."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def _take(self) -> str:
        """Return the next character, or '' at the end."""
        character = self._text[self._at : self._at + 1]
        self._at += 1
        return character

    def assignments(self) -> t.Iterator[tuple[str, str]]:
        while self._at < len(self._text):
            first = self._take()
            if first in _WHITESPACE:
                continue
            if first in "#;":
                self._comment()
                continue
            name = self._name(first)
            if name is not None:
                yield name, self._value()

    def _comment(self) -> None:
        """Read up to a newline. Of a backslash before it, systemd 252 says that the comment goes on, and 257 that it does not."""
        while True:
            character = self._take()
            if not character or character in _NEWLINE:
                return

    def _name(self, first: str) -> str | None:
        name = first
        while True:
            character = self._take()
            if not character or character in _NEWLINE:
                return None
            if character == "=":
                return name.rstrip(_WHITESPACE)
            name += character

    def _value(self) -> str:
        """Read pieces, quoted or bare, up to a newline; whitespace before a piece, and at the end of a bare one, does not count."""
        value = ""
        while True:
            character = self._take()
            if not character or character in _NEWLINE:
                return value
            if character == "'":
                value += self._single_quoted()
            elif character == '"':
                value += self._double_quoted()
            elif character not in _WHITESPACE:
                return value + self._bare(character)

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at)
        end = len(self._text) if end < 0 else end
        piece = self._text[self._at : end]
        self._at = end + 1
        return piece

    def _double_quoted(self) -> str:
        piece = ""
        while True:
            character = self._take()
            if not character or character == '"':
                return piece
            if character == "\\":
                character = self._take()
                if character == "\n":
                    continue
                if character not in _ESCAPED:
                    piece += "\\"
            piece += character

    def _bare(self, character: str) -> str:
        """Read up to a newline; quotes within are plain characters, and an escaped newline joins two lines."""
        piece = ""
        kept = 0
        while character and character not in _NEWLINE:
            if character == "\\":
                character = self._take()
                if character not in _NEWLINE:
                    piece += character
                kept = len(piece)
            else:
                piece += character
                if character not in _WHITESPACE:
                    kept = len(piece)
            character = self._take()
        return piece[:kept]
