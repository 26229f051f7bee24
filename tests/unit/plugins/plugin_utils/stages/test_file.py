# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders that are not what they look like."""

from __future__ import annotations

from ansible_collections.webops.django.tests.unit.support.fake_host import NAMES, ROOT, FakeHost, codes, failing, path_record, with_location


def test_a_folder_that_is_a_link_to_static_root_is_right() -> None:
    host = failing(FakeHost(with_location("location /static/ { alias /srv/www/; }"), [f"/srv/www/{name}" for name in NAMES]), 403)
    host.paths["/srv/www"] = path_record("/srv/www", kind="directory", realpath=ROOT)
    for name in NAMES:
        host.paths[f"/srv/www/{name}"] = path_record(f"/srv/www/{name}", realpath=f"{ROOT}/{name}")
    assert "static_root_mismatch" not in codes(host)
