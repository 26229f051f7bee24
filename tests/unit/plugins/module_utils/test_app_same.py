# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_same: which services are one application."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication
from ansible_collections.webops.django.plugins.module_utils.app_same import merged


def application(pid: int, wsgi: str = "shop.wsgi", environment: dict[str, str] | None = None, **fields: t.Any) -> FoundApplication:
    """An application as discovery makes it."""
    record = {
        "project_path": "/srv/shop",
        "settings_module": "shop.settings",
        "virtualenv": "/srv/shop/venv",
        "python": "/srv/shop/venv/bin/python",
        "in_container": False,
        "wsgi": wsgi,
        "pids": [pid],
        "master_pid": pid,
        "binds": [{"address": "127.0.0.1", "port": pid}],
        "started": float(pid),
        "environment_names": sorted(environment or {}),
        **fields,
    }
    return FoundApplication(record, environment or {}, [f"/lib/{pid}"])


def test_web_and_asgi_of_one_project_are_one() -> None:
    """Whichever started first, WSGI is named; all sockets count, and the older of both starts."""
    for first, second in ((1, 2), (2, 1)):
        web, asgi = application(first, environment={"A": "1", "PORT": "1", "B": "2"}), application(second, "shop.asgi", {"A": "1", "PORT": "2"})
        for order in ([web, asgi], [asgi, web]):
            (one,) = merged([FoundApplication(dict(item.record), dict(item.environment), list(item.python_path)) for item in order])
            assert one.record["wsgi"] == "shop.wsgi" and one.record["master_pid"] == first and one.record["started"] == 1.0
            assert one.record["pids"] == [first, second] and [bind["port"] for bind in one.record["binds"]] == [first, second]
            assert one.environment == {"A": "1", "PORT": "1", "B": "2"} and one.record["environment_names"] == ["A", "B", "PORT"]
            assert one.python_path == [f"/lib/{first}", f"/lib/{second}"]


@pytest.mark.parametrize(
    "different",
    [
        {"project_path": "/srv/other"},
        {"settings_module": "shop.other"},
        {"virtualenv": "/srv/other"},
        {"in_container": True},
        {"environment": {"DATABASE": "other"}},
        {"environment": {"SITE": "other"}},
    ],
)
def test_two_sites_stay_two(different: dict[str, t.Any]) -> None:
    one, other = application(1, environment={"DATABASE": "a", "SITE": "a"}), application(2, **different)
    assert merged([one, other]) == [one, other]


def test_names_of_one_interpreter_do_not_matter_within_a_virtual_environment() -> None:
    one, other = application(1), application(2, python="/srv/shop/venv/bin/python3")
    assert len(merged([one, other])) == 1
    for item in (one, other):
        item.record.update(virtualenv="")
    assert len(merged([one, other])) == 2


def test_what_systemd_gives_to_each_service_makes_no_difference() -> None:
    one = {"INVOCATION_ID": "1", "JOURNAL_STREAM": "8:1", "SYSTEMD_EXEC_PID": "1", "RUNTIME_DIRECTORY": "/run/a", "LISTEN_PID": "1", "PWD": "/"}
    other = dict.fromkeys(one, "other")
    assert len(merged([application(1, environment=one), application(2, environment=other)])) == 1
