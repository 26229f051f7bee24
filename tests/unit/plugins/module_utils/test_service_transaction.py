# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service comes up with its new units, or everything is as it was; whatever interrupts."""

from __future__ import annotations

import os
import socket
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import service_health
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.service_transaction import Service, Steps, Wanted
from ansible_collections.webops.django.plugins.module_utils.systemd import Manager
from ansible_collections.webops.django.tests.unit.support.fake_systemd import FakeSystemd

INSTALL = "[Install]\nWantedBy=multi-user.target\n"
SOCKET = f"[Socket]\nListenStream=/run/x.sock\n{INSTALL}"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_health, "SETTLE", 0.05)
    monkeypatch.setattr(service_health, "POLL", 0.01)


@pytest.fixture
def systemd(tmp_path: Path) -> FakeSystemd:
    (tmp_path / "units").mkdir()
    return FakeSystemd(tmp_path / "units")


def wanted(systemd: FakeSystemd, text: str, **values: t.Any) -> Wanted:
    config = str(systemd.folder.parent / "etc/x/conf.py")
    standard = Wanted("x", str(systemd.folder), f"[Service]\n{text}\n{INSTALL}", SOCKET, {config: f"{text}\n"}, [], True, False, 5, None)
    return standard._replace(**values)


def run(systemd: FakeSystemd, text: str, **values: t.Any) -> Steps:
    service = Service(wanted(systemd, text, **values), Manager(systemd))
    steps, before, left = service.plan()
    systemd.calls.clear()
    if steps.any or left:
        service.apply(steps, before, left)
    return steps


def config(systemd: FakeSystemd) -> str | None:
    path = systemd.folder.parent / "etc/x/conf.py"
    return path.read_text() if path.exists() else None


