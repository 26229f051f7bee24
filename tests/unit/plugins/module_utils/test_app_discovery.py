# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_discovery: real servers that run a real project, and what the project answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.app_discovery import discover_applications, project_of
from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication
from ansible_collections.webops.django.plugins.module_utils.django_project import ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.process_table import ProcessTable
from ansible_collections.webops.django.tests.unit.support.django_projects import DJANGOS, MANAGE, WSGI, make_project, write
from ansible_collections.webops.django.tests.unit.support.fake_proc import FakeProc
from ansible_collections.webops.django.tests.unit.support.nginx_server import free_port
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(DJANGOS[-1]), "SECRET_TOKEN": "hunter2hunter2", "PYTHONDONTWRITEBYTECODE": "1"}
HIDDEN = "hunter2"


class Servers:
    """Application servers that run in a project's folder; a context that ends them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *words: str, below: str = ".", **environment: str) -> int:
        """Start a server and return its process id."""
        command = [sys.executable, *words]
        process = subprocess.Popen(
            command,
            cwd=self.folder / below,
            env={**ENVIRONMENT, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.processes.append(process)
        return process.pid

    def discover(self, binds: int, pids: int = 0) -> tuple[list[FoundApplication], list[dict[str, str]]]:
        """Discover as soon as so many sockets and processes are there. Of this machine's processes only ours are looked at."""
        for _attempt in range(600):
            table = ProcessTable()
            ours = {entry.pid for process in self.processes for entry in table.descendants(process.pid)} | {process.pid for process in self.processes}
            table.entries = {pid: entry for pid, entry in table.entries.items() if pid in ours}
            found, notes = discover_applications(table=table)
            if sum(len(one.record["binds"]) for one in found) >= binds and sum(len(one.record["pids"]) for one in found) >= pids:
                return found, notes
            time.sleep(0.05)
        raise AssertionError([one.record for one in found])

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_rest: object) -> None:
        for process in self.processes:
            os.killpg(process.pid, signal.SIGTERM)
        for process in self.processes:
            process.wait(timeout=20)


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "shop")
    write(folder / "conf" / "prod.py", "import os\nfrom conf.settings import *\nassert os.environ['SECRET_TOKEN']\nSTATIC_ROOT = BASE_DIR / 'prod'\n")
    return folder


def test_gunicorn_answers_as_it_runs(project: Path) -> None:
    """Found with its settings and variables, from another folder; its project says what the running one's settings are; no secret is shown."""
    port = free_port()
    words = f"-m gunicorn -b 127.0.0.1:{port} -w 2 --chdir shop -e DJANGO_SETTINGS_MODULE=conf.prod -e KEY=hunter2 conf.wsgi".split()
    with Servers(project.parent) as servers:
        before = time.time() - 0.05
        pid = servers.start(*words)
        (found,), notes = servers.discover(1, 3)
        assert notes == []
        record = found.record
        assert (record["kind"], record["master_pid"], record["pids"][0]) == ("gunicorn", pid, pid) and len(record["pids"]) == 3
        assert record["binds"] == [{"address": "127.0.0.1", "port": port}]
        assert (record["project_path"], record["settings_module"], record["wsgi"]) == (str(project), "conf.prod", "conf.wsgi")
        assert record["settings_file"] == f"{project}/conf/prod.py" and record["cwd"] == str(project)
        assert (record["uid"], record["gid"], record["in_container"]) == (os.geteuid(), os.getegid(), False)
        assert before <= record["started"] <= time.time()
        assert os.path.samefile(record["python"], sys.executable) and record["virtualenv"] == sys.prefix
        assert {"SECRET_TOKEN", "KEY", "DJANGO_SETTINGS_MODULE"} <= set(record["environment_names"])
        assert HIDDEN not in json.dumps(record) and found.environment["SECRET_TOKEN"] == "hunter2hunter2"
        said = ask(project_of(found), "static_info", references=0)
        assert said["static_root"] == f"{project}/prod"
        # A reload keeps the master; what counts is when its workers took the code in.
        time.sleep(0.05)
        os.kill(pid, signal.SIGHUP)
        for _attempt in range(400):
            (again,), _notes = servers.discover(1, 3)
            if again.record["started"] > record["started"] + 0.02 and again.record["pids"][1:] != record["pids"][1:]:
                break
            time.sleep(0.02)
        assert again.record["master_pid"] == pid and again.record["started"] > record["started"] + 0.02


