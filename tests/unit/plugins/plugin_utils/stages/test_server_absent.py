# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is in front of the application."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_absent import server_block
from ansible_collections.webops.django.tests.unit.support.fake_host import CONF, FakeHost, codes, failing, nginx_record, site_of


def exposed(**changes: t.Any) -> FakeHost:
    host = failing(FakeHost(), 404, "app")
    host.nginx = None  # type: ignore[assignment]
    host.host = "http://shop.example.com:8000"
    host.application.update(changes)
    return host


def block(host: FakeHost) -> str:
    return server_block(Hosts(host.evidence()).sites()[0])


def test_the_program_is_named_and_its_unit() -> None:
    """A unit may be called gunicorn, and run something else."""
    host = exposed(kind="runserver", unit="gunicorn.service", binds=[{"address": "0.0.0.0", "port": 8000}])
    evidence = host.evidence()
    for answer in evidence["look"]["answers"]:
        answer["site"] = "gunicorn"
    site = conclude(evidence)["sites"][0]
    assert "No web server is in front of runserver (gunicorn.service): clients reach it at 0.0.0.0:8000" in site["findings"][0]["message"]


def test_the_repair_is_whole() -> None:
    fix = site_of(exposed())["findings"][0]["fix"].splitlines()
    assert fix[1] == "sudo apt-get install nginx"
    assert fix[2] == "echo 'server {"
    assert fix[-3:] == [
        "}' | sudo tee /etc/nginx/sites-available/shop > /dev/null",
        "sudo ln -s /etc/nginx/sites-available/shop /etc/nginx/sites-enabled/shop",
        "sudo /usr/sbin/nginx -t && sudo systemctl reload nginx.service",
    ]


def test_an_nginx_that_is_there_gets_a_file_where_it_looks() -> None:
    host = exposed()
    host.nginx = nginx_record(files={"/etc/nginx/nginx.conf": CONF.replace("sites-enabled/*", "conf.d/*.conf")})
    fix = site_of(host)["findings"][0]["fix"]
    assert "apt-get" not in fix
    assert "| sudo tee /etc/nginx/conf.d/shop.conf > /dev/null\nsudo /usr/sbin/nginx -t" in fix


@pytest.mark.parametrize(
    ("allowed", "names"),
    [
        (["localhost", "shop.example.com", "www.shop.example.com"], "shop.example.com www.shop.example.com"),
        ([".example.com"], ".example.com"),
        (["*"], "web1 10.0.0.5"),
        ([], "web1 10.0.0.5"),
    ],
)
def test_the_names_are_those_that_people_use(allowed: list[str], names: str) -> None:
    host = exposed()
    host.application["static"]["allowed_hosts"] = allowed
    assert f"server_name {names};" in block(host)


def test_a_name_that_another_block_has_already_would_be_ignored() -> None:
    host = exposed()
    host.nginx = nginx_record()
    host.application["static"]["allowed_hosts"] = ["shop.example.com", "api.example.com"]
    host.nginx["files"]["/etc/nginx/sites-enabled/shop"] = "server { server_name www.example.com shop.example.com; } # server_name api.example.com;"
    assert "server_name api.example.com;" in block(host)


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({"binds": [{"address": "0.0.0.0", "port": 8000}]}, "proxy_pass http://127.0.0.1:8000;"),
        ({"binds": [{"address": "10.0.0.5", "port": 80}]}, "proxy_pass http://10.0.0.5:80;"),
        ({"binds": [{"address": "::", "port": 8000}]}, "proxy_pass http://[::1]:8000;"),
        ({"binds": [{"unix": "/run/shop.sock"}]}, "proxy_pass http://unix:/run/shop.sock;"),
        ({"binds": [{"unix": "/run/shop.sock"}], "kind": "uwsgi"}, "uwsgi_pass unix:/run/shop.sock;"),
        ({"kind": "uwsgi", "command": ["uwsgi", "--http", ":8000"]}, "proxy_pass http://127.0.0.1:8000;"),
    ],
)
def test_requests_go_where_the_application_listens(change: dict[str, t.Any], passes: str) -> None:
    assert passes in block(exposed(**change))


@pytest.mark.parametrize("kind", ["gunicorn", "uwsgi"])
def test_a_real_nginx_takes_the_server_block(tmp_path: Path, kind: str) -> None:
    (tmp_path / "uwsgi_params").write_text("uwsgi_param QUERY_STRING $query_string;\n", encoding="ascii")
    text = block(exposed(kind=kind)).replace("listen 80", f"listen unix:{tmp_path}/s")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{ access_log off;\n{text} }}\n", encoding="ascii"
    )
    done = subprocess.run(["/usr/sbin/nginx", "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_an_application_that_serves_them_itself_needs_none() -> None:
    host = exposed()
    host.default = {"status": 200, "server": "app"}
    assert codes(host) == []
