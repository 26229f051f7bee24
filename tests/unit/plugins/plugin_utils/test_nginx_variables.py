# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of nginx."""

from __future__ import annotations

import pytest
from ansible_collections.webops.django.plugins.plugin_utils.nginx_variables import UnknownVariableError, Variables, has_variables


def test_values_are_put_in() -> None:
    uri = ["/a"]
    variables = Variables({"uri": lambda: uri[0], "host": "shop", "args": lambda: "v=1&w=2"})
    variables.set("root", "/srv")
    assert variables.expand("$root$uri-${host}x-$arg_w") == "/srv/a-shopx-2"
    uri[0] = "/b"
    assert variables.expand("$uri") == "/b"


def test_captures_come_from_the_last_pattern() -> None:
    variables = Variables({})
    variables.note({"0": "ab", "1": "a", "name": "b"})
    assert variables.expand("$1$name$2") == "ab"


def test_what_is_not_known_is_said() -> None:
    with pytest.raises(UnknownVariableError, match="geoip_country"):
        Variables({}).expand("$geoip_country")


@pytest.mark.parametrize(("text", "has"), [("/srv/$x", True), ("/srv/${x}", True), ("/srv/x", False), ("/srv/$", False)])
def test_variables_are_seen(text: str, has: bool) -> None:
    assert has_variables(text) is has
