# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_processes: which processes are one server, in the shapes that real servers have shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_processes import Service, mapped_files, services
from ansible_collections.webops.django.tests.unit.support.fake_proc import FakeProc

PYTHON = "/srv/shop/venv/bin/python3"
SPAWNED = (PYTHON, "-B", "-c", "from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=7, pipe_handle=9)", "--multiprocessing-fork")
TRACKER = (PYTHON, "-B", "-c", "from multiprocessing.resource_tracker import main;main(6)")
GUNICORN = (PYTHON, "/srv/shop/venv/bin/gunicorn", "shop.wsgi")


def shapes(found: list[Service]) -> list[tuple[str, list[int], list[int]]]:
    """Kind, processes and workers of each."""
    return [(one.command.kind, one.pids, [entry.pid for entry in one.workers]) for one in found]


def test_master_and_workers_are_one(tmp_path: Path) -> None:
    """Forked ones have their master's words, spawned ones Python's own; a reloader's child is the server."""
    proc = FakeProc(tmp_path).add(1, "/sbin/init", parent=0)
    proc.add(10, *GUNICORN, started=1).add(11, *GUNICORN, parent=10).add(12, *GUNICORN, parent=10)
    uvicorn = (PYTHON, "/srv/shop/venv/bin/uvicorn", "shop.asgi:application", "--workers", "2")
    proc.add(20, *uvicorn, started=2).add(21, *TRACKER, parent=20).add(22, *SPAWNED, parent=20).add(23, *SPAWNED, parent=20)
    proc.add(30, "python", "manage.py", "runserver", started=3).add(31, "python", "manage.py", "runserver", parent=30)
    proc.add(40, PYTHON, "/srv/shop/venv/bin/daphne", "shop.asgi:application", started=4)
    proc.add(50, "/bin/sh", "-c", "gunicorn shop.wsgi").add(51, *GUNICORN, parent=50, started=5)
    proc.add(60, PYTHON, "/srv/shop/venv/bin/celery", "-A", "shop", "worker")
    assert shapes(services(proc.table())) == [
        ("gunicorn", [10, 11, 12], [11, 12]),
        ("uvicorn", [20, 21, 22, 23], [22, 23]),
        ("runserver", [30, 31], [31]),
        ("daphne", [40], []),
        ("gunicorn", [51], []),
    ]


