# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``: static files that come through a proxy which has no room for them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.stages import response
from ansible_collections.webops.django.tests.unit.support.evidence_documents import (
    NAMES,
    STATIC,
    answer,
    application,
    codes,
    configuration,
    nginx,
    site_of,
    static,
)

FOLDER = "/var/lib/nginx/proxy"
PROXY = "location / { proxy_pass http://unix:/run/shop.sock; %s }"
CLOSED = {"writes": False, "error": "EACCES", "refused_at": FOLDER, "refused_what": "write", "note": ""}
OPEN = {"writes": True, "error": "", "refused_at": None}
LINE = f'2026/01/01 [crit] 7#7: *1 open() "{FOLDER}/1/00/0000000001" failed (13: Permission denied) while reading upstream, client: 192.0.2.9'


def site_with(
    folder: dict[str, t.Any] | None = None,
    options: str = "",
    locations: str = PROXY,
    answers: t.Sequence[dict[str, t.Any]] = (),
    logs: t.Sequence[str] = (),
    at: str = FOLDER,
) -> t.Any:
    """A site whose application serves its files itself, through nginx."""
    files = configuration(locations % options if "%s" in locations else locations)
    got = [*answers, *(answer(name, server="app") for name in NAMES if f"{STATIC}{name}" not in {item["url"] for item in answers})]
    writable = {"nginx": {at: folder}} if folder else {}
    return site_of(nginx(files), application(static(whitenoise=True)), got, writable=writable, logs=list(logs))


def test_a_folder_that_the_worker_cannot_write_is_named() -> None:
    """Case 089, also before a large body comes by."""
    found = response.findings(site_with(CLOSED))
    assert codes(found) == ["proxy_temp_not_writable"]
    assert f"sudo chown -R www-data {FOLDER}" in found[0]["fix"]
    assert "proxy_max_temp_file_size 0;" in found[0]["fix"]


def test_a_cut_body_and_a_line_of_the_log_prove_it_as_well() -> None:
    """A folder below is another's, so that the folder itself can be written."""
    cut = answer("shop/app.js", complete=False, matches=False, length=70000, server="app")
    found = response.findings(site_with(OPEN, answers=[cut], logs=["x", LINE]))
    assert codes(found) == ["proxy_temp_not_writable"]
    assert "was cut after 70000 bytes" in found[0]["message"]
    assert found[0]["evidence"]["log"] == LINE
    assert found[0]["urls"] == [f"{STATIC}shop/app.js"]


@pytest.mark.parametrize(
    ("folder", "options", "logs"),
    [
        (OPEN, "", []),
        (None, "", []),
        ({"writes": None, "error": None}, "", []),
        (OPEN, "", [LINE]),
        (CLOSED, "proxy_buffering off;", []),
        (CLOSED, "proxy_max_temp_file_size 0;", []),
    ],
)
def test_a_proxy_that_needs_no_folder_or_has_one_is_no_finding(folder: dict[str, t.Any] | None, options: str, logs: list[str]) -> None:
    """An old line of a log is no proof."""
    assert response.findings(site_with(folder, options, logs=logs)) == []


def test_files_that_nginx_opens_itself_need_no_folder() -> None:
    """Only pages come through the proxy."""
    site = site_of(writable={"nginx": {FOLDER: CLOSED}})
    assert response.findings(site) == []


def test_a_folder_of_its_own_is_judged() -> None:
    """Of the directive, or of another protocol's module; a folder above it may be the closed one."""
    own = {"writes": False, "error": "EACCES", "refused_at": "/data", "refused_what": "search"}
    found = response.findings(site_with(own, "proxy_temp_path /data/temp 1 2;", at="/data/temp"))
    assert codes(found) == ["proxy_temp_not_writable"]
    assert found[0]["fix"].startswith("sudo chmod o+x /data\n")
    uwsgi = "location / { uwsgi_pass unix:/run/shop.sock; uwsgi_temp_path /data/uwsgi; }"
    found = response.findings(site_with(CLOSED, locations=uwsgi, at="/data/uwsgi"))
    assert codes(found) == ["proxy_temp_not_writable"]
    assert "uwsgi_max_temp_file_size 0;" in found[0]["fix"]


def test_a_full_disk_is_told_as_one() -> None:
    """An owner does not help there."""
    found = response.findings(site_with({"writes": False, "error": "ENOSPC", "refused_at": None}))
    assert f"df -h {FOLDER}" in found[0]["fix"]
