# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets stay out of a module's report of its own call."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets


def test_values_are_taken_and_do_not_garble(capsys: pytest.CaptureFixture[str]) -> None:
    with patch_module_args({"environment": {"A": "1", "B": "long secret"}, "other": None}):
        module = AnsibleModule({"environment": {"type": "dict", "no_log": True}, "other": {"type": "dict", "no_log": True}})
        params = take_secrets(module, "environment", "other")
        assert params == {"environment": {"A": "1", "B": "long secret"}, "other": None}
        with pytest.raises(SystemExit):
            module.exit_json(id="3f1")
    told = json.loads(capsys.readouterr().out)
    assert told["id"] == "3f1"
    assert "long secret" not in json.dumps(told)