def test_titles(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(10, "gunicorn: master [shop.wsgi:application]", environment=b"\0" * 900, comm="gunicorn: maste", cwd="/srv")
    proc.add(11, "gunicorn: worker [shop.wsgi:application]", parent=10)
    (found,) = services(proc.table())
    assert found.pids == [10, 11] and [entry.pid for entry in found.workers] == [11]
    assert not found.environment_is_known and found.environment == {}


def test_an_emperor_and_its_vassals(tmp_path: Path) -> None:
    """The emperor serves nothing; each vassal is a server of its own."""
    (tmp_path / "emperor.ini").write_text("[uwsgi]\nemperor = vassals\n")
    proc = FakeProc(tmp_path / "proc").add(1, "/sbin/init", parent=0)
    proc.add(10, "uwsgi", "--ini", "emperor.ini", cwd=str(tmp_path))
    for pid, name in ((20, "shop"), (30, "blog")):
        proc.add(pid, "uwsgi", "--ini", f"{name}.ini", parent=10, started=pid).add(pid + 1, "uwsgi", "--ini", f"{name}.ini", parent=pid)
    assert shapes(services(proc.table())) == [("uwsgi", [20, 21], [21]), ("uwsgi", [30, 31], [31])]


class Systemctl:
    """Answers for shop.service."""

    def __init__(self, call: str = "/srv/shop/venv/bin/gunicorn --chdir /srv/shop -e A=unit shop.wsgi") -> None:
        self.call = call
        self.asked: list[list[str]] = []

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        """Run a command."""
        self.asked.append(command)
        if command[1] == "show-environment":
            return 0, "LANG=C\n", ""
        said = f"ExecStart={{ path=/x ; argv[]={self.call} ; ignore_errors=no ; start_time=[n/a] }}\n"
        return 0, f"LoadState=loaded\nWorkingDirectory=/srv/unit\nEnvironment=DJANGO_SETTINGS_MODULE=shop.prod B=unit\n{said}", ""


def test_what_a_title_has_overwritten_is_asked_of_the_unit(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(10, "gunicorn: master [shop]", environment=b"\0\0\0" + b"B=own\0", unit="shop.service")
    (found,) = services(proc.table(), Systemctl())
    assert (found.unit, found.cwd, found.environment_is_known) == ("shop.service", "/srv/unit", True)
    assert (found.command.application, found.command.last("chdir"), found.command.titled) == ("shop.wsgi", "/srv/shop", True)
    assert found.environment == {"LANG": "C", "DJANGO_SETTINGS_MODULE": "shop.prod", "B": "own", "A": "unit"}
    shell = Systemctl("/bin/sh -c exec /srv/shop/venv/bin/gunicorn other.wsgi")
    assert services(proc.table(), shell)[0].command.application == "other.wsgi"
    assert services(proc.table(), Systemctl("/srv/start.sh"))[0].command.application == ""


def test_uwsgi_that_has_overwritten_its_words(tmp_path: Path) -> None:
    """With auto-procname: the unit names its file."""
    (tmp_path / "shop.ini").write_text("[uwsgi]\nmodule = shop.wsgi\nenv = C=file\n")
    proc = FakeProc(tmp_path / "proc").add(10, "uWSGI master", comm="uwsgi", environment=b"\0\0", unit="shop.service", cwd=str(tmp_path))
    proc.add(11, "uWSGI worker 1", comm="uwsgi", parent=10).add(12, "uWSGI http 1", comm="uwsgi", parent=10)
    (found,) = services(proc.table(), Systemctl("/srv/venv/bin/uwsgi --ini shop.ini"))
    assert (found.pids, found.command.application, found.environment["C"]) == ([10, 11, 12], "shop.wsgi", "file")
    assert found.environment["DJANGO_SETTINGS_MODULE"] == "shop.prod"


def test_a_unit_is_not_asked_where_the_process_tells(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(10, *GUNICORN, environment={"A": "b"}, unit="shop.service", cwd="/srv")
    systemctl = Systemctl()
    (found,) = services(proc.table(), systemctl)
    assert systemctl.asked == [] and found.unit == "shop.service" and found.environment == {"A": "b"}


@pytest.mark.parametrize("answer", [(1, "", "no bus"), (0, "LoadState=not-found\n", ""), (0, "", "")])
def test_a_systemd_that_does_not_answer(tmp_path: Path, answer: tuple[int, str, str]) -> None:
    proc = FakeProc(tmp_path).add(10, "gunicorn: master [shop]", unit="shop.service")
    (found,) = services(proc.table(), lambda command: answer)
    assert not found.environment_is_known and found.cwd is None
    (found,) = services(proc.table())  # the host's own systemctl knows no such unit
    assert not found.environment_is_known


def test_a_manager_of_processes_lends_no_unit(tmp_path: Path) -> None:
    """supervisor.service says nothing about the program that it starts."""
    proc = FakeProc(tmp_path).add(5, "/usr/bin/python3", "/usr/bin/supervisord", comm="supervisord", unit="supervisor.service")
    proc.add(10, *GUNICORN, parent=5, unit="supervisor.service").add(20, *GUNICORN, unit="session-1.scope").add(30, *GUNICORN, unit="user@0.service")
    assert [one.unit for one in services(proc.table())] == ["", "", ""]


def test_a_container_and_a_folder_that_was_removed(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    proc = FakeProc(tmp_path / "proc").add(10, *GUNICORN, root=str(tmp_path / "image"), cwd="/app", unit="shop.service", started=1)
    proc.add(20, *GUNICORN, cwd="/srv/releases/1 (deleted)", started=2)
    inside, removed = services(proc.table())
    assert inside.in_container and inside.view.root == f"{tmp_path}/proc/10/root"
    assert removed.cwd == "/srv/releases/1" and not removed.in_container


def test_processes_that_vanish_while_they_are_read(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(10, *GUNICORN, environment={"A": "b"}, cwd="/srv").add(11, *GUNICORN, parent=10)
    table = proc.table()
    (tmp_path / "10").rename(tmp_path / "gone")
    (found,) = services(table)
    assert (found.cwd, found.environment, found.environment_is_known) == (None, {}, False)
    assert mapped_files(10, table) == []


def test_mapped_files(tmp_path: Path) -> None:
    table = FakeProc(tmp_path).add(10, "x", maps=["/srv/a b.so", "/srv/a b.so", "[heap]", "/srv/c.so"]).table()
    assert mapped_files(10, table) == ["/srv/a b.so", "/srv/c.so"]
