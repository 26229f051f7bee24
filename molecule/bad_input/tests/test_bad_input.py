# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input stops the play with a sentence, and the site that served before serves on, the same release."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest

SITE = "sample.example.com"
ROOT = Path(__file__).resolve().parents[3]
CANARY = "canary-5b1f0a9e-not-to-be-seen"
ENVIRONMENT = {"DJANGO_SECRET_KEY": "only-for-the-tests-0123456789-abcdefghijklmnopqrstuvwxyz", "SAMPLE_STATIC_ROOT": "/var/lib/sample-static"}


def deploy(variables: dict[str, t.Any], *options: str) -> tuple[int, str]:
    """Deploy with further variables, and return the play's exit code and output on one line."""
    scenario = ROOT / "molecule" / "bad_input"
    command = ["ansible-playbook", f"--inventory={ROOT / 'molecule' / 'inventory'}", f"--inventory={scenario / 'hosts.yml'}"]
    environment = {key: value for key, value in os.environ.items() if key not in ("ANSIBLE_FORCE_COLOR", "FORCE_COLOR", "PY_COLORS")}
    environment.update(ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1", MOLECULE_PROJECT_DIRECTORY=str(ROOT))
    # In a file, as secrets should be: Ansible itself shows what is written on its command line.
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(variables, file)
        file.flush()
        command += [str(scenario / "converge.yml"), f"--extra-vars=@{file.name}", *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def state(client: t.Any, host: t.Any) -> tuple[t.Any, ...]:
    """Return what the site serves, and which release and process serve it."""
    page, style = client.get(SITE, "/admin/login/"), client.get(SITE, "/static/admin/css/base.css")
    links = host.run("readlink /srv/django/sample/current /srv/django/sample/public/static /var/lib/sample-static").stdout
    units = host.run("cat /etc/systemd/system/django-sample.* /etc/nginx/sites-enabled/*").stdout
    return page.status, style.status, style.body, links, units


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"django_app_name": "a/b"}, ["django_app_name", "a/b", "lower case letters"]),
        ({"django_app_hostnames": "sample.example.com www.example.com"}, ["django_app_hostnames", "sample.example.com www.example.com"]),
        ({"django_app_hostnames": ["https://sample.example.com"]}, ["django_app_hostnames", "without scheme"]),
        ({"django_app_environment": "A=b"}, ["django_app_environment is no dictionary"]),
        ({"django_app_source": "/nowhere/project"}, ["/nowhere/project", "django_app_source"]),
        ({"django_app_source": "/opt/sample.git", "django_app_source_version": "nope"}, ['Version "nope"', "branch, tag or commit"]),
        (
            {"django_app_source": "/opt/unset", "django_app_source_type": "host"},
            ["STATIC_ROOT is not set in config.settings", "django_app_static_root"],
        ),
        ({"django_app_settings_module": "config.absent"}, ["config.absent does not import", "ModuleNotFoundError"]),
        ({"django_app_environment": {}}, ["KeyError: 'DJANGO_SECRET_KEY'", "django_app_environment"]),
        ({"django_app_requirements": ["django==0.0.1"]}, ["do not install", "django==0.0.1"]),
        ({"django_app_settings": {"ALLOWED_HOSTS": ["other.example.com"]}}, ["would refuse sample.example.com"]),
        ({"django_app_settings": {"ROOT_URLCONF": "config.absent"}}, ["config.absent"]),
        ({"django_nginx_port": 8099}, ["8099", "python3", "django_nginx_port"]),
        ({"django_gunicorn_bind": "127.0.0.1:8099"}, ["8099", "django_gunicorn_bind"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_input_stops_the_play_and_nothing_else(client: t.Any, host: t.Any, variables: dict[str, t.Any], words: list[str]) -> None:
    before = state(client, host)
    code, output = deploy(variables)
    assert code != 0, output
    assert "Traceback" not in output
    assert [word for word in words if word not in output] == [], output
    assert state(client, host) == before
    assert before[:2] == (200, 200)


def test_a_release_that_answers_500_is_taken_back_with_its_files(client: t.Any, host: t.Any) -> None:
    """It imports, and passes the checks; only a page shows that its templates are not found."""
    before = state(client, host)
    processors = [
        f"django.{name}"
        for name in ("template.context_processors.request", "contrib.auth.context_processors.auth", "contrib.messages.context_processors.messages")
    ]
    templates = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": False, "OPTIONS": {"context_processors": processors}}]
    code, output = deploy({"django_app_settings": {"TEMPLATES": templates}})
    assert code != 0, output
    assert "500" in output
    assert "TemplateDoesNotExist" in output
    assert state(client, host) == before


def test_a_secret_is_in_no_output_and_in_no_process_list(client: t.Any, host: t.Any) -> None:
    """Neither with every detail nor with every difference shown; nor when the project fails over it."""
    code, output = deploy({"django_app_environment": {**ENVIRONMENT, "SECRET_OF_THE_TEST": CANARY}}, "-vvvv", "--diff")
    assert code == 0, output[-3000:]
    assert CANARY not in output
    assert CANARY not in host.run("ps axww -o args; journalctl --no-pager; cat /etc/systemd/system/django-*").stdout
    path = "/srv/django/sample/current/etc/environment"
    assert CANARY in host.file(path).content_string
    assert host.run(f"runuser --user=django-sample -- cat {path}").rc == 0
    assert host.run(f"runuser --user=www-data -- cat {path}").rc != 0
    world_readable = host.run(f"find / -xdev -type f -perm -o=r -newer /srv/django/sample/manage -exec grep -l {CANARY} {{}} + 2>/dev/null").stdout
    assert world_readable == ""
    assert client.get(SITE, "/admin/login/").status == 200


def test_the_next_good_run_deploys(client: t.Any) -> None:
    """Whatever the bad runs left, it does not stand in the way."""
    code, output = deploy({})
    assert code == 0, output[-3000:]
    assert client.get(SITE, "/").status == 200
