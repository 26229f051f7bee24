# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading nginx's configuration on the target."""

from __future__ import annotations

import json
import os
import pathlib

from ansible_collections.webops.django.tests.unit.support.django_projects import run_module
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer


def test_what_lies_at_paths_is_told(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.css").write_text("a")
    (tmp_path / "link").symlink_to("a.css")
    (tmp_path / "gone").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    paths = [str(tmp_path / name) for name in ("a.css", "link", "gone", "pipe", "none")] + [str(tmp_path), "a\0b"]
    kinds = json.loads(run_module("nginx_configuration_info", kinds_of=json.dumps(paths))["answer"])["kinds"]
    assert list(kinds.values()) == ["file", "file", "", "other", "", "directory", ""]
    assert json.loads(run_module("nginx_configuration_info", kinds_of=paths[:1])["answer"])["kinds"] == {paths[0]: "file"}


def test_the_files_are_those_that_are_in_effect(tmp_path: pathlib.Path) -> None:
    """Of an nginx that runs here, whichever it is."""
    with NginxServer(tmp_path / "nginx"):
        result = run_module("nginx_configuration_info", check_mode=True)
    answer = json.loads(result["answer"])
    assert result["changed"] is False
    assert answer["main"] in answer["files"]
