# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""processes: what /proc tells, of real sockets and a real nginx."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.processes import has_ipv6, listeners, nginx_master, nginx_workers, unit_of
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1"), (socket.AF_INET6, "::")]
)
def test_listeners(family: int, address: str) -> None:
    """A listening socket is found with its process; one that does not listen is not."""
    with socket.socket(family) as listening:
        listening.bind((address, 0))
        port = listening.getsockname()[1]
        assert listeners([port]) == []
        listening.listen()
        (found,) = listeners([port])
    assert (found.port, found.address, found.pid) == (port, address, os.getpid())
    assert found.command == Path(f"/proc/{os.getpid()}/comm").read_text().strip()
    assert found.user
    assert listeners([port]) == []


def test_the_oldest_process_is_named() -> None:
    """A socket that a child inherited is its parent's."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        command = [sys.executable, "-c", "input()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listening.fileno()]) as child:
            (found,) = listeners([listening.getsockname()[1]])
            assert found.pid == os.getpid() != child.pid


def test_a_process_that_cannot_be_seen(tmp_path: Path) -> None:
    """A socket whose process another user or PID namespace holds is listed without one."""
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000000000000000 100 0 0 10 0\n"
        "   1: 00000000:0051 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0\n"
    )
    (found,) = listeners(range(80, 90), str(tmp_path))
    assert found._asdict() == {"port": 80, "address": "0.0.0.0", "pid": None, "command": "", "user": "", "unit": ""}


@pytest.mark.parametrize(
    ("cgroup", "expected"),
    [
        ("0::/system.slice/nginx.service\n", "nginx.service"),
        ("12:pids:/x.service\n1:name=systemd:/system.slice/apache2.service\n0::/\n", "apache2.service"),
        ("0::/user.slice/user-0.slice/session-1.scope\n", "session-1.scope"),
        ("0::/user.slice/user@1000.service/app.slice/web.service/part\n", "web.service"),
        ("0::/\n", ""),
        ("", ""),
    ],
)
def test_unit_of(cgroup: str, expected: str) -> None:
    """The unit, by cgroup v2, v1 or both."""
    assert unit_of(cgroup) == expected


def test_has_ipv6(tmp_path: Path) -> None:
    """As the kernel says; a kernel without IPv6 has no such file."""
    assert has_ipv6() is bool(Path("/proc/net/if_inet6").read_text())
    assert not has_ipv6(str(tmp_path))


def test_nginx(tmp_path: Path) -> None:
    """Master and workers are found; a reload gives younger workers, start times as precise as a clock tick."""
    pid_file = str(tmp_path / "nginx.pid")
    assert nginx_master(pid_file) is None
    server = NginxServer(tmp_path)
    server.site("a", "server { listen 127.0.0.1:PORT; }")
    before = time.time()
    with server:
        master = nginx_master(pid_file)
        assert master is not None and server.process is not None and master.pid == server.process.pid
        workers = nginx_workers(master)
        assert {worker.pid for worker in workers} == server.workers()
        tick = 1 / os.sysconf("SC_CLK_TCK")
        assert all(before - tick <= worker.started <= time.time() for worker in workers)
        time.sleep(2 * tick)
        before = time.time()
        server.reload()
        assert all(worker.started >= before - tick for worker in nginx_workers(master))
        assert [item.command for item in listeners([server.port])] == ["nginx"]
        assert listeners([server.port])[0].pid == master.pid
    Path(pid_file).write_text(str(os.getpid()))
    assert nginx_master(pid_file) is None
    Path(pid_file).write_text("")
    assert nginx_master(pid_file) is None
