# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of nginx's variables, as far as a plain GET request and the configuration tell them."""

from __future__ import annotations

import re
import typing as t

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class UnknownVariableError(Exception):
    """A variable whose value is not known here."""


class Variables:
    """What is known of a request.

    :param values: by name; a function is asked each time, for its value changes while the request is processed.
    """

    def __init__(self, values: t.Mapping[str, str | t.Callable[[], str]]) -> None:
        self._values: dict[str, str | t.Callable[[], str]] = dict(values)
        self.captures: dict[str, str] = {}

    def set(self, name: str, value: str) -> None:
        """Set a variable, as ``set`` does."""
        self._values[name] = value

    def get(self, name: str) -> str:
        """Return a variable's value.

        :raises UnknownVariableError: it is not known.
        """
        if name in self.captures:
            return self.captures[name]
        if name.isdigit():
            return ""
        value = self._values.get(name)
        if value is None:
            if name.startswith("arg_"):
                return self._argument(name[4:])
            raise UnknownVariableError(name)
        return value if isinstance(value, str) else value()

    def _argument(self, name: str) -> str:
        for pair in self.get("args").split("&"):
            key, _equals, value = pair.partition("=")
            if key.lower() == name.lower():
                return value
        return ""

    def expand(self, text: str) -> str:
        """Put the values of variables into a text.

        :raises UnknownVariableError: one is not known.
        """
        return _VARIABLE.sub(lambda match: self.get(match.group(1) or match.group(2)), text)

    def note(self, match: re.Match[str]) -> None:
        """Keep the captures of a pattern."""
        self.captures = {**{key: value for key, value in self.captures.items() if not key.isdigit()}, **numbered(match)}


def numbered(match: re.Match[str]) -> dict[str, str]:
    """Return the captures of a match by number and by name."""
    found = {str(number): value or "" for number, value in enumerate(match.groups(), 1)}
    found.update({key: value or "" for key, value in match.groupdict().items()})
    found["0"] = match.group(0)
    return found


def has_variables(text: str) -> bool:
    """Tell whether a text holds variables."""
    return bool(_VARIABLE.search(text))
