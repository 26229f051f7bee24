# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow URLs through nginx's configuration: the files come from the target, the thinking is done here."""

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.evidence_text import plain
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import read_configuration, require_parser
from ansible_collections.webops.django.plugins.plugin_utils.nginx_route_report import check_client, check_urls, configuration_of, follow

MODULE = "webops.django.nginx_configuration_info"
SPEC: dict[str, t.Any] = {
    "urls": {"type": "list", "elements": "str", "required": True},
    "configuration": {"type": "str"},
    "address": {"type": "str"},
    "port": {"type": "int"},
    "client": {"type": "str"},
}


class ActionModule(ActionBase):
    """Reads, follows, tells."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run on one host."""
        super().run(tmp, task_vars)
        try:
            require_parser()
            return dict(plain(self._follow(self._options(), task_vars or {})))
        except ExplainedError as error:
            raise AnsibleActionFail(str(error), result=error.details) from None

    def _options(self) -> dict[str, t.Any]:
        checked = ArgumentSpecValidator(SPEC).validate(self._task.args)
        if checked.error_messages:
            raise ExplainedError(f"nginx_route_info: {'; '.join(checked.error_messages)}.")
        options = dict(checked.validated_parameters)
        check_urls(options["urls"])
        check_client(options["client"])
        return options

    def _follow(self, options: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if options["configuration"]:
            configuration = configuration_of(options["configuration"])
        else:
            host = self._ask({}, task_vars)
            configuration = read_configuration(host["files"], host["main"], host["prefix"], host["globals"], host["shortened"])

        def look(paths: list[str]) -> dict[str, str]:
            return dict(self._ask({"kinds_of": json.dumps(paths)}, task_vars)["kinds"])

        routes = follow(configuration, options["urls"], options["address"], options["port"], look, options["client"])
        return {"changed": False, "routes": routes, "main": configuration.main}

    def _ask(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        result = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        if "answer" not in result:
            told = result.get("msg") or result.get("exception") or result.get("module_stderr") or "it gave no answer"
            raise AnsibleActionFail(str(told).strip(), result=result)
        return dict(json.loads(result["answer"]))
