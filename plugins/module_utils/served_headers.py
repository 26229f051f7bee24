# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which headers of a page every file must carry too, and whether an answer does."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url, printable

HSTS = "strict-transport-security"
DEFAULT = ("Strict-Transport-Security", "X-Content-Type-Options")
"""Headers that protect a response by themselves, or the whole host whichever response carries them (RFC 6797 8.1; Fetch 3.6)."""
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def header_names(names: t.Sequence[str]) -> tuple[str, ...]:
    """Read the option security_headers.

    :raises ExplainedError: one of them is no header's name.
    """
    for name in names:
        if not _NAME.fullmatch(name):
            raise ExplainedError(f"security_headers: {printable(name)!r} is no header's name; write one such as X-Content-Type-Options.")
    return tuple(dict.fromkeys(name.lower() for name in names))


def page_faults(names: t.Sequence[str], answer: Answer) -> list[tuple[str, str]]:
    """Return what is wrong with a page's own headers: a second line of a name, of which browsers heed one, or none, or both."""
    return [(f"{_shown(name)} once", f"{len(values)} times: {_joined(values)}") for name, values in _values(names, answer) if len(values) > 1]


def wanted(names: t.Sequence[str], answer: Answer, same_host: bool) -> dict[str, str]:
    """Return what a page carries, by lower-case name: each file must carry it.

    :param same_host: whether the files come from the page's origin; Strict-Transport-Security is a host's own affair.
    """
    return {name: values[0] for name, values in _values(names, answer) if values and (same_host or name != HSTS)}


def gaps(client: Client, url: Url, expected: t.Mapping[str, str]) -> list[str]:
    """Ask for a file, and return the headers that the pages carry and it does not, each as a line.

    :raises DeadlineError: the time for the whole work is over.
    """
    try:
        answer = client.get(url.origin, url.target)
    except TransportError:
        # Told where the file itself is checked.
        return []
    return [f"{_shown(name)}: {value}" for name, value in expected.items() if answer.status == 200 and answer.header_values(name) != [value]]


def check_error(client: Client, url: Url, expected: t.Mapping[str, str]) -> list[Failure]:
    """Ask for a name that nobody has, and compare the headers of the answer.

    nginx leaves an ``add_header`` without ``always`` away where it answers with an error.

    :raises DeadlineError: the time for the whole work is over.
    """
    try:
        answer = client.get(url.origin, url.target)
    except TransportError:
        # Told where the answer itself is checked.
        return []
    faults = []
    for name, value in expected.items():
        values = answer.header_values(name)
        if values != [value]:
            got = _joined(values) or f"{answer.status} without it"
            faults.append(Failure(str(url), f"{_shown(name)}: {value}, as on the pages, on errors too", got, kind="missing_name"))
    return faults


def _values(names: t.Sequence[str], answer: Answer) -> list[tuple[str, list[str]]]:
    return [(name, answer.header_values(name)) for name in names]


def _joined(values: t.Sequence[str]) -> str:
    return ", and ".join(repr(printable(value, 100)) for value in values)


def _shown(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))
