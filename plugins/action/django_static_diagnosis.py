# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diagnose a host's static files: ask the target, think here."""

from __future__ import annotations

import json
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.evidence_text import plain
from ansible_collections.webops.django.plugins.plugin_utils import diagnosis_explain, diagnosis_files
from ansible_collections.webops.django.plugins.plugin_utils.browser_console import read_console
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import conclude
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_look import ask_url, merge, next_look
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_options import Options
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_report import report
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_secrets import without_secrets
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import require_parser

MODULE = "webops.django.django_static_evidence"
ROUNDS = 3
"""Looks at most, after the survey: a host is asked four times at most."""


class ActionModule(ActionBase):
    """Gather evidence in a few rounds, conclude, tell."""

    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run on one host."""
        super().run(tmp, task_vars)
        try:
            require_parser()
            options = Options.read(self._task.args)
            return self._diagnose(options, str((task_vars or {}).get("inventory_hostname", "")), task_vars or {})
        except ExplainedError as error:
            # Ansible would say the causes again, each with the sentence.
            raise AnsibleActionFail(str(error), result=error.details) from None

    def _diagnose(self, options: Options, host: str, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        if options.report_dir:
            diagnosis_files.make_folder(options.report_dir)
        # Before any host is asked: nobody shall wait, and then be told of a file that is not there.
        browser = None if options.browser_console is None else read_console(options.browser_console)
        gathered = diagnosis_files.read_evidence(options.evidence) if options.evidence is not None else self._gather(options, task_vars)
        if browser is not None:
            gathered["browser"] = browser
        # What has no secrets cannot tell any: neither on the screen nor in a finding's evidence.
        evidence = without_secrets(gathered)
        result = conclude(evidence, host)
        lines = self._explain(options, evidence) if options.url else report(result)
        returned: dict[str, t.Any] = {"changed": False, **result, "report": lines, "module_runs": self._runs}
        if options.url:
            returned["explanation"] = lines
        if options.report_dir:
            returned["report_path"], returned["evidence_path"] = diagnosis_files.write_report(options.report_dir, result, evidence)
        if options.return_evidence:
            returned["evidence"] = evidence
        if options.show:
            Display().display(plain("\n" + "\n".join(lines) + "\n"))
        return dict(plain(returned))

    _runs = 0

    def _gather(self, options: Options, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        evidence = self._ask({"project": options.project, "trial": options.trial}, task_vars)["evidence"]
        evidence["options"] = options.for_evidence()
        hosts = Hosts(evidence)
        sites = hosts.sites()
        for _round in range(ROUNDS):
            request = next_look(hosts, sites)
            if request is None:
                break
            if options.url and not evidence["look"]:
                ask_url(request, options.url, sites)
            merge(evidence["look"], self._ask({"look": json.dumps(request)}, task_vars)["look"])
        return evidence

    def _ask(self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        self._runs += 1
        result = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=task_vars)
        if result.get("failed") or ("msg" in result and not ({"evidence", "look"} & set(result))):
            raise AnsibleActionFail(result.get("msg", "the module failed"), result=result)
        return dict(result)

    def _explain(self, options: Options, evidence: dict[str, t.Any]) -> list[str]:
        sites = Hosts(evidence).sites()
        return diagnosis_explain.explanation(t.cast("str", options.url), sites)
