# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a service that was just started really answers."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError

POLL = 0.2
"""Seconds between two looks at a service."""
SETTLE = 2.0
"""Seconds that a service which cannot be asked has to stay up."""


class NotReadyError(Exception):
    """A service is not up; the message is a clause that says what happened."""


class Health(t.NamedTuple):
    """What to ask: a path, with a host name, at the address a socket unit listens on."""

    address: str
    path: str
    host: str


class _Connection(http.client.HTTPConnection):
    """HTTP to where ``ListenStream=`` points: a path, ``address:port``, or a port."""

    def __init__(self, address: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._address = address

    def connect(self) -> None:
        if self._address.startswith("/"):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._address)
            return
        host, _colon, port = self._address.rpartition(":")
        self.sock = socket.create_connection((host.strip("[]") or "localhost", int(port)), self.timeout)


def stream(socket_unit: str) -> str:
    """Return the first stream address that a socket unit listens on and that can be asked: a path, ``address:port`` or a port; or ''."""
    found = re.search(r"^ListenStream=[ \t]*(/.*|(?:\S*:)?\d+)[ \t]*$", socket_unit, re.MULTILINE)
    return found.group(1).rstrip() if found else ""


def listen_address(socket_unit: str) -> str:
    """Return where a socket unit's service can be asked.

    :raises ExplainedError: it names no such address.
    """
    address = stream(socket_unit)
    if not address:
        raise ExplainedError("`health_path` needs a `socket` unit with a line such as ListenStream=/run/shop.sock or ListenStream=127.0.0.1:8001.")
    return address


def ask(health: Health, timeout: float) -> int:
    """Return the status of a GET request.

    :param timeout: seconds for each step.
    :raises OSError, http.client.HTTPException: there was no answer.
    """
    connection = _Connection(health.address, timeout)
    try:
        connection.request("GET", health.path, headers={"Host": health.host, "Connection": "close", "User-Agent": "webops.django"})
        return connection.getresponse().status
    finally:
        connection.close()


class _Asking(threading.Thread):
    """Asks until there is an answer: a request waits in the socket while the service is not up, so the service is watched meanwhile."""

    def __init__(self, health: Health, deadline: float) -> None:
        super().__init__(daemon=True)
        self._health = health
        self._deadline = deadline
        self.status = 0
        self.trouble = "no answer"

    def run(self) -> None:
        while not self.status and time.monotonic() < self._deadline:
            try:
                self.status = ask(self._health, max(POLL, self._deadline - time.monotonic()))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.trouble = str(error) or type(error).__name__
                time.sleep(POLL)


def wait_until_healthy(health: Health | None, watch: t.Callable[[], None], timeout: float) -> None:
    """Return once the service answers with a status below 500; without a question, once it stayed up for a moment.

    :param watch: looks at the service and raises :class:`NotReadyError` when it is down.
    :param timeout: seconds.
    :raises NotReadyError: the service is down, answers with an error, or not in time.
    """
    deadline = time.monotonic() + (timeout if health else min(SETTLE, timeout))
    if not health:
        while time.monotonic() < deadline:
            watch()
            time.sleep(POLL)
        return
    asking = _Asking(health, deadline)
    asking.start()
    while asking.is_alive() and time.monotonic() < deadline:
        watch()
        asking.join(POLL)
    if not asking.status:
        raise NotReadyError(f"it did not answer GET {health.path} within {timeout:g} s ({asking.trouble})")
    if asking.status >= 500:
        raise NotReadyError(f"it answers GET {health.path} with status {asking.status}")
