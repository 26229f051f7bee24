# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_instances: masters and workers, by the titles that real ones have."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.nginx_instances import instances, labels, workers_of
from ansible_collections.webops.django.tests.unit.support.fake_proc import FakeProc

TITLE = "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;"


def test_masters_their_units_and_arguments(tmp_path: Path) -> None:
    """Each master is one; the oldest comes first; a name is its unit's, where the unit is its own."""
    proc = FakeProc(tmp_path / "proc")
    proc.add(30, "nginx: master process nginx -c /srv/x.conf -p /srv", comm="nginx", exe="/opt/nginx/sbin/nginx (deleted)", cwd="/srv", started=5)
    proc.add(10, TITLE, comm="nginx", exe="/usr/sbin/nginx", unit="nginx.service", started=9)
    proc.add(11, "nginx: worker process", comm="nginx", parent=10)
    proc.add(40, TITLE, comm="nginx", unit="web.service", started=10).add(41, TITLE, comm="nginx", unit="web.service", started=11, parent=40)
    proc.add(50, TITLE, comm="nginx", unit="session-1.scope", started=12)
    found, elsewhere = instances(proc.table())
    assert [(one.id, one.unit) for one in found] == [
        ("nginx-30", ""),
        ("nginx", "nginx.service"),
        ("nginx-40", "web.service"),
        ("nginx-41", "web.service"),
        ("nginx-50", ""),
    ]
    assert elsewhere == 0
    assert (found[0].arguments.main, found[0].arguments.prefix, found[0].cwd) == ("/srv/x.conf", "/srv", "/srv")
    assert found[0].program.path == "/opt/nginx/sbin/nginx" and found[1].program.path == "/usr/sbin/nginx"
    assert found[1].arguments.globals == "daemon on; master_process on;"


def test_a_single_process_is_its_own_worker(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(10, "/usr/sbin/nginx", "-g", "master_process off; daemon off;", comm="nginx", exe="/usr/sbin/nginx")
    (found,), _elsewhere = instances(proc.table())
    assert found.master and found.arguments.globals == "master_process off; daemon off;"
    assert [worker["pid"] for worker in workers_of(found.master, proc.table())] == [10]


@pytest.mark.parametrize(
    "words",
    [
        ["/usr/sbin/nginx", "-t"],
        ["nginx", "-s", "reload"],
        ["nginx: worker process"],
        ["nginx: cache manager process"],
        ["tail", "-f", "/var/log/nginx/access.log"],
        ["/bin/sh", "/usr/local/bin/nginx"],
        [],
    ],
)
def test_what_is_no_master(tmp_path: Path, words: list[str]) -> None:
    assert instances(FakeProc(tmp_path).add(10, *words, comm="nginx").table()) == ([], 0)


def test_a_process_that_nginx_has_just_started_is_none(tmp_path: Path) -> None:
    """Between fork and the first title, a worker looks as its master was called."""
    proc = FakeProc(tmp_path).add(10, "nginx", "-g", "daemon off;", comm="nginx").add(11, "nginx", "-g", "daemon off;", comm="nginx", parent=10)
    assert [one.master.pid for one in instances(proc.table())[0] if one.master] == [10]


def test_those_of_containers_are_counted(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    proc = FakeProc(tmp_path / "proc").add(10, TITLE, comm="nginx", root=str(tmp_path / "image")).add(11, TITLE, comm="nginx")
    found, elsewhere = instances(proc.table())
    assert [one.master.pid for one in found if one.master] == [11] and elsewhere == 1


def test_workers_that_shut_down_and_helpers_do_not_count(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(10, TITLE, comm="nginx", ids=(0, 0))
    for pid, title in ((12, "nginx: worker process"), (11, "nginx: worker process"), (13, "nginx: worker process is shutting down")):
        proc.add(pid, title, comm="nginx", parent=10)
    proc.add(14, "nginx: cache manager process", comm="nginx", parent=10)
    (tmp_path / "12" / "ns" / "mnt").unlink()
    (tmp_path / "12" / "ns" / "mnt").symlink_to("mnt:[2]")
    table = proc.table()
    one, other = workers_of(table.entries[10], table)
    assert (one["pid"], one["uid"], one["gid"], one["groups"], one["own_view"]) == (11, 33, 33, [4, 33], False)
    assert (other["pid"], other["mount_namespace"], other["own_view"]) == (12, "mnt:[2]", True)


def test_a_master_whose_workers_have_died_has_none(tmp_path: Path) -> None:
    table = FakeProc(tmp_path).add(10, TITLE, comm="nginx").table()
    assert workers_of(table.entries[10], table) == []


def test_a_worker_that_hides_or_vanishes(tmp_path: Path) -> None:
    proc = FakeProc(tmp_path).add(10, TITLE, comm="nginx").add(11, "nginx: worker process", comm="nginx", parent=10)
    table = proc.table()
    (tmp_path / "11").rename(tmp_path / "gone")
    (worker,) = workers_of(table.entries[10], table)
    assert (worker["uid"], worker["groups"], worker["own_view"], worker["mount_namespace"]) == (None, [], None, "")


@pytest.mark.parametrize(
    ("files", "apparmor", "selinux"),
    [
        ({"attr/current": "unconfined\n"}, "", ""),
        ({"attr/current": "nginx (enforce)\n"}, "nginx (enforce)", ""),
        ({"attr/current": "system_u:system_r:httpd_t:s0\0"}, "", "system_u:system_r:httpd_t:s0"),
        ({"attr/apparmor/current": "/usr/sbin/nginx (complain)\n", "attr/current": "u:r:t:s0:c1"}, "/usr/sbin/nginx (complain)", "u:r:t:s0:c1"),
        ({}, "", ""),
    ],
)
def test_labels(tmp_path: Path, files: dict[str, str], apparmor: str, selinux: str) -> None:
    proc = FakeProc(tmp_path).add(10, "x")
    for name, text in files.items():
        (tmp_path / "10" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "10" / name).write_text(text)
    assert labels(10, proc.table()) == {"apparmor": apparmor, "selinux": selinux}
