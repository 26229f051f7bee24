# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines that are pasted into settings."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.static_repairs import collect, new_root, root_line, write

EVIDENCE: dict[str, t.Any] = {"settings_file": "/s/shop/settings.py", "settings_module": "shop.settings", "project_path": "/s", "base_dir": "/s"}


@pytest.mark.parametrize("base", ["/s", "", "/elsewhere"])
@pytest.mark.parametrize("folder", ["/s/staticfiles", '/s/a b/c"d', "/var/www/static/", "/"])
def test_a_root_line_is_python_and_means_the_folder(base: str, folder: str) -> None:
    names: dict[str, t.Any] = {"BASE_DIR": pathlib.Path(base)} if base else {"BASE_DIR": "/s"}
    exec(root_line({**EVIDENCE, "base_dir": base}, folder), names)
    assert pathlib.Path(names["STATIC_ROOT"]) == pathlib.Path(folder)


def test_a_new_root_is_no_source() -> None:
    assert new_root(EVIDENCE) == "/s/staticfiles"
    assert new_root({**EVIDENCE, "sources": [{"path": "/s/staticfiles"}]}) == "/s/collected_static"
    assert new_root({**EVIDENCE, "project_path": ""}) == "/s/staticfiles"


def test_commands_say_how_the_service_collects() -> None:
    assert collect({"collect_command": "python manage.py collectstatic --noinput"}, clear=True).endswith("--noinput --clear")
    assert collect({"collect_command": "webops.django.django_collectstatic: {unit: a}"}, clear=True).endswith("{unit: a}")
    assert write({**EVIDENCE, "settings_file": ""}, "X = 1") == "At the end of shop.settings write: X = 1"
