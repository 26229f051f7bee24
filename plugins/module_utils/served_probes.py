# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking for what must not be served, and telling what came all the same."""

from __future__ import annotations

import dataclasses
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils.http_client import Client, DeadlineError, TransportError
from ansible_collections.webops.django.plugins.module_utils.served_leaks import START
from ansible_collections.webops.django.plugins.module_utils.served_probe_plan import Probe
from ansible_collections.webops.django.plugins.module_utils.served_report import Failure
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url

_NO_SUCH_NAME = "-webops-no-such-name"


@dataclasses.dataclass
class Outcome:
    """What the probes brought.

    :param asked: how many were answered, or were refused by closing the connection.
    :param unchecked: for how many there was no time.
    """

    failures: list[Failure] = dataclasses.field(default_factory=list)
    asked: int = 0
    unchecked: int = 0


def ask(clients: t.Sequence[Client], url: Url, probes: t.Sequence[Probe]) -> Outcome:
    """Ask over several connections.

    :param url: the URL of the static files.
    """
    outcome = Outcome()
    leaks: dict[int, str] = {}
    numbers, lock = iter(range(len(probes))), threading.Lock()

    def work(client: Client) -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                leak = _leak(client, url, probes[number])
            except DeadlineError:
                return
            with lock:
                outcome.asked += 1
                if leak:
                    leaks[number] = leak

    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(work, clients))
    outcome.unchecked = len(probes) - outcome.asked
    outcome.failures = _failures(url, [(probes[number], leaks[number]) for number in sorted(leaks)])
    return outcome


def _failures(url: Url, leaks: t.Sequence[tuple[Probe, str]]) -> list[Failure]:
    """Return one failure for each subject."""
    by_subject: dict[str, list[tuple[Probe, str]]] = {}
    for probe, leak in leaks:
        by_subject.setdefault(probe.subject, []).append((probe, leak))
    failures = []
    for subject, found in by_subject.items():
        probe, leak = found[0]
        others = f" (and at {len(found) - 1} other URLs like this one)" if len(found) > 1 else ""
        failures.append(Failure(f"{url.origin}{probe.target}", f"404 or 403, and never {subject}", f"200 with {leak}{others}", kind="probe"))
    return failures


def _leak(client: Client, url: Url, probe: Probe) -> str:
    body = _body(client, url, probe.target)
    leak = probe.judge(body) if body else ""
    if not leak:
        return ""
    # Some sites answer every URL with one page, which may lie beside the tree: then it comes for a name that nobody has, too.
    others = [probe.target + _NO_SUCH_NAME, probe.elsewhere]
    return "" if any(other and _body(client, url, other) == body for other in others) else leak


def _body(client: Client, url: Url, target: str) -> bytes:
    """Return the beginning of an answer with 200; nothing for every other one."""
    body = b""
    try:
        answer = client.get(url.origin, target)
        if answer.status != 200 or answer.header("Content-Encoding") not in ("", "identity"):
            return b""
        for chunk in answer.chunks():
            body += chunk
            if len(body) > START:
                break
    except TransportError:
        # A connection that is closed, as nginx does with 444, refuses as well as 404 does.
        return b""
    return body
