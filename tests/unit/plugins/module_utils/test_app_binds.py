# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_binds: where an application listens, by its sockets or by what it was told."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_binds import binds_of, said_binds
from ansible_collections.webops.django.plugins.module_utils.app_commands import read_command
from ansible_collections.webops.django.plugins.module_utils.app_processes import services
from ansible_collections.webops.django.plugins.module_utils.process_sockets import SocketTable
from ansible_collections.webops.django.tests.unit.support.fake_proc import FakeProc


def tcp(address: str, port: int) -> dict[str, t.Any]:
    """A TCP socket."""
    return {"address": address, "port": port}


@pytest.mark.parametrize(
    ("line", "binds"),
    [
        ("gunicorn x.wsgi", [tcp("127.0.0.1", 8000)]),
        ("gunicorn -b :80 -b unix:/run/x.sock x.wsgi", [tcp("0.0.0.0", 80), {"unix": "/run/x.sock"}]),
        ("gunicorn -b [::1]:80 -b localhost:81 -b fd://3 x.wsgi", [tcp("::1", 80), tcp("127.0.0.1", 81)]),
        ("gunicorn --bind unix:x.sock x.wsgi", [{"unix": "/srv/x.sock"}]),
        ("gunicorn --bind unix://run/x.sock x.wsgi", [{"unix": "/run/x.sock"}]),
        ("uvicorn x:y", [tcp("127.0.0.1", 8000)]),
        ("uvicorn x:y --host 0.0.0.0 --port 81", [tcp("0.0.0.0", 81)]),
        ("uvicorn x:y --uds /run/x.sock", [{"unix": "/run/x.sock"}]),
        ("hypercorn -b 0.0.0.0:81 x:y", [tcp("0.0.0.0", 81)]),
        ("daphne x.asgi:y", [tcp("127.0.0.1", 8000)]),
        ("daphne -b 0.0.0.0 -p 81 x.asgi:y", [tcp("0.0.0.0", 81)]),
        ("daphne -u /run/x.sock x.asgi:y", [{"unix": "/run/x.sock"}]),
        ("daphne -e tcp:port=81:interface=127.0.0.1 x.asgi:y", [tcp("127.0.0.1", 81)]),
        ("daphne -e unix:/run/x.sock:mode=666 x.asgi:y", [{"unix": "/run/x.sock"}]),
        ("uwsgi --socket /run/x.sock --http :81 --http-socket 127.0.0.1:82,foo", [{"unix": "/run/x.sock"}, tcp("0.0.0.0", 81), tcp("127.0.0.1", 82)]),
        ("manage.py runserver", [tcp("127.0.0.1", 8000)]),
        ("manage.py runserver 81", [tcp("127.0.0.1", 81)]),
        ("manage.py runserver 0:81", [tcp("0.0.0.0", 81)]),
        ("manage.py runserver nonsense", []),
        ("manage.py runserver 0:99999", []),
    ],
)
def test_what_a_command_line_says(line: str, binds: list[dict[str, t.Any]]) -> None:
    command = read_command(line.split())
    assert command is not None and said_binds(command, "/srv") == binds


def binds(proc: FakeProc) -> list[dict[str, t.Any]]:
    """Return those of the only service."""
    table = proc.table()
    (service,) = services(table)
    return binds_of(service, SocketTable(table))


def test_sockets_count_and_not_what_was_said(tmp_path: Path) -> None:
    """Such as those that systemd hands over. Gunicorn's and uWSGI's sockets for controlling them are left out."""
    proc = (
        FakeProc(tmp_path).add(7, "python", "/v/bin/gunicorn", "x.wsgi", sockets=[1, 2]).add(8, "python", "/v/bin/gunicorn", parent=7, sockets=[1, 3])
    )
    proc.listen(7, (1, "/run/shop.sock"), (2, "/root/.gunicorn/gunicorn.ctl"), (3, "00000000:0050"))
    assert binds(proc) == [tcp("0.0.0.0", 80), {"unix": "/run/shop.sock"}]


def test_uwsgis_own_sockets(tmp_path: Path) -> None:
    """Its HTTP router reaches the workers at a port that the kernel chose."""
    words = "uwsgi --http 127.0.0.1:80 --stats /run/stats.sock --module x.wsgi".split()
    proc = FakeProc(tmp_path).add(7, *words, sockets=[1, 2, 3]).listen(7, (1, "0100007F:0050"), (2, "0100007F:9999"), (3, "/run/stats.sock"))
    assert binds(proc) == [tcp("127.0.0.1", 80)]


def test_what_was_said_counts_where_nothing_is_seen(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(7, "python", "/v/bin/gunicorn", "-b", "unix:run/x.sock", "x.wsgi", cwd="/srv")
    (tmp_path / "7" / "fd").rmdir()
    assert binds(proc) == [{"unix": "/srv/run/x.sock"}]
