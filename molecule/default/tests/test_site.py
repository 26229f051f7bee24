# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site answers: its page, the admin's login page, and the style sheets that this page names."""

from __future__ import annotations

import re
import typing as t

SITE = "sample.example.com"


def test_the_first_page_is_served(client: t.Any) -> None:
    assert client.get(SITE, "/").status == 200


def test_the_admin_is_styled(client: t.Any) -> None:
    page = client.get(SITE, "/admin/login/")
    assert page.status == 200
    style_sheets = re.findall(r'<link[^>]+href="([^"]+\.css)"', page.text)
    assert style_sheets
    for style_sheet in style_sheets:
        answer = client.get(SITE, style_sheet)
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (200, "text/css")


def test_an_unknown_host_is_not_shown_the_site(client: t.Any) -> None:
    try:
        answer = client.get("unknown.example.com", "/")
    except ConnectionError:
        return  # closed without an answer: refused
    assert answer.status >= 400
