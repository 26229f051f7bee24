# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin through the documented playbooks, on this very host, with a real project behind a real nginx."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
from ansible_collections.webops.django.tests.unit.support.django_projects import DJANGOS, make_project
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer, free_port
from ansible_collections.webops.django.tests.unit.support.waiting import wait_for_port

ROOT = pathlib.Path(__file__).resolve().parents[4]
BLOCK = """server {
    listen PORT;
    server_name shop.example.com;
    location /static/ { alias FOLDER; }
    location / { proxy_pass http://127.0.0.1:UPSTREAM; proxy_set_header Host $host; }
}
"""


def play(name: str, *extra: str) -> subprocess.CompletedProcess[str]:
    """Run one of the collection's playbooks on this host."""
    command = [
        str(pathlib.Path(sys.executable).parent / "ansible-playbook"),
        f"webops.django.{name}",
        *("-i", "web1,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}", "-e", "django_diagnose_become=false"),
        *(word for pair in extra for word in ("-e", pair)),
    ]
    environment = dict(
        os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".ansible/collections"), ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="false"
    )
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)


def result_of(folder: pathlib.Path, project: pathlib.Path) -> dict[str, t.Any]:
    """Return what was said of a project; other sites may be on this host."""
    evidence = json.loads((folder / "web1.evidence.json").read_text())
    names = [application["project_path"] for application in evidence["applications"]]
    result = json.loads((folder / "web1.json").read_text())
    return dict(result["sites"][names.index(str(project))])


@pytest.fixture(name="site", scope="module")
def site_fixture(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[NginxServer, pathlib.Path, int]]:
    folder = tmp_path_factory.mktemp("site")
    for path in (folder, folder.parent, folder.parent.parent):
        path.chmod(0o755)
    project = make_project(folder / "shop", files={"app/a.css": "body {}\n"})
    environment = dict(os.environ, PYTHONPATH=str(DJANGOS[-1]), DJANGO_SETTINGS_MODULE="conf.settings")
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"], cwd=project, env=environment, check=True)
    port = free_port()
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        wait_for_port(port)
        yield NginxServer(folder / "nginx"), project, port
        server.terminate()


def test_the_cause_its_repair_and_the_document(site: tuple[NginxServer, pathlib.Path, int], tmp_path: pathlib.Path) -> None:
    """A broken site, by the documented command; what was saved leads to the same conclusion again, without the host."""
    nginx, project, port = site
    folder = f"{project}/collected"
    conf = nginx.site("shop.conf", BLOCK.replace("UPSTREAM", str(port)).replace("FOLDER", folder))
    with nginx:
        done = play("diagnose", f"django_verify_report_dir={tmp_path}")
        assert done.returncode == 0, done.stdout + done.stderr
        found = result_of(tmp_path, project)
        assert [item["code"] for item in found["findings"]] == ["alias_missing_trailing_slash"]
        assert found["verdict"] == "not_served"
        assert "[BREAKS] file" in done.stdout
        assert f"alias {folder}/;" in done.stdout
        told = play("explain", f"url=http://shop.example.com:{nginx.port}/static/app/a.css").stdout
        assert f"opens {folder}app/a.css" in told
    again = play("diagnose", f"django_verify_report_dir={tmp_path}/again", f"django_diagnose_evidence={tmp_path}/web1.evidence.json")
    assert again.returncode == 0, again.stdout + again.stderr
    assert (tmp_path / "again/web1.json").read_text() == (tmp_path / "web1.json").read_text()
    # The repair, as it is told.
    conf.write_text(conf.read_text().replace(f"alias {folder};", f"alias {folder}/;"))
    with nginx:
        play("diagnose", f"django_verify_report_dir={tmp_path}/repaired")
        assert result_of(tmp_path / "repaired", project)["verdict"] == "served"
    # What a visitor's browser says of the same site.
    console = tmp_path / "console.log"
    console.write_text(f"GET http://shop.example.com:{nginx.port}/static/app/a.css net::ERR_BLOCKED_BY_CLIENT\n")
    saved = f"django_diagnose_evidence={tmp_path}/repaired/web1.evidence.json"
    play("diagnose", f"django_verify_report_dir={tmp_path}/told", saved, f"django_diagnose_browser_console={console}")
    assert [item["code"] for item in result_of(tmp_path / "told", project)["findings"]] == ["client_side_blocker"]


@pytest.mark.parametrize(
    ("name", "extra", "words"),
    [
        ("diagnose", "django_verify_base_url=shop.example.com", "is no URL of a site; write one such as"),
        ("diagnose", "django_diagnose_evidence=/nonexistent.json", "/nonexistent.json cannot be read: No such file or directory"),
        ("diagnose", "django_diagnose_browser_console=/nonexistent.har", "/nonexistent.har cannot be read: No such file or directory"),
        ("diagnose", "django_verify_report_dir=/proc/nowhere", "The report cannot be written to /proc/nowhere"),
        ("explain", "x=1", "Say which URL"),
        ("explain", "url=ftp://a/b", "is no URL; give a path such as"),
    ],
)
def test_bad_values_are_told_in_a_sentence(name: str, extra: str, words: str) -> None:
    done = play(name, extra)
    assert done.returncode != 0
    assert words in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stdout + done.stderr
    assert "<<< caused by >>>" not in done.stdout + done.stderr
