# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module systemd_service: its parameters, check mode and diff."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import service_health
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.service_health import Health
from ansible_collections.webops.django.plugins.module_utils.service_transaction import Service
from ansible_collections.webops.django.plugins.module_utils.systemd import Manager
from ansible_collections.webops.django.plugins.modules import systemd_service
from ansible_collections.webops.django.tests.unit.support.fake_systemd import FakeSystemd


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemd:
    monkeypatch.setattr(service_health, "SETTLE", 0.02)
    monkeypatch.setattr(service_health, "POLL", 0.01)
    return FakeSystemd(tmp_path)


def params(systemd: FakeSystemd, **values: t.Any) -> dict[str, t.Any]:
    return {
        "name": "x",
        "service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target",
        "socket": "",
        "files": {},
        "watch": [],
        "enabled": True,
        "restart": False,
        "path": str(systemd.folder),
        "ready_timeout": 5,
        "health_path": "",
        "health_host": "localhost",
        **values,
    }


def run(systemd: FakeSystemd, check_mode: bool = False, **values: t.Any) -> dict[str, t.Any]:
    target = systemd_service.wanted(params(systemd, **values))
    return systemd_service.ensure(Service(target, Manager(systemd)), target, check_mode)


def test_check_do_again_check_again(systemd: FakeSystemd) -> None:
    results = [run(systemd, check_mode=True)]
    assert (systemd.calls, list(systemd.folder.iterdir())) == ([], [])
    results += [run(systemd), run(systemd), run(systemd, check_mode=True)]
    assert [result["changed"] for result in results] == [True, True, False, False]
    assert [result["restarted"] for result in results] == [True, True, False, False]
    assert [result["reloaded"] for result in results] == [True, True, False, False]
    assert results[0] == results[1]
    path = str(systemd.folder / "x.service")
    assert results[0]["diff"] == [
        {
            "before_header": path,
            "after_header": path,
            "before": "",
            "after": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
        }
    ]


def test_what_systemd_says_is_returned_and_nothing_is_live_that_it_refuses(systemd: FakeSystemd) -> None:
    systemd.verify_answer = (0, "{folder}/x.service:1: Unknown key, ignoring.")
    assert run(systemd)["verification"] == ["x.service:1: Unknown key, ignoring."]
    systemd.verify_answer = (1, "x.service: Service has no ExecStart=, refusing.")
    before = systemd.texts()
    with pytest.raises(ExplainedError, match="has no ExecStart"):
        run(systemd, service="[Service]\n")
    assert systemd.texts() == before


def test_health(systemd: FakeSystemd) -> None:
    target = systemd_service.wanted(params(systemd, socket="[Socket]\nListenStream=/run/x", health_path="/a?b=c", health_host="h"))
    assert target.health == Health("/run/x", "/a?b=c", "h")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "a/b"}, "'a/b' is no name of a unit"),
        ({"name": ""}, "is no name of a unit"),
        ({"files": {"relative": "x"}}, "must be an absolute path with a text"),
        ({"files": {"/x": 1}}, "must be an absolute path with a text"),
        ({"health_path": "/"}, "needs a `socket` unit"),
        ({"health_path": "nothing"}, "write a path"),
        ({"health_path": "/a b"}, "write a path"),
        ({"health_path": "/\r\nX: y"}, "write a path"),
    ],
)
def test_bad_input(systemd: FakeSystemd, values: dict[str, t.Any], words: str) -> None:
    with pytest.raises(ExplainedError, match=words):
        run(systemd, **values)
