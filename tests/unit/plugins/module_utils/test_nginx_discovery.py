# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_discovery: real instances of nginx, started in odd ways."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.nginx_discovery import discover_nginx
from ansible_collections.webops.django.plugins.module_utils.process_table import ProcessTable
from ansible_collections.webops.django.tests.unit.support.fake_proc import FakeProc
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX, NginxServer, free_port

Record = t.Dict[str, t.Any]


def record_of(pid: int, usual: str = "/nonexistent") -> tuple[Record, list[dict[str, str]]]:
    """Discover, and return the record of one master; other tests' instances run beside it."""
    table = ProcessTable()
    # Of the many that other tests run, only this one is looked at, as on a host of its own.
    keep = {pid, *(entry.pid for entry in table.descendants(pid))}
    table.entries = {key: entry for key, entry in table.entries.items() if key in keep}
    found, notes = discover_nginx(table, usual)
    (record,) = found
    json.dumps(record)
    return record, notes


def test_a_server_as_debian_has_it(tmp_path: Path) -> None:
    server = NginxServer(tmp_path)
    site = server.site("shop", "server { listen 127.0.0.1:PORT; }", "sites-available")
    (server.etc / "sites-enabled" / "shop").symlink_to(site)
    server.site("old", "server { listen 127.0.0.1:PORT; }", "sites-available")
    with server:
        assert server.process
        record, notes = record_of(server.process.pid)
        assert notes == []
        assert (record["running"], record["master_pid"], record["id"]) == (True, server.process.pid, f"nginx-{server.process.pid}")
        assert record["main"] == str(server.config) and record["arguments"] == ["-c", str(server.config)]
        assert record["program"] == NGINX and record["version"] and record["prefix"] == "/usr/share/nginx"
        assert record["files"] == {str(path): path.read_text() for path in (server.config, server.types, server.etc / "sites-enabled" / "shop")}
        assert record["links"] == {str(server.etc / "sites-enabled" / "shop"): str(site)}
        assert list(record["unreached"]) == [str(server.etc / "sites-available" / "old")]
        assert record["test"] == {"ran": True, "valid": True, "message": "", "file": "", "line": None}
        assert {worker["pid"] for worker in record["workers"]} == server.workers()
        assert record["listening"] == [{"address": "127.0.0.1", "port": server.port}]
        assert record["user"]["uid"] == os.geteuid() == record["workers"][0]["uid"]
        assert record["workers"][0]["own_view"] is False
        assert max(record["changed"].values()) <= record["loaded"] + 0.05 <= time.time() + 0.05
        # A change that is not loaded yet, and then is.
        while os.stat(site).st_ctime <= record["loaded"]:
            site.write_text("server { listen 127.0.0.1:PORT; gzip off; }".replace("PORT", str(server.port)))
        record, _notes = record_of(server.process.pid)
        assert record["changed"][str(server.etc / "sites-enabled" / "shop")] > record["loaded"]
        time.sleep(0.05)
        server.reload()
        record, _notes = record_of(server.process.pid)
        assert max(record["changed"].values()) < record["loaded"]


def test_a_broken_configuration_beside_the_running_one(tmp_path: Path) -> None:
    """The old one answers on; what is on the disk would not start."""
    server = NginxServer(tmp_path)
    server.site("shop", "server { listen 127.0.0.1:PORT; }")
    with server:
        assert server.process
        (server.etc / "sites-enabled" / "gone").symlink_to("/nonexistent/site")
        record, _notes = record_of(server.process.pid)
        assert record["test"]["valid"] is False and "sites-enabled/gone" in record["test"]["message"]
        assert (record["test"]["file"], record["test"]["line"]) == (
            str(server.config),
            server.config.read_text().split("sites-enabled")[0].count("\n") + 1,
        )
        assert record["dangling"] == [{"path": str(server.etc / "sites-enabled" / "gone"), "target": "/nonexistent/site"}]
        assert record["running"]


