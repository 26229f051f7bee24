# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response`` as a whole: what is wrong with answers, in its order."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.plugin_utils.stages import response
from ansible_collections.webops.django.tests.unit.support.evidence_documents import NAMES, answer, codes, configuration, nginx, site_of

PROXY = "location / { proxy_pass http://unix:/run/shop.sock; }"


def test_a_healthy_site_has_none() -> None:
    assert response.findings(site_of()) == []


def test_types_come_before_bytes() -> None:
    stale = {"gzip": {"status": 200, "matches": False}}
    answers = [answer(name, content_type="text/plain", encoded=stale) for name in NAMES]
    assert codes(response.findings(site_of(nginx(configuration(http="")), answers=answers))) == ["mime_types_missing", "stale_precompressed"]


def test_what_the_application_answers_is_told_last() -> None:
    answers = [answer(NAMES[0], 302, server="app", location="/login/", matches=False)]
    site = site_of(nginx(configuration(PROXY)), answers=answers, writable={"nginx": {"/var/lib/nginx/proxy": {"writes": False, "error": "EACCES"}}})
    assert codes(response.findings(site)) == ["proxy_temp_not_writable", "app_intercepts_static"]
