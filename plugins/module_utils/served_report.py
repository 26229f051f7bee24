# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked for and what came: failures, and the message that a person reads."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, TransportError
from ansible_collections.webops.django.plugins.module_utils.web_urls import printable

MAX_FAILURES = 50
"""Failures in a result; their number is always told."""
SHOWN = 10
"""Failures in a message."""
_VARIES = re.compile(r"[0-9a-f]*[0-9][0-9a-f-]*")
"""Sizes, positions and digests, by which failures of one sort differ."""
WHY = (
    'What each of these means, and what to do: docs/messages.md of the collection webops.django, section "Files that are not served". '
    "Which cause on the host it has: ansible-playbook webops.django.diagnose with the same inventory."
)
KINDS = ("page", "file", "reference", "missing_name", "probe")
"""What is asked for: pages, collected files, what pages name, names that nobody has, and what must not be served."""
_ERROR_PAGE_SIZE = 4096
NGINX_ERROR_PAGE = b"<center>nginx"
"""What every error page of nginx's own holds, whatever server_tokens says."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """Something that a client does not get as it must.

    :param url: what was asked for.
    :param expected: what should have come.
    :param got: what came.
    :param page: the page or style sheet that refers to it; empty for a collected file.
    :param kind: one of :data:`KINDS`.
    """

    url: str
    expected: str
    got: str
    page: str = ""
    kind: str = "file"

    def as_dict(self) -> dict[str, str]:
        """Return it for a module's result."""
        return {field: printable(value) for field, value in dataclasses.asdict(self).items() if value or field != "page"}

    def __str__(self) -> str:
        on_page = f" (on {self.page})" if self.page else ""
        return printable(f"{self.url}{on_page}: expected {self.expected}, got {self.got}", 600)


def describe_answer(answer: Answer) -> str:
    """Say what came in place of a file, and who answered, as far as that can be told.

    The beginning of the body is read for it.
    """
    location = answer.header("Location")
    if 300 <= answer.status < 400 and location:
        return f"{answer.status} to {location}"
    return f"{answer.status} {answer.content_type} (answered by {_who(answer)})".replace("  ", " ")


def _who(answer: Answer) -> str:
    server = answer.header("Server")
    start = b""
    with contextlib.suppress(TransportError):
        for chunk in answer.chunks():
            start += chunk
            if len(start) > _ERROR_PAGE_SIZE:
                break
    if NGINX_ERROR_PAGE in start:
        return "nginx"
    if server.lower().startswith("nginx"):
        return "the application behind nginx, or a page of its own"
    return server or "a server that does not name itself"


def varied(failures: t.Sequence[Failure]) -> list[Failure]:
    """Put one failure of each sort first, then a second one of each, and so on: a header that all files lack must not hide the file that is missing.

    So few that all are shown stay in their order.
    """
    if len(failures) <= SHOWN:
        return list(failures)
    met: collections.Counter[tuple[str, ...]] = collections.Counter()
    numbered = []
    for failure in failures:
        sort = (failure.kind, _VARIES.sub("", failure.expected), _VARIES.sub("", failure.got))
        numbered.append((met[sort], failure))
        met[sort] += 1
    return [failure for _number, failure in sorted(numbered, key=lambda pair: pair[0])]


def failed_message(failures: t.Sequence[Failure], checked: int, unchecked: int, probes: int = 0) -> str:
    """Say how many of how many are not served, and name the first.

    :param checked: files, pages, references and missing names that were asked for.
    :param unchecked: those for which there was no time.
    :param probes: URLs that must bring nothing, and were asked for.
    """
    leaks = {failure.url for failure in failures if failure.kind == "probe"}
    wrong = {failure.url for failure in failures} - leaks
    sentences = [f"{len(wrong)} of {checked} URLs are not served as they must be."] if wrong else []
    if leaks:
        sentences.append(f"Below the URL of the static files, {len(leaks)} of {probes} probes brought what must not be served.")
    if unchecked:
        sentences.append(f"{unchecked} more were not asked for.")
    shown = varied(failures)[:SHOWN]
    if len(failures) > len(shown):
        sentences.append(f"The first {len(shown)}, one of each sort before others of it:")
    return "\n".join([" ".join(sentences), *(f"- {failure}" for failure in shown), WHY])
