# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin says what the plugin takes and returns."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible_collections.webops.django.plugins.modules import django_static_diagnosis as documented
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_options import SPEC
from ansible_collections.webops.django.tests.unit.support.fake_host import FakeHost, site_of

TOLD = yaml.safe_load(documented.DOCUMENTATION)


def test_the_options_are_those_of_the_plugin() -> None:
    assert set(TOLD["options"]) == set(SPEC)


@pytest.mark.parametrize("name", SPEC)
def test_types_and_defaults_agree(name: str) -> None:
    option: dict[str, t.Any] = TOLD["options"][name]
    assert (option["type"], option.get("elements"), option.get("default")) == (
        SPEC[name]["type"],
        SPEC[name].get("elements"),
        SPEC[name].get("default"),
    )


def test_what_a_site_holds_is_documented() -> None:
    assert set(yaml.safe_load(documented.RETURN)["sites"]["contains"]) == set(site_of(FakeHost()))
