# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collected tree, by the side of what nginx does with it."""

from __future__ import annotations

from ansible_collections.webops.django.tests.unit.support.fake_host import FakeHost, codes, failing, path_record, sample, site_of, with_location


def test_two_faults_are_named_in_one_run() -> None:
    host = FakeHost(with_location("location /static/ { alias /srv/shop/static; }"))
    host.application["static"].update(tree=dict(host.application["static"]["tree"], is_empty=True, exists=False))
    host.application["sample"] = sample(state="missing")
    host.files = set()
    assert codes(failing(host)) == ["collectstatic_not_run", "alias_missing_trailing_slash"]


def test_a_root_that_is_a_link_to_nowhere_was_collected_elsewhere() -> None:
    host = FakeHost()
    host.application["static"].update(tree=dict(host.application["static"]["tree"], is_empty=True, exists=False))
    host.application["sample"] = sample(state="missing")
    host.files = set()
    chain = [{"path": "/srv/shop/static", "link": "current", "mode": "0777"}, {"path": "/srv/shop/current", "link": "release2", "mode": "0777"}]
    host.paths["/srv/shop/static"] = path_record("/srv/shop/static", exists=False, chain=chain)
    (found, *rest) = site_of(failing(host))["findings"]
    assert (found["code"], found["evidence"]["target"], rest) == ("symlink_broken", "release2", [])


def test_whitenoise_serves_every_file_and_pages_fail_for_want_of_the_manifest() -> None:
    """A storage with a manifest was switched on, and nothing was collected since: the old files are served, and every page is an error."""
    host = FakeHost(with_location(""), whitenoise=True, manifest_name="staticfiles.json")
    host.application["static"]["manifest"] = {"path": "/srv/shop/static/staticfiles.json", "exists": False, "error": "", "hash": "", "names_count": 0}
    assert codes(host) == []
    host.pages = [{"site": "shop", "url": "http://shop.example.com/", "status": 500, "references": []}]
    site = site_of(host)
    assert ([found["code"] for found in site["findings"]], site["verdict"]) == (["collectstatic_stale"], "not_served")
