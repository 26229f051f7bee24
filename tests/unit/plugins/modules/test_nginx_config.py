# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_config: the module as a play runs it. What it decides is tested with module_utils/nginx_change."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.module_utils.common.yaml import yaml_load
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.modules import nginx_config
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer
from ansible_collections.webops.django.tests.unit.support.run_module import run_module


def test_check_do_again_and_refuse(tmp_path: Path) -> None:
    """The four steps, with a diff, and a refusal in one sentence."""
    server = NginxServer(tmp_path)
    arguments = {
        "files": [{"path": "shop.conf", "content": f"server {{ listen 127.0.0.1:{server.port}; }}\n"}],
        "config": str(server.config),
        "folders": [f"{server.etc}/sites-enabled"],
        "mode": "0640",
    }
    path = server.etc / "sites-enabled" / "shop.conf"
    assert run_module("nginx_config", arguments, "--check")["changed"] and not path.exists()
    done = run_module("nginx_config", arguments, "--diff")
    assert done["changed"] and path.stat().st_mode & 0o777 == 0o640 and done["files"] == [str(path)]
    for options in ((), ("--check",)):
        assert not run_module("nginx_config", arguments, *options)["changed"]
    arguments["files"] = [{"path": "shop.conf", "content": "serve {}"}]
    failed = run_module("nginx_config", arguments)
    assert "nginx refuses the new configuration; nothing was changed. It says:" in failed["msg"] and "exception" not in failed
    assert path.read_text().startswith("server")


def test_mode() -> None:
    """An octal number as a string; anything else is explained."""
    assert nginx_config.octal("0640") == 0o640
    with pytest.raises(ExplainedError, match='mode is "u=rw", but must be an octal number'):
        nginx_config.octal("u=rw")


def test_documentation_agrees_with_the_options() -> None:
    """Names, types, defaults and choices."""
    documented = yaml_load(nginx_config.DOCUMENTATION)["options"]
    assert documented.keys() == nginx_config.ARGUMENTS.keys()
    for name, option in nginx_config.ARGUMENTS.items():
        assert {key: documented[name].get(key) for key in ("type", "default", "choices", "elements")} == {
            key: option.get(key) for key in ("type", "default", "choices", "elements")
        }
