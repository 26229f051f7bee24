# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options, and sentences for wrong ones."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_options import Options


def test_nothing_is_needed() -> None:
    options = Options.read({"project_path": "", "base_url": None})
    assert (options.project, options.base_url, options.trial, options.show) == ({}, None, True, False)
    assert options.for_evidence() == {"base_url": None, "base_url_host": None, "pages": None}


def test_what_is_given_is_handed_on() -> None:
    options = Options.read(
        {"project_path": "/srv/shop", "python": "/srv/shop/venv/bin/python", "base_url": "https://shop.example.com:8443/sub/", "show": "yes"}
    )
    assert options.project == {"project_path": "/srv/shop", "python": "/srv/shop/venv/bin/python"}
    assert options.for_evidence()["base_url_host"] == "shop.example.com"
    assert options.show is True


@pytest.mark.parametrize("url", ["shop.example.com", "ftp://shop.example.com/", "https://", "http://a:b/", "http://[::1/", "http://x:0/"])
def test_a_wrong_base_url_is_told(url: str) -> None:
    with pytest.raises(ExplainedError, match="is no URL of a site; write one such as"):
        Options.read({"base_url": url})


@pytest.mark.parametrize("arguments", [{"projekt_path": "/srv"}, {"trial": "maybe"}])
def test_wrong_options_are_told(arguments: dict[str, str]) -> None:
    with pytest.raises(ExplainedError, match="django_static_diagnosis: "):
        Options.read(arguments)
