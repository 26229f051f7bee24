# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations that a real nginx refuses, and what mends them."""

from __future__ import annotations

import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_invalid import repair, unterminated
from ansible_collections.webops.django.tests.unit.support.fake_host import nginx_record

GOOD = """
server {
    listen 127.0.0.1:8099;
    server_name shop.example.com;
    root /srv/shop;

    # files
    location /static/ {
        alias /srv/shop/static/;
        expires 30d;
    }
}
"""


def judged_by_nginx(folder: Path, site: str) -> dict[str, t.Any]:
    """Let a real nginx judge a site, and return the record of it."""
    (folder / "site").write_text(site, encoding="ascii")
    main = f"pid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{ access_log off; include {folder}/site; }}\n"
    (folder / "nginx.conf").write_text(main, encoding="ascii")
    done = subprocess.run(["/usr/sbin/nginx", "-t", "-c", str(folder / "nginx.conf")], capture_output=True, text=True, check=False, timeout=60)
    said = re.search(r"(\[emerg\].*?)(?: in (\S+):(\d+))?$", done.stderr, re.MULTILINE)
    test = {"ran": True, "valid": done.returncode == 0, "message": said[0] if said else "", "file": said[2] if said else None}
    test["line"] = int(said[3]) if said and said[3] else None
    return nginx_record(test=test, files={str(folder / "site"): site})


@pytest.mark.parametrize("directive", ["root /srv/shop", "alias /srv/shop/static/", "expires 30d", "listen 127.0.0.1:8099"])
def test_the_line_without_its_semicolon_is_found_and_the_repair_satisfies_nginx(tmp_path: Path, directive: str) -> None:
    nginx = judged_by_nginx(tmp_path, GOOD.replace(f"{directive};", directive))
    assert nginx["test"]["valid"] is False
    first, second = repair(nginx).splitlines()
    place, text = re.fullmatch(r"In \S+:(\d+) write: (.*)", first).groups()  # type: ignore[union-attr]
    lines = nginx["files"][str(tmp_path / "site")].splitlines()
    lines[int(place) - 1] = text
    assert judged_by_nginx(tmp_path, "\n".join(lines))["test"]["valid"] is True
    assert second == "sudo /usr/sbin/nginx -t && sudo systemctl reload nginx.service"


@pytest.mark.parametrize(
    ("site", "says"),
    [
        (GOOD.replace("server {", ""), "stands in the wrong block: a line with { is missing above it"),
        (GOOD.replace("expires", "expirse"), "correct what the message names. It is: expirse 30d;"),
        (GOOD.replace("root", "include /etc/nginx/none.conf; root"), "Put /etc/nginx/none.conf back, or take the line out that names it, "),
        (GOOD.replace("8099;", "8099 ssl; ssl_certificate /none.pem; ssl_certificate_key /none.key;"), "Put /none.pem there (sudo ls -l "),
    ],
)
def test_other_complaints_are_told_with_the_line(tmp_path: Path, site: str, says: str) -> None:
    nginx = judged_by_nginx(tmp_path, site)
    assert nginx["test"]["valid"] is False
    assert says in repair(nginx)


def test_a_link_that_leads_nowhere_is_removed() -> None:
    test = {
        "ran": True,
        "valid": False,
        "message": '[emerg] open() "/etc/nginx/sites-enabled/old" failed (2: No such file)',
        "file": None,
        "line": None,
    }
    dangling = [{"path": "/etc/nginx/sites-enabled/old", "target": "../sites-available/old"}]
    assert repair(nginx_record(test=test, dangling=dangling)).startswith("sudo rm /etc/nginx/sites-enabled/old   # a link to ../sites-available/old")


def test_lines_that_end_are_not_blamed() -> None:
    assert unterminated(["a b;", "c d;"], 2) is None
    assert unterminated(["a b # why;", "# c", "", "}"], 4) == 1
    assert unterminated(["a b", "c d;", "}"], 3) is None
    assert unterminated([], 7) is None
