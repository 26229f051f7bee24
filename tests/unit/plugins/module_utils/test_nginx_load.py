# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a real nginx runs with what is on disk. More of it, through the module, in test_nginx_change.py."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import nginx_load
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.nginx_text import Configuration
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX, NginxServer

# Longer than the clock tick in which the kernel counts a process's start.
TICK = 0.02


def configuration_of(server: NginxServer) -> Configuration:
    """Read the main file, which names the process id's file and the error log."""
    return Configuration({str(server.config): server.config.read_text()}, str(server.config))


def test_a_changed_file_is_not_loaded_before_a_reload(tmp_path: Path) -> None:
    """Running, and stale or not."""
    server = NginxServer(tmp_path)
    configuration = configuration_of(server)
    assert nginx_load.load_state(NGINX, configuration, []) == (False, False)
    time.sleep(TICK)
    with server:
        assert nginx_load.load_state(NGINX, configuration, []) == (True, False)
        time.sleep(TICK)
        server.config.write_text(server.config.read_text() + "# changed\n")
        assert nginx_load.load_state(NGINX, configuration, []) == (True, True)
        time.sleep(TICK)
        server.reload()
        assert nginx_load.load_state(NGINX, configuration, [], wait=True) == (True, False)


def test_waiting_in_vain_tells_what_nginx_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reload that nginx refuses leaves the old workers, and a line in the error log."""
    monkeypatch.setattr(nginx_load, "LOAD_TIMEOUT", 0.2)
    server = NginxServer(tmp_path)
    configuration = configuration_of(server)
    time.sleep(TICK)
    with server:
        time.sleep(TICK)
        server.config.write_text(server.config.read_text() + "nonsense;\n")
        assert server.process
        server.process.send_signal(1)
        time.sleep(0.1)
        with pytest.raises(ExplainedError, match="unknown directive"):
            nginx_load.load_state(NGINX, configuration, [], wait=True)