def test_several_on_a_host_are_told_apart(project: Path) -> None:
    """Two services of one project are one application; another environment is another site; a server of no Django project is none."""
    write(project.parent / "other" / "app.py", "def application(environ, start_response): pass\n")
    with Servers(project.parent) as servers:
        web = servers.start("-m", "gunicorn", "-b", f"unix:{project.parent}/web.sock", "conf.wsgi", below="shop")
        more = servers.start("-m", "gunicorn", "-b", f"unix:{project.parent}/more.sock", "conf.wsgi", below="shop")
        runserver = servers.start("manage.py", "runserver", str(free_port()), "--settings", "conf.prod", below="shop")
        tenant = servers.start(
            "-m", "gunicorn", "-b", f"unix:{project.parent}/tenant.sock", "conf.wsgi", below="shop", TENANT_DB="b", SECRET_TOKEN="other"
        )
        servers.start("-m", "gunicorn", "-b", f"unix:{project.parent}/flask.sock", "app", below="other")
        found, notes = servers.discover(4)
    assert notes == []
    by_master = {one.record["master_pid"]: one.record for one in found}
    assert len(found) == 3 and {runserver, tenant} < set(by_master)
    both = next(record for pid, record in by_master.items() if pid in (web, more))
    assert both["binds"] in ([{"unix": f"{project.parent}/{name}.sock"} for name in order] for order in (("web", "more"), ("more", "web")))
    assert by_master[runserver]["kind"] == "runserver" and by_master[runserver]["settings_module"] == "conf.prod"
    assert len(by_master[runserver]["pids"]) == 2
    assert sorted(record["id"] for record in by_master.values()) == ["shop", "shop-2", "shop-3"]


def test_where_nothing_runs(tmp_path: Path) -> None:
    """The notes name what is missing; with it, the project answers."""
    table = FakeProc(tmp_path / "proc").add(1, "/sbin/init", parent=0).table()
    found, notes = discover_applications(table=table)
    assert found == [] and [(note["what"], note["needs"]) for note in notes] == [("application_absent", "django_app_project_path")]
    assert "django_app_python" in notes[0]["message"]
    make_project(tmp_path / "shop")
    options = {"project_path": str(tmp_path / "shop"), "python": sys.executable, "python_path": [str(DJANGOS[0])]}
    (one,), notes = discover_applications(options, table)
    assert (one.record["id"], one.record["kind"], one.record["settings_module"]) == ("shop", "given", "conf.settings")
    assert [note["needs"] for note in notes] == ["django_verify_base_url"]
    assert ask(project_of(one, options), "static_info", references=0)["static_root"] == f"{tmp_path}/shop/collected"


def fake(tmp_path: Path, *words: str, **more: t.Any) -> FakeProc:
    """A server in a project's folder, of which /proc tells what is given."""
    write(tmp_path / "shop" / "manage.py", MANAGE)
    write(tmp_path / "shop" / "conf" / "wsgi.py", WSGI)
    return FakeProc(tmp_path / "proc").add(10, *(words or ("python", "/v/bin/gunicorn", "conf.wsgi")), **{"cwd": str(tmp_path / "shop"), **more})


def test_what_is_not_found_is_asked_for(tmp_path: Path) -> None:
    proc = fake(tmp_path, "gunicorn: master [conf.wsgi]", environment=b"", exe="/none/python3")
    (one,), notes = discover_applications(table=proc.table())
    assert [(note["what"], note["needs"]) for note in notes if note["what"] != "application_environment"] == [
        ("application_incomplete", "django_app_python"),
        ("application_address", "django_verify_base_url"),
    ]
    assert "application_environment" in [note["what"] for note in notes]
    with pytest.raises(ExplainedError, match="django_app_python"):
        project_of(one)
    (one,), notes = discover_applications({"python": sys.executable}, proc.table())
    assert "application_incomplete" not in [note["what"] for note in notes]
    assert project_of(one).python == sys.executable


