# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer allows a cache to do with it (RFC 9111), and what it must not allow."""

from __future__ import annotations

import email.utils
import re
import time

from ansible_collections.webops.django.plugins.module_utils.http_client import Answer, Client, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure, describe_answer
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url

SHORT_LIVED = 60
"""Seconds for which an error may be cached: nobody waits longer for a file that was put in its place."""


def check_missing(client: Client, url: Url) -> list[Failure]:
    """Ask for a name that nobody has: it must be 404, and no cache may keep that.

    :raises DeadlineError: the time for the whole work is over.
    """
    try:
        answer = client.get(url.origin, url.target)
        if answer.status != 404:
            return [Failure(str(url), "404, for there is no such file", describe_answer(answer))]
        seconds = lifetime(answer, time.time())
    except TransportError as error:
        return [Failure(str(url), "404, for there is no such file", str(error))]
    if seconds > SHORT_LIVED or "immutable" in cache_directives(answer):
        headers = [f"{name}: {answer.header(name)}" for name in ("Cache-Control", "Expires") if answer.header(name)]
        return [Failure(str(url), "a 404 that is not cached", f"404 with {', '.join(headers)}")]
    return []


def cache_directives(answer: Answer) -> dict[str, str]:
    """Return the Cache-Control directives in lower case (RFC 9111 5.2)."""
    parts = (part.partition("=") for part in answer.header("cache-control").lower().split(","))
    return {name.strip(): value.strip().strip('"') for name, _equals, value in parts if name.strip()}


def lifetime(answer: Answer, now: float) -> float:
    """Return for how many seconds a cache may keep an answer because its headers say so (RFC 9111 4.2.1).

    :param now: seconds since the epoch.
    """
    directives = cache_directives(answer)
    if "no-store" in directives or "no-cache" in directives:
        return 0
    for name in ("s-maxage", "max-age"):
        # Not isdigit(), which knows more digits than float() does.
        if re.fullmatch("[0-9]+", directives.get(name, "")):
            return float(directives[name][:12])
    try:
        return email.utils.parsedate_to_datetime(answer.header("expires")).timestamp() - now
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0


def varies_by_encoding(answer: Answer) -> bool:
    """Tell whether a cache will keep an answer from clients that asked for other encodings.

    An encoded answer without ``Vary: Accept-Encoding`` may be given to a client that cannot decode it (RFC 9111 4.1), by a
    cache that serves several clients. That is held against a server only where it tells caches to keep the answer: nginx sends no
    Vary by default, and without a lifetime nearly all caches ask again.
    """
    fields = {field.strip().lower() for field in answer.header("vary").split(",")}
    directives = cache_directives(answer)
    if fields & {"accept-encoding", "*"} or directives.keys() & {"private", "no-store"}:
        return True
    return "public" not in directives and "immutable" not in directives and lifetime(answer, time.time()) <= 0
