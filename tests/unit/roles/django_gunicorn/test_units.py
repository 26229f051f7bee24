# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role renders: as the golden files have it, and as Gunicorn reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.tests.unit.support.role_variables import ROLES, ROOT, role_variable

GOLDEN = Path(__file__).parent / "golden"
TEMPLATES = {
    "service": "etc/systemd/system/django.service.j2",
    "socket": "etc/systemd/system/django.socket.j2",
    "conf": "etc/django/gunicorn.conf.py.j2",
}
RELEASE = "/srv/django/shop/releases/0123456789ab"
SITE: dict[str, t.Any] = {
    "release": "0123456789ab",
    "project_path": f"{RELEASE}/source",
    "python": f"{RELEASE}/venv/bin/python",
    "python_path": [f"{RELEASE}/etc"],
    "settings_module": "webops_settings",
    "environment_file": f"{RELEASE}/etc/environment",
    "wsgi_application": "shop.wsgi.application",
    "asgi_application": "",
}
CASES: dict[str, dict[str, t.Any]] = {
    "smallest": {"django_app_name": "shop", "__django_app_sites": {"shop": SITE}},
    "alone": {
        "django_app_name": "shop",
        "django_app_user": "shop",
        "django_app_web_group": "nginx",
        "django_app_project_path": "/srv/my shop/100%",
        "django_app_python": "/srv/my shop/venv/bin/python",
        "django_app_settings_module": "shop.settings",
        "django_gunicorn_application": "shop.wsgi:application",
        "django_gunicorn_bind": "127.0.0.1:8001",
        "django_gunicorn_workers": 3,
        "django_gunicorn_threads": 1,
        "django_gunicorn_max_requests": 1000,
        "django_gunicorn_graceful_timeout": 120,
        "django_gunicorn_ready_timeout": 200,
        "django_gunicorn_extra_args": ["--name", "my shop"],
        "django_gunicorn_environment": {"RATE": '5 % "net" $HOME', "PYTHONUNBUFFERED": ""},
    },
    "asgi": {"django_app_name": "shop", "__django_app_sites": {"shop": dict(SITE, asgi_application="shop.asgi.application", environment_file="")}},
}


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Texts by the golden file's name, rendered by Ansible itself, for they use a filter of the collection."""
    folder = tmp_path_factory.mktemp("rendered")
    role = ROLES / "django_gunicorn"
    tasks = [
        {
            "ansible.builtin.copy": {
                "content": f"{{{{ lookup('ansible.builtin.template', '{role}/templates/{template}') }}}}",
                "dest": f"{folder}/{{{{ case }}}}.{name}",
                "mode": "0644",
            }
        }
        for name, template in TEMPLATES.items()
    ]
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": [f"{role}/defaults/main.yml", f"{role}/vars/main.yml"], "tasks": tasks}
    (folder / "play.yml").write_text(json.dumps([play]))
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".ansible/collections"), "ANSIBLE_LOCALHOST_WARNING": "false"}
    for case, variables in CASES.items():
        (folder / "vars.json").write_text(json.dumps({**variables, "case": case, "ansible_python_interpreter": sys.executable}))
        command = [
            f"{Path(sys.executable).parent}/ansible-playbook",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"@{folder}/vars.json",
            f"{folder}/play.yml",
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return {path.name: path.read_text() for path in folder.iterdir() if path.suffix not in (".yml", ".json")}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_golden(rendered: dict[str, str], case: str, template: str) -> None:
    """What is rendered is what was looked at. ``UPDATE_GOLDEN=1`` writes the files anew."""
    text = rendered[f"{case}.{template}"].rstrip() + "\n"
    golden = GOLDEN / f"{case}.{template}"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("case", CASES)
def test_gunicorn_reads_its_configuration(rendered: dict[str, str], case: str, tmp_path: Path) -> None:
    (tmp_path / "gunicorn.conf.py").write_text(rendered[f"{case}.conf"])
    (tmp_path / "shop.py").write_text("def application(environ, start_response): ...\n")
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--print-config", "shop:application"]
    printed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    read = {name.strip(): value.strip() for name, _equals, value in (line.partition("=") for line in printed.splitlines())}
    assert read["control_socket_disable"] == "True"
    assert read["worker_tmp_dir"] == "/dev/shm"
    assert 1 <= int(read["workers"]) <= 9
    assert (read["worker_class"], read["max_requests"], read["forwarded_allow_ips"]) == {
        "smallest": ("gthread", "0", "['*']"),
        "alone": ("sync", "1000", "['127.0.0.1', '::1']"),
        "asgi": ("asgi", "0", "['*']"),
    }[case]


@pytest.mark.parametrize(
    ("variables", "application", "asgi"),
    [
        ({}, "shop.wsgi:application", False),
        ({"django_gunicorn_application": "other:make()"}, "other:make()", False),
        ({"django_gunicorn_interface": "asgi"}, "", True),
        ({"__django_app_sites": {"shop": dict(SITE, asgi_application="shop.asgi.app")}}, "shop.asgi:app", True),
        (
            {"__django_app_sites": {"shop": dict(SITE, asgi_application="shop.asgi.app")}, "django_gunicorn_interface": "wsgi"},
            "shop.wsgi:application",
            False,
        ),
        ({"__django_app_sites": {"shop": dict(SITE, wsgi_application="")}}, "", False),
    ],
)
def test_the_interface_and_the_application(variables: dict[str, t.Any], application: str, asgi: bool) -> None:
    values = {**CASES["smallest"], **variables}
    assert role_variable("django_gunicorn", "__django_gunicorn_application", **values) == application
    assert str(role_variable("django_gunicorn", "__django_gunicorn_asgi", **values)) == str(asgi)


@pytest.mark.parametrize(("hostnames", "host"), [([], "localhost"), (["a.example", "b.example"], "a.example"), ("c.example", "c.example")])
def test_the_host_that_is_asked_for(hostnames: t.Any, host: str) -> None:
    assert role_variable("django_gunicorn", "django_gunicorn_health_host", **CASES["smallest"], django_app_hostnames=hostnames) == host


LOGS_A_FAILED_REQUEST = """
import logging, runpy, sys
from django.conf import settings
settings.configure(DEBUG=False, LOGGING=eval(sys.argv[2]))
import django
django.setup()
runpy.run_path(sys.argv[1])["post_worker_init"](None)
try:
    raise ValueError("the cause")
except ValueError:
    logging.getLogger("django.request").error("Internal Server Error: /", exc_info=True)
"""
TO_STDOUT = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"own": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout"}},
    "root": {"handlers": ["own"]},
}


@pytest.mark.parametrize(("project", "to_journal"), [({}, 1), (TO_STDOUT, 0)], ids=["no LOGGING", "its own"])
def test_a_failed_request_leaves_its_traceback_in_the_journal(tmp_path: Path, project: dict[str, t.Any], to_journal: int) -> None:
    """Django's default for DEBUG = False writes it nowhere; a project that logs is left alone."""
    settings = tmp_path / "gunicorn.conf.py"
    settings.write_text((GOLDEN / "smallest.conf").read_text())
    done = subprocess.run([sys.executable, "-c", LOGS_A_FAILED_REQUEST, str(settings), repr(project)], capture_output=True, text=True, check=True)
    assert done.stderr.count("ValueError: the cause") == to_journal
    assert (done.stdout + done.stderr).count("ValueError: the cause") == 1