def test_first_installation_and_again(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    assert systemd.calls == ["daemon-reload", "start x.socket", "reset-failed x.service", "restart x.service", "enable x.socket", "enable x.service"]
    assert config(systemd) == "one\n"
    assert not run(systemd, "one").any
    assert sorted(os.listdir(systemd.folder)) == ["x.service", "x.socket"]


def test_a_changed_service_is_restarted_and_the_socket_stays(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    run(systemd, "two")
    assert systemd.calls == ["daemon-reload", "reset-failed x.service", "restart x.service"]
    assert "two" in systemd.loaded["x.service"]


def test_a_changed_file_alone_restarts_without_a_reload(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    target = wanted(systemd, "one")
    run(systemd, "one", files=dict.fromkeys(target.files, "other\n"))
    assert systemd.calls == ["reset-failed x.service", "restart x.service"]


def test_a_changed_socket_is_restarted_while_the_service_is_stopped(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    run(systemd, "one", socket=SOCKET.replace("x.sock", "y.sock"))
    assert systemd.calls == ["daemon-reload", "stop x.service", "restart x.socket", "reset-failed x.service", "restart x.service"]


def test_a_watched_file_that_is_newer_restarts(systemd: FakeSystemd, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    environment.write_text("A=1")
    run(systemd, "one", watch=[str(environment)])
    assert not run(systemd, "one", watch=[str(environment)]).any
    time.sleep(0.02)
    environment.write_text("A=2")
    assert run(systemd, "one", watch=[str(environment)]).restart
    assert not run(systemd, "one", watch=[str(environment)]).any


def test_restart_is_forced(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    assert run(systemd, "one", restart=True).restart


def test_a_stopped_service_and_socket_are_started(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    systemd.running.clear()
    run(systemd, "one")
    assert systemd.calls == ["start x.socket", "reset-failed x.service", "restart x.service"]


def test_enabled_and_disabled(systemd: FakeSystemd) -> None:
    run(systemd, "one", enabled=False)
    assert systemd.enabled == set()
    assert run(systemd, "one").enable == ["x.socket", "x.service"]
    assert run(systemd, "one", enabled=False).enable == ["x.socket", "x.service"]
    assert systemd.enabled == set()


def test_a_unit_without_an_install_section_is_not_enabled(systemd: FakeSystemd) -> None:
    assert run(systemd, "one", service="[Service]\none\n", socket="").enable == []
    assert not run(systemd, "one", service="[Service]\none\n", socket="").any


@pytest.mark.parametrize("fault", ["crash", "refuse"])
def test_a_service_that_does_not_come_up_is_taken_back(systemd: FakeSystemd, fault: str) -> None:
    run(systemd, "one")
    before = systemd.texts()
    with pytest.raises(ExplainedError, match="did not come up: .*what served before serves on") as caught:
        run(systemd, fault)
    assert caught.value.details == {"journal": ["one", "two"], "unit": "x.service"}
    assert systemd.texts() == systemd.loaded == before
    assert config(systemd) == "one\n"
    assert set(systemd.running) == {"x.service", "x.socket"}
    assert "stop x.socket" not in systemd.calls
    assert not run(systemd, "one").any


@pytest.mark.parametrize("fault", ["crash", "refuse"])
def test_a_first_installation_that_fails_leaves_nothing(systemd: FakeSystemd, fault: str) -> None:
    with pytest.raises(ExplainedError, match="nothing served here before"):
        run(systemd, fault)
    assert os.listdir(systemd.folder) == []
    assert (systemd.running, systemd.enabled, config(systemd)) == ({}, set(), None)


def test_a_socket_that_fails_is_taken_back(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    with pytest.raises(ExplainedError, match="serves on"):
        run(systemd, "one", socket=f"{SOCKET}# refuse\n")
    assert systemd.loaded["x.socket"] == SOCKET
    assert set(systemd.running) == {"x.service", "x.socket"}


def test_a_service_that_did_not_run_before_is_not_started(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    systemd.running.clear()
    with pytest.raises(ExplainedError, match="was not running before"):
        run(systemd, "crash")
    assert "[Service]\none" in systemd.loaded["x.service"]
    assert "x.service" not in systemd.running


def test_neither_the_new_nor_the_previous_one(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    systemd.killed_at = ""
    systemd.on_start = lambda text: systemd.loaded.update({"x.service": text + "crash"})
    with pytest.raises(ExplainedError, match="does not start with them either"):
        run(systemd, "two")
    assert "[Service]\none" in systemd.texts()["x.service"]


def test_units_that_are_as_wanted_are_not_touched_when_they_do_not_start(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    before = systemd.texts()
    systemd.running.clear()
    systemd.loaded["x.service"] += "refuse"
    systemd.texts = lambda: systemd.loaded  # type: ignore[method-assign]
    with pytest.raises(ExplainedError, match="It was not changed"):
        run(systemd, "one")
    assert {path.name: path.read_text() for path in systemd.folder.iterdir()} == before


@pytest.mark.parametrize("moment", ["daemon-reload", "restart x.service", "show"])
@pytest.mark.parametrize("then", ["two", "one", "crash"])
def test_a_killed_run_is_finished_by_the_next_one(systemd: FakeSystemd, moment: str, then: str) -> None:
    run(systemd, "one")
    service = Service(wanted(systemd, "two"), Manager(systemd))
    planned = service.plan()
    systemd.killed_at = moment
    with pytest.raises(KeyboardInterrupt):
        service.apply(*planned)
    systemd.killed_at = ""
    assert set(systemd.running) >= {"x.socket"}
    if then == "crash":
        with pytest.raises(ExplainedError, match="serves on"):
            run(systemd, then)
    else:
        run(systemd, then)
    now = "one" if then == "crash" else then
    assert f"[Service]\n{now}\n" in systemd.loaded["x.service"]
    assert systemd.texts() == systemd.loaded
    assert config(systemd) == f"{now}\n"
    assert not run(systemd, now).any
    assert sorted(os.listdir(systemd.folder)) == ["x.service", "x.socket"]


def test_a_file_that_cannot_be_written_is_taken_back(systemd: FakeSystemd) -> None:
    run(systemd, "one")
    with pytest.raises(ExplainedError, match="cannot be made"):
        run(systemd, "two", files={"/proc/none/file": "x"})
    assert "[Service]\none" in systemd.texts()["x.service"]
    assert set(systemd.running) == {"x.service", "x.socket"}


@pytest.mark.parametrize("place", ["file/below", "folder"])
def test_a_path_that_cannot_be_a_file_is_refused_before_anything_changes(systemd: FakeSystemd, tmp_path: Path, place: str) -> None:
    run(systemd, "one")
    before = systemd.texts()
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExplainedError, match="cannot be read: .*irectory.* Nothing was changed"):
        run(systemd, "two", files={str(tmp_path / place): "x"})
    assert systemd.texts() == before


def test_a_port_in_use_is_told_before_anything_changes(systemd: FakeSystemd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        service = Service(wanted(systemd, "one", socket=f"[Socket]\nListenStream={address}\n"), Manager(systemd))
        steps, before, _left = service.plan()
        with pytest.raises(ExplainedError, match=rf"{address} is in use by .*process {os.getpid()}.*Nothing was changed"):
            service.check_port(steps, before)
        elsewhere = Service(wanted(systemd, "one", socket=f"[Socket]\nListenStream=127.0.0.2:{address[10:]}\n"), Manager(systemd))
        elsewhere.check_port(steps, before)
    service.check_port(steps, before)


def test_our_own_port_is_not_in_the_way(systemd: FakeSystemd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = f"[Socket]\nListenStream=127.0.0.1:{listener.getsockname()[1]}\n"
        run(systemd, "one", socket=ours)
        service = Service(wanted(systemd, "one", socket=f"{ours}Backlog=5\n"), Manager(systemd))
        steps, before, _left = service.plan()
        assert steps.restart_socket
        service.check_port(steps, before)
