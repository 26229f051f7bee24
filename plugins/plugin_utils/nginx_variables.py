# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of nginx's variables, as far as a plain GET request and the configuration tell them."""

from __future__ import annotations

import re
import typing as t

_VARIABLE = re.compile(r"\$(?:([1-9])|\{(\w+)\}|(\w+))")

LONGEST = 100_000
"""Characters of a text with its variables; nginx's own buffers for requests are smaller."""


class UnknownVariableError(Exception):
    """A variable whose value is not known here."""


class Made(t.NamedTuple):
    """A value that a block of the configuration makes.

    :ivar is_kept: it is made once for a request, and not each time it is asked for.
    """

    value: str
    is_kept: bool


class Variables:
    """What is known of a request.

    :param values: by name; a function is asked each time, for its value changes while the request is processed.
    :param declared: variables that the configuration makes; they are empty until it does.
    :param make: makes a variable by a block of the configuration; None for one that no block makes.
    :ivar captures: of the last pattern that matched, by number.
    """

    def __init__(
        self,
        values: t.Mapping[str, str | t.Callable[[], str]],
        declared: t.Collection[str] = (),
        make: t.Callable[[str, Variables], Made | None] | None = None,
    ) -> None:
        self._values: dict[str, str | t.Callable[[], str]] = dict(values)
        self._declared = declared
        self._make = make or (lambda _name, _variables: None)
        self._unknown: set[str] = set()
        self._making: set[str] = set()
        self._made: dict[str, str] = {}
        self.captures: dict[str, str] = {}

    def set(self, name: str, value: str | None) -> None:
        """Set a variable, as ``set`` does; None where the value is not known."""
        self._unknown.discard(name)
        if value is None:
            self._values.pop(name, None)
            self._unknown.add(name)
        else:
            self._values[name] = value

    def take(self, other: Variables) -> None:
        """Share what another request has set; what is asked each time stays this one's own."""
        self._values = {**other._values, **{name: value for name, value in self._values.items() if not isinstance(value, str)}}
        self._made, self._unknown = other._made, other._unknown

    def get(self, name: str) -> str:
        """Return a variable's value.

        :raises UnknownVariableError: it is not known.
        """
        if len(name) == 1 and name.isdigit():
            return self.captures.get(name, "")
        value = self._values.get(name)
        if value is not None:
            return value if isinstance(value, str) else value()
        if name in self._unknown:
            raise UnknownVariableError(name)
        if name.startswith("arg_"):
            return self._argument(name[4:])
        made = self._of_maker(name)
        if made is not None:
            return made
        if name in self._declared or name.startswith(("cookie_", "sent_http_", "upstream_http_")):
            return ""
        raise UnknownVariableError(name)

    def _of_maker(self, name: str) -> str | None:
        """Return what a block of the configuration makes."""
        if name in self._made:
            return self._made[name]
        if name in self._making:
            raise UnknownVariableError(f"{name}, which is made of itself,")
        self._making.add(name)
        try:
            made = self._make(name, self)
        finally:
            self._making.discard(name)
        if made is None:
            return None
        if made.is_kept:
            self._made[name] = made.value
        return made.value

    def _argument(self, name: str) -> str:
        for pair in self.get("args").split("&"):
            key, equals, value = pair.partition("=")
            if equals and key.lower() == name.lower():
                return value
        return ""

    def expand(self, text: str) -> str:
        """Put the values of variables into a text.

        :raises UnknownVariableError: one is not known.
        """
        if "$" not in text:
            return text
        length = len(text)

        def value_of(match: re.Match[str]) -> str:
            nonlocal length
            value = self.get(match.group(1) or match.group(2) or match.group(3))
            length += len(value)
            if length > LONGEST:
                raise UnknownVariableError(f"{match.group(0)[1:]}, which grows beyond all bounds,")
            return value

        return _VARIABLE.sub(value_of, text)

    def note(self, captures: t.Mapping[str, str]) -> None:
        """Keep the captures of a pattern that matched: named ones are variables, numbered ones replace those of the pattern before."""
        self.captures = {key: value for key, value in captures.items() if key.isdigit()}
        self._values.update({key: value for key, value in captures.items() if not key.isdigit()})


def has_variables(text: str) -> bool:
    """Tell whether a text holds variables."""
    return "$" in text and bool(_VARIABLE.search(text))
