# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin says what the plugin takes and returns."""

from __future__ import annotations

import yaml
from ansible_collections.webops.django.plugins.action.nginx_route_info import SPEC
from ansible_collections.webops.django.plugins.modules import nginx_route_info as documented
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route import Route
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route_report import told_of


def test_the_options_are_those_of_the_plugin() -> None:
    options = yaml.safe_load(documented.DOCUMENTATION)["options"]
    assert {name: (option["type"], option.get("required", False)) for name, option in options.items()} == {
        name: (option["type"], option.get("required", False)) for name, option in SPEC.items()
    }


def test_what_a_route_holds_is_documented() -> None:
    assert set(yaml.safe_load(documented.RETURN)["routes"]["contains"]) == set(told_of("http://a/", Route()))
