# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""port_info: the module as a play runs it."""

from __future__ import annotations

import os
import socket

from ansible_collections.webops.django.plugins.module_utils.processes import has_ipv6
from ansible_collections.webops.django.tests.unit.support.run_module import run_module


def test_port_info() -> None:
    """A socket is told with its process, by port and by address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.2", 0))
        listening.listen()
        port = listening.getsockname()[1]
        found = run_module("port_info", {"ports": [port]})
        assert not found["changed"] and found["ipv6"] is has_ipv6()
        assert [(item["port"], item["address"], item["pid"]) for item in found["listeners"]] == [(port, "127.0.0.2", os.getpid())]
        assert run_module("port_info", {"ports": [port], "address": "127.0.0.2"}, "--check")["listeners"] == found["listeners"]
        assert run_module("port_info", {"ports": [port], "address": "127.0.0.1"})["listeners"] == []
