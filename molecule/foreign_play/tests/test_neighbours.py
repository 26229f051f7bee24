# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The application in a closed home is styled, and the site that was there before is as it was."""

from __future__ import annotations

import re
import typing as t

SITE = "sample.example.com"


def test_the_admin_is_styled(client: t.Any) -> None:
    page = client.get(SITE, "/admin/login/")
    assert page.status == 200
    style_sheets = re.findall(r'<link[^>]+href="([^"]+\.css)"', page.text)
    assert style_sheets
    for style_sheet in style_sheets:
        assert client.get(SITE, style_sheet).status == 200


def test_the_home_stays_closed(host: t.Any) -> None:
    assert host.file("/var/homes/legacy").mode == 0o750
    assert host.run("runuser --user=www-data -- ls /var/homes/legacy").rc != 0


def test_what_root_had_left_is_kept_beside(host: t.Any) -> None:
    assert host.file("/var/homes/legacy/sample/staticfiles").is_symlink
    kept = [name for name in host.file("/var/homes/legacy/sample").listdir() if name.startswith("staticfiles.before-webops-")]
    assert len(kept) == 1
    assert host.file(f"/var/homes/legacy/sample/{kept[0]}/staticfiles.json").exists


def test_the_other_site_is_as_it_was(client: t.Any) -> None:
    answer = client.get("other.example.com", "/")
    assert (answer.status, answer.text) == (200, "The other site\n")


def test_an_unknown_host_still_gets_the_others_site(client: t.Any) -> None:
    """It was the default server, and it still is, although ours was added."""
    assert client.get("unknown.example.com", "/").text == "The other site\n"
