# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters as Ansible calls them; what they decide is tested beside plugin_utils/settings_overlay.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.webops.django.plugins.filter.settings_overlay import FilterModule, plain

EVIDENCE = {
    "settings_module": "shop.settings",
    "settings_file": "/s/shop/settings.py",
    "debug": True,
    "allowed_hosts": [],
    "secret_key": "insecure",
    "static_root": "/s/static",
    "staticfiles_installed": True,
}


def test_the_decision_becomes_a_module() -> None:
    """Both filters, one after the other."""
    decide, write = FilterModule().filters()["settings_overlay"], FilterModule().filters()["settings_module"]
    overlay = decide(EVIDENCE, "/s", ["shop.example.com"], {"TIME_ZONE": "UTC"}, "")
    assert overlay["needed"]
    text = write(overlay, "shop.settings", "/s/key")
    assert "DEBUG = False\n" in text
    assert "ALLOWED_HOSTS = ['shop.example.com']\n" in text
    assert "TIME_ZONE = 'UTC'\n" in text
    assert "open('/s/key'" in text


def test_values_that_ansible_has_marked_are_written_plainly() -> None:
    """Ansible's own kinds of strings and dicts have another repr()."""
    templar = Templar(loader=DataLoader(), variables={"a": {"b": [trust_as_template("{{ 'x' }}"), 1, True, None]}})
    value: t.Any = templar.template(trust_as_template("{{ a }}"))
    assert repr(plain(value)) == "{'b': ['x', 1, True, None]}"


@pytest.mark.parametrize("name", ["time_zone", "A-B", "1A", "A B"])
def test_a_name_that_is_no_setting_is_refused(name: str) -> None:
    """It would be ignored, or worse, be code."""
    with pytest.raises(AnsibleFilterError, match="upper case"):
        FilterModule().filters()["settings_overlay"](EVIDENCE, "/s", [], {name: 1}, "")


def test_a_value_that_is_no_plain_one_is_refused() -> None:
    """Such as a set."""
    with pytest.raises(AnsibleFilterError, match="write strings, numbers"):
        plain({"A": {1, 2}})
