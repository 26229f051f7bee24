# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site knows of paths and URLs."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.finding import finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts, fill_targets
from ansible_collections.webops.django.tests.unit.support.fake_host import FakeHost, path_record


def view(host: FakeHost) -> SiteView:
    site = Hosts(host.evidence()).sites()[0]
    fill_targets(site)
    return site


def test_links_are_resolved_as_far_as_they_are_known() -> None:
    site = view(FakeHost())
    site.evidence["look"]["paths"] = {"/srv/www": path_record("/srv/www", kind="directory", realpath="/srv/shop")}
    assert site.real("/srv/www/static/a/../b.css") == "/srv/shop/static/b.css"
    assert site.same("/srv/www/static/", "/srv/shop/static")
    assert not site.same("/srv/www", "/srv/other")
    assert not site.same("", "")


def test_what_was_not_looked_at_is_not_known() -> None:
    site = view(FakeHost())
    site.evidence["look"]["paths"] = {}
    assert (site.exists("/srv"), site.worker("/srv"), site.path("/srv"), site.real("/srv")) == (None, None, None, "/srv")


def test_a_url_is_blamed_on_the_first_finding_that_explains_it() -> None:
    site = view(FakeHost())
    url = site.targets[0].url
    site.take([dict(finding("csp", "page", "m", "f", {}), urls=[url]), dict(finding("mixed_content", "page", "m", "f", {}), urls=[url])])
    assert (site.blamed(url), site.blame[url], site.blamed(site.targets[1].url)) == (True, "csp", False)


def test_a_target_is_served_only_with_the_right_bytes_and_all_of_them() -> None:
    (target, *_rest) = view(FakeHost()).targets
    assert target.answer is not None
    assert target.served
    assert not target._replace(answer={**target.answer, "matches": False}).served
    assert not target._replace(answer={**target.answer, "complete": False}).served
    assert not target._replace(answer={**target.answer, "status": 404}).served
    assert not target._replace(answer=None).served
