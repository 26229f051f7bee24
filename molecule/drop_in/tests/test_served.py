# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was collected and compressed is what a client gets, from a server that somebody else built."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import typing as t
from pathlib import Path
from xml.etree import ElementTree

import pytest

SITE = "shop.example.com"
STATIC_ROOT = "/var/www/shop/static"
ROOT = Path(__file__).resolve().parents[3]
STYLE = "/static/admin/css/base.css"


def test_the_admin_is_styled(client: t.Any) -> None:
    assert client.get(SITE, "/admin/login/").status == 200
    assert client.get(SITE, STYLE).status == 200


def test_gzip_as_it_lies_there(client: t.Any, host: t.Any) -> None:
    answer = client.get(SITE, STYLE, Accept_Encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.body == host.file(f"{STATIC_ROOT}/admin/css/base.css.gz").content
    assert gzip.decompress(answer.body) == client.get(SITE, STYLE).body


def test_brotli_as_it_lies_there(client: t.Any, host: t.Any) -> None:
    """That it holds the same bytes was proven by django_static_served; here, that it is smaller still."""
    answer = client.get(SITE, STYLE, Accept_Encoding="br, gzip")
    assert answer.headers["content-encoding"] == "br"
    assert answer.body == host.file(f"{STATIC_ROOT}/admin/css/base.css.br").content
    assert len(answer.body) < len(client.get(SITE, STYLE, Accept_Encoding="gzip").body)


def test_the_report(host: t.Any) -> None:
    report = json.loads(host.file("/var/tmp/served.json").content_string)
    assert report["schema_version"] == 1
    assert report["failures"] == []
    suite = ElementTree.fromstring(host.file("/var/tmp/served.xml").content_string)
    cases = list(suite.iter("testcase"))
    assert cases
    assert not list(suite.iter("failure"))


@pytest.fixture(name="truth_table", scope="session")
def truth_table_fixture() -> subprocess.CompletedProcess[str]:
    """Run the playbook once, on all hosts."""
    scenario = ROOT / "molecule" / "drop_in"
    command = ["ansible-playbook", f"--inventory={ROOT / 'molecule' / 'inventory'}", f"--inventory={scenario / 'hosts.yml'}"]
    environment = {key: value for key, value in os.environ.items() if key not in ("ANSIBLE_FORCE_COLOR", "FORCE_COLOR", "PY_COLORS")}
    environment.update(ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"), ANSIBLE_NOCOLOR="1", MOLECULE_PROJECT_DIRECTORY=str(ROOT))
    return subprocess.run([*command, str(scenario / "truth_table.yml")], capture_output=True, text=True, check=False, cwd=ROOT, env=environment)


def test_changed_is_true_on_this_django(host: t.Any, truth_table: subprocess.CompletedProcess[str]) -> None:
    """For each number of files and each storage, the four steps."""
    assert truth_table.returncode == 0, truth_table.stdout[-6000:]
    name = host.backend.name.rpartition("-")[2]
    (recap,) = [line for line in truth_table.stdout.splitlines() if line.startswith(f"{name} ") and "failed=0" in line]
    assert "unreachable=0" in recap