@pytest.mark.parametrize("single", [False, True], ids=["master", "single process"])
def test_one_that_was_started_by_hand(tmp_path: Path, single: bool) -> None:
    """With a prefix relative to the folder it was started in, and directives on its command line."""
    (tmp_path / "app" / "conf").mkdir(parents=True)
    (tmp_path / "app" / "conf" / "my.conf").write_text("events {}\nhttp { access_log off; include sites/*; include /etc/nginx/mime.types; }")
    (tmp_path / "app" / "conf" / "sites").mkdir()
    port = free_port()
    (tmp_path / "app" / "conf" / "sites" / "a").write_text(f"server {{ listen 127.0.0.1:{port}; listen unix:{tmp_path}/x.sock; }}")
    globals_ = f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;" + ("master_process off;" if single else "")
    command = [NGINX, "-p", "app", "-c", "conf/my.conf", "-g", globals_]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        try:
            for _attempt in range(500):
                if (tmp_path / "x.sock").exists() and (tmp_path / "pid").exists():
                    break
                time.sleep(0.01)
            record, notes = record_of(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
    assert notes == []
    assert record["main"] == f"{tmp_path}/app/conf/my.conf" and record["prefix"] == f"{tmp_path}/app"
    assert record["globals"].split() == globals_.split()
    assert f"{tmp_path}/app/conf/sites/a" in record["files"] and "/etc/nginx/mime.types" in record["files"]
    assert record["listening"] == [{"address": "127.0.0.1", "port": port}, {"unix": f"{tmp_path}/x.sock"}]
    assert record["test"]["valid"] is True, record["test"]
    assert len(record["workers"]) == 1 and (record["workers"][0]["pid"] == process.pid) is single


def test_the_installed_one_where_none_runs(tmp_path: Path) -> None:
    record, notes = discover_nginx(FakeProc(tmp_path).table(), "/nonexistent")
    assert notes == []
    (one,) = record
    assert (one["id"], one["running"], one["master_pid"], one["program"]) == ("nginx", False, None, NGINX)
    assert one["main"] == "/etc/nginx/nginx.conf" and "/etc/nginx/mime.types" in one["files"]
    assert (one["workers"], one["listening"], one["loaded"]) == ([], [], None)
    assert one["user"]["name"] == "www-data"


def test_no_nginx_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.webops.django.plugins.module_utils.nginx_program.PLACES", ())
    found, notes = discover_nginx(FakeProc(tmp_path).table(), folders="/nonexistent")
    assert found == [] and [note["what"] for note in notes] == ["nginx_absent"]


def test_one_that_cannot_be_looked_into(tmp_path: Path) -> None:
    """Another user's: no sockets, no program of its own, and a main file that is not there. Each is said, nothing raises."""
    proc = FakeProc(tmp_path).add(10, "nginx: master process /nonexistent/nginx -c /nonexistent/x.conf", comm="nginx")
    (tmp_path / "10" / "fd").rmdir()
    (record,), notes = discover_nginx(proc.table(), "/nonexistent")
    assert [note["what"] for note in notes] == ["nginx_program", "nginx_sockets", "nginx_test"]
    assert (record["files"], record["missing"], record["test"]["valid"]) == ({}, ["/nonexistent/x.conf"], None)


def test_two_that_run_are_told_apart_and_those_of_containers_mentioned(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()
    proc = FakeProc(tmp_path / "proc")
    for pid, unit, root in ((10, "nginx.service", "/"), (11, "edge.service", "/"), (12, "", str(tmp_path / "image"))):
        proc.add(pid, "nginx: master process /usr/sbin/nginx", comm="nginx", exe=NGINX, unit=unit, root=root, started=pid)
    found, notes = discover_nginx(proc.table(), "/nonexistent")
    assert [(one["id"], one["unit"], one["main"]) for one in found] == [
        ("nginx", "nginx.service", "/etc/nginx/nginx.conf"),
        ("edge", "edge.service", "/etc/nginx/nginx.conf"),
    ]
    assert [note["what"] for note in notes] == ["nginx_in_container"]
