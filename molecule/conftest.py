# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verify steps of all scenarios share: a client that asks an instance from outside, and its journal when a test fails."""

from __future__ import annotations

import http.client
import subprocess
import typing as t

import pytest

TIMEOUT = 20  # seconds
JOURNAL_LINES = 80


class Answer(t.NamedTuple):
    """An HTTP response, read to its end. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.body.decode("utf-8")


class Client:
    """Asks one instance by its address, whatever host name is asked for."""

    def __init__(self, address: str) -> None:
        """Take the instance's address."""
        self.address = address

    def get(self, host: str, target: str, port: int = 80, **headers: str) -> Answer:
        """GET a target (path and query, percent-encoded) with a Host header; more headers by name, with _ for -."""
        connection = http.client.HTTPConnection(self.address, port, timeout=TIMEOUT)
        try:
            connection.request("GET", target, headers={"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}})
            response = connection.getresponse()
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        finally:
            connection.close()


@pytest.fixture
def client(host: t.Any) -> Client:
    """A client of the instance under test."""
    command = ["podman", "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", host.backend.name]
    return Client(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> t.Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the instance's journal with a test that fails."""
    report = yield
    host = getattr(item, "funcargs", {}).get("host")
    if report.failed and host is not None:
        journal = host.run(f"journalctl --no-pager --quiet --lines={JOURNAL_LINES}; tail -n 40 /var/log/nginx/error.log")
        report.sections.append((f"journal of {host.backend.name}", journal.stdout_bytes.decode("utf-8", "replace")))
    return report
