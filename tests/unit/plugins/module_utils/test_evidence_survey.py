# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The survey: what projects say, by the side of what was discovered. Discovery itself has its own tests."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import threading
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils import app_discovery, evidence_survey, nginx_discovery
from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication
from ansible_collections.webops.django.tests.unit.support.django_projects import make_project, run_module
from ansible_collections.webops.django.tests.unit.support.fake_host import nginx_record


def found(path: pathlib.Path, **changes: t.Any) -> FoundApplication:
    record = {
        "id": "shop",
        "kind": "gunicorn",
        "unit": "",
        "pids": [1],
        "master_pid": 1,
        "started": 1.0,
        "command": [],
        "user": "root",
        "uid": 0,
        "gid": 0,
        "groups": [],
        "cwd": str(path),
        "python": sys.executable,
        "virtualenv": "",
        "settings_module": "conf.settings",
        "wsgi": "",
        "project_path": str(path),
        "binds": [],
        "in_container": False,
        "environment_names": [],
    }
    return FoundApplication({**record, **changes}, {"SHOP_SECRET": "very secret value"})


@pytest.fixture(name="host")
def host_fixture(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    host: dict[str, t.Any] = {"nginx": [], "applications": []}
    monkeypatch.setattr(nginx_discovery, "discover_nginx", lambda: (host["nginx"], []))
    monkeypatch.setattr(app_discovery, "discover_applications", lambda _options: (host["applications"], [{"what": "x", "message": "m", "needs": ""}]))
    return host


def test_a_project_is_asked_and_its_secrets_stay(tmp_path: pathlib.Path, host: dict[str, t.Any]) -> None:
    host["applications"] = [found(make_project(tmp_path))]
    evidence = evidence_survey.survey({"trial": True})
    application = evidence["applications"][0]
    assert application["static"]["static_url"] == "/static/"
    assert sorted(item["path"] for item in application["sample"]) == ["app/a.css", "app/b.js"]
    assert application["files_total"] == 2
    assert application["static"]["trial"] == {"ran": True, "error": "", "output": ""}
    assert "very secret value" not in json.dumps(evidence)
    assert [note["what"] for note in evidence["notes"]] == ["x"]


def test_collectstatic_is_not_tried_where_nothing_lacks(tmp_path: pathlib.Path, host: dict[str, t.Any]) -> None:
    project = make_project(tmp_path)
    for name in ("a.css", "b.js"):
        (project / "collected/app").mkdir(parents=True, exist_ok=True)
        (project / "collected/app" / name).write_bytes((project / "app/static/app" / name).read_bytes())
    host["applications"] = [found(project)]
    assert "trial" not in evidence_survey.survey({"trial": True})["applications"][0]["static"]
    (project / "collected/app/a.css").unlink()
    assert "trial" not in evidence_survey.survey({"trial": False})["applications"][0]["static"]
    assert "trial" in evidence_survey.survey({"trial": True})["applications"][0]["static"]


def test_a_project_that_cannot_answer_is_told_and_the_others_are_asked(tmp_path: pathlib.Path, host: dict[str, t.Any]) -> None:
    broken = make_project(tmp_path / "broken", "raise RuntimeError('no ' + 'good')\n")
    host["applications"] = [found(broken, id="broken"), found(make_project(tmp_path / "sound")), found(tmp_path, id="boxed", in_container=True)]
    told = {item["id"]: item for item in evidence_survey.survey({})["applications"]}
    assert "no good" in told["broken"]["static_error"]["message"]
    assert told["broken"]["static"] is None
    assert told["shop"]["static_error"] is None
    assert told["boxed"]["static_error"]["kind"] == "in_container"


def test_links_to_sockets_are_resolved(tmp_path: pathlib.Path, host: dict[str, t.Any]) -> None:
    (tmp_path / "link.sock").symlink_to("real.sock")
    host["nginx"] = [nginx_record(files={"/etc/nginx/nginx.conf": f"upstream u {{ server unix:{tmp_path}/link.sock fail_timeout=0; }}"})]
    host["applications"] = [found(tmp_path, binds=[{"unix": f"{tmp_path}/real.sock"}], in_container=True)]
    assert evidence_survey.survey({})["unix_paths"] == {f"{tmp_path}/{name}.sock": f"{tmp_path}/real.sock" for name in ("link", "real")}


def test_more_projects_than_can_be_asked_are_told(tmp_path: pathlib.Path, host: dict[str, t.Any]) -> None:
    host["applications"] = [found(tmp_path, id=f"a{number}", in_container=True) for number in range(evidence_survey.MOST_APPLICATIONS + 2)]
    evidence = evidence_survey.survey({})
    assert len(evidence["applications"]) == evidence_survey.MOST_APPLICATIONS
    assert "a40, a41" in evidence["notes"][-1]["message"]


def test_an_unexpected_fault_is_told_and_the_rest_is_looked_at(
    tmp_path: pathlib.Path, host: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A race with processes that end while they are read once took the whole module down."""

    def vanish() -> t.NoReturn:
        raise ProcessLookupError(3, "No such process")

    host["applications"] = [found(make_project(tmp_path))]
    monkeypatch.setattr(nginx_discovery, "discover_nginx", vanish)
    evidence = evidence_survey.survey({})
    assert "Looking for nginx failed with ProcessLookupError" in evidence["notes"][0]["message"]
    assert len(evidence["applications"]) == 1
    monkeypatch.setattr(evidence_survey, "files_to_ask", lambda *_rest: vanish())
    assert "ProcessLookupError" in evidence_survey.survey({})["applications"][0]["static_error"]["message"]


def test_the_module_asks_this_very_host() -> None:
    """Whatever runs here, and nothing is changed."""
    result = run_module("django_static_evidence")
    assert result["changed"] is False
    assert set(result["evidence"]) >= {"schema_version", "host", "notes", "nginx", "applications", "look"}


AS_ANYBODY = """
import json, os, sys
from ansible_collections.webops.django.plugins.module_utils.evidence_look import look
from ansible_collections.webops.django.plugins.module_utils.evidence_survey import survey
os.setgroups([]), os.setgid(65534), os.setuid(65534)
document = survey({"trial": True})
worker = {"uid": 33, "gid": 33, "groups": [33], "pid": None}
paths = [{"path": path, "nginx": "nginx", "digest": True} for path in ("/root/x", "/etc/shadow", "/etc/passwd")]
request = {"workers": {"nginx": worker}, "paths": paths, "trees": [{"path": "/etc", "nginx": "nginx", "encodings": []}], "asks": [], "pages": []}
seen = look({**request, "writable": {"nginx": ["/var/tmp"]}, "logs": {"paths": ["/var/log/x"], "words": ["x"]}, "seconds": 5})
print(json.dumps([document, seen]))
"""


def test_an_ordinary_user_is_told_what_root_would_see(tmp_path: pathlib.Path) -> None:
    """Nothing is guessed: what the worker may do is not known, and other users' processes are named as unseen."""
    command = [sys.executable, "-B", "-c", AS_ANYBODY]
    # An application server of root's, of which an ordinary user sees the command line alone.
    (tmp_path / "gunicorn").write_text("import time; time.sleep(600)")
    with subprocess.Popen([sys.executable, str(tmp_path / "gunicorn"), "shop.wsgi"]) as theirs:
        try:
            ran = subprocess.run(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=True, stdout=subprocess.PIPE)
        finally:
            theirs.kill()
    document, seen = json.loads(ran.stdout)
    assert [note["needs"] for note in document["notes"] if f"Process {theirs.pid} " in note["message"]] == ["root"]
    assert not [note for note in document["notes"] if note["what"] == "discovery_failed"]
    assert seen["paths"]["/root/x"]["exists"] is None
    said = {path: record["worker"]["nginx"] for path, record in seen["paths"].items()}
    assert {one["opens"] for one in said.values()} == {None}
    assert all(one["note"] for one in said.values())
    assert seen["trees"]["/etc"]["closed_count"] is None
    assert seen["writable"]["nginx"]["/var/tmp"]["writes"] is None


def test_processes_that_come_and_go_while_they_are_read() -> None:
    """A real churn: hundreds of processes that live for milliseconds."""
    over = threading.Event()
    started: list[int] = []

    def churn() -> None:
        while not over.is_set():
            with subprocess.Popen(["gunicorn: master [shop]", "shop.wsgi"], executable="/bin/true") as process:
                started.append(process.pid)

    threads = [threading.Thread(target=churn) for _number in range(3)]
    for thread in threads:
        thread.start()
    try:
        surveys = [evidence_survey.survey({"trial": False}) for _number in range(3)]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert len(started) > 20
    assert not [note for document in surveys for note in document["notes"] if note["what"] == "discovery_failed"]