def test_settings_that_are_computed_are_asked_for(tmp_path: Path) -> None:
    proc = fake(tmp_path, sys.executable, "/v/bin/gunicorn", "conf.wsgi")
    write(tmp_path / "shop" / "conf" / "wsgi.py", WSGI.replace('"conf.settings"', 'f"conf.{NAME}"'))
    (one,), notes = discover_applications(table=proc.table())
    assert ("application_incomplete", "django_app_settings_module") in [(note["what"], note["needs"]) for note in notes]
    with pytest.raises(ExplainedError, match="django_app_settings_module"):
        project_of(one)
    (one,), _notes = discover_applications({"settings_module": "conf.production"}, proc.table())
    assert project_of(one).settings_module == "conf.production"


def test_another_users_process_that_hides(tmp_path: Path) -> None:
    """Its command line is there for all to see, and nothing else."""
    proc = FakeProc(tmp_path).add(10, "python", "/v/bin/gunicorn", "conf.wsgi")
    found, notes = discover_applications(table=proc.table())
    assert found == [] and [(note["what"], note["needs"]) for note in notes] == [("application_hidden", "root")]


def test_the_project_runs_as_the_application_does(tmp_path: Path) -> None:
    """User, groups and umask of the process; variables that belong to one process stay behind."""
    environment = {
        "A": "b",
        "LISTEN_FDS": "1",
        "RUN_MAIN": "true",
        "NOTIFY_SOCKET": "/x",
        "GUNICORN_CMD_ARGS": "-w 2",
        "PYTHONPATH": "/p",
        "HOME": "/home/x",
    }
    proc = fake(tmp_path, sys.executable, "/v/bin/gunicorn", "--pythonpath", "/lib/x", "conf.wsgi", environment=environment, ids=(4242424, 4242425))
    (one,), _notes = discover_applications(table=proc.table())
    project = project_of(one, {"timeout": 7})
    assert project.environment == {"A": "b", "PYTHONPATH": "/lib/x:/p", "HOME": "/home/x"}
    assert (project.account.uid, project.account.gid, project.account.groups, project.account.name) == (4242424, 4242425, (4, 4242425), "4242424")
    assert (project.umask, project.timeout, project.account.home, project.settings_module) == (0o027, 7, "/home/x", "conf.settings")


def test_a_containers_application_is_told_and_not_asked(tmp_path: Path) -> None:
    write(tmp_path / "image" / "etc" / "passwd", "root:x:0:0::/:\napp:x:33:33::/app:/bin/sh\n")
    make_project(tmp_path / "image" / "app")
    proc = fake(tmp_path, started=9).add(20, "python", "/v/bin/gunicorn", "conf.wsgi", cwd="/app", root=str(tmp_path / "image"), started=1)
    (ours, theirs), _notes = discover_applications(table=proc.table())
    assert (ours.record["id"], ours.record["in_container"]) == ("shop", False)
    assert (theirs.record["in_container"], theirs.record["user"], theirs.record["project_path"]) == (True, "app", "/app")
    theirs.record["python"] = sys.executable
    with pytest.raises(ExplainedError, match="container"):
        project_of(theirs)


SERVER_WORDS = ["gunicorn", "python", "-m", "uwsgi", "--ini", "-c", "--chdir", "conf.wsgi", "manage.py", "runserver", "\udcff"]
ODD = st.lists(st.text(max_size=20) | st.sampled_from(SERVER_WORDS))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(ODD, st.binary(max_size=100))
def test_no_process_raises(tmp_path_factory: pytest.TempPathFactory, words: list[str], environment: bytes) -> None:
    """Whatever its words, its variables and its folder."""
    folder = tmp_path_factory.mktemp("odd")
    encoded = [os.fsdecode(word.encode("utf-8", "surrogatepass")).replace("\0", "") for word in words]
    table = fake(folder, *(encoded or ["x"]), environment=environment, comm="x").table()
    found, _notes = discover_applications(table=table)
    json.dumps([one.record for one in found])
