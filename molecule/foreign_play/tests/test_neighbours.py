# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The deployed site answers, and the site that was there before still does."""

from __future__ import annotations

import typing as t


def test_the_site_is_served(client: t.Any) -> None:
    assert client.get("sample.example.com", "/admin/login/").status == 200


def test_the_other_site_is_still_served(client: t.Any) -> None:
    answer = client.get("other.example.com", "/")
    assert (answer.status, answer.text) == (200, "The other site\n")


def test_the_default_server_is_still_the_old_one(client: t.Any) -> None:
    assert client.get("unknown.example.com", "/").text == "The other site\n"
