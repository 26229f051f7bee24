#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gather what a diagnosis concludes from."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_static_evidence
short_description: Gather on a host what a diagnosis of its static files concludes from
version_added: 0.1.0
description:
  - The half of M(webops.django.django_static_diagnosis) that runs on the target. It looks, and concludes nothing.
  - Without O(look) it tells who serves here. These are the running nginx with its configuration as it is on disk, its workers and its listening
    sockets, and the application servers with their projects, users and settings.
  - With O(look) it tells what lies at given paths, what nginx's worker may do there, and what given URLs answer.
  - Nothing on the host is changed. Requests that it sends stand in access logs.
  - As root it sees everything. As another user it tells in RV(evidence.notes) what it could not see.
options:
  project:
    description:
      - What is known of the project where discovery finds too little, because nothing runs.
    type: dict
    default: {}
    suboptions:
      project_path:
        description: Folder that holds the project's C(manage.py).
        type: path
      python:
        description: The project's interpreter.
        type: path
      settings_module:
        description: Dotted name of the settings module.
        type: str
        default: ''
      user:
        description: User that the project's code is run as.
        type: str
      environment_file:
        description: File with the service's environment variables, in the format of systemd's C(EnvironmentFile=).
        type: path
  trial:
    description:
      - Whether collectstatic is tried where the collected tree has gaps, to learn whether it fails. It collects into a temporary folder
        which is removed again.
    type: bool
    default: true
  look:
    description:
      - What to look at, as M(webops.django.django_static_diagnosis) asks for it. A dictionary, or its JSON text.
    type: raw
  as_text:
    description:
      - Whether the answer is returned as JSON text in RV(answer), in ASCII. Ansible refuses results with bytes that are no UTF-8, as file names and
        configurations of old servers have them; in the text they are escaped.
    type: bool
    default: false
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.attributes.info
author:
  - WebOps (@webops)
seealso:
  - module: webops.django.django_static_diagnosis
"""

EXAMPLES = r"""
- name: Who serves on this host
  webops.django.django_static_evidence:
  register: host

- name: Tell the applications and their settings
  ansible.builtin.debug:
    msg: "{{ item.id }} runs {{ item.settings_module }} as {{ item.user }}"
  loop: "{{ host.evidence.applications }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
evidence:
  description:
    - What was seen, without values of environment variables. Its parts are described in U(https://github.com/webops/django/blob/main/docs/diagnose.md).
  returned: without O(look) and O(as_text)
  type: dict
  contains:
    notes:
      description: What could not be seen, and what is needed for it.
      type: list
      elements: dict
    nginx:
      description: Each nginx that runs, or the one that is installed.
      type: list
      elements: dict
    applications:
      description: Each Django application that runs, or that was named in O(project).
      type: list
      elements: dict
    host:
      description: The host's name, its addresses, and what confines its processes.
      type: dict
look:
  description: What was seen at the paths and URLs that were asked for.
  returned: with O(look), without O(as_text)
  type: dict
answer:
  description: The same as JSON text.
  returned: with O(as_text)
  type: str
"""

import json
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.errors import run_module
from ansible_collections.webops.django.plugins.module_utils.evidence_look import look
from ansible_collections.webops.django.plugins.module_utils.evidence_survey import survey
from ansible_collections.webops.django.plugins.module_utils.evidence_text import plain
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets

PROJECT: dict[str, t.Any] = {
    "project_path": {"type": "path"},
    "python": {"type": "path"},
    "settings_module": {"type": "str", "default": ""},
    "user": {"type": "str"},
    "environment_file": {"type": "path"},
}


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Look."""
    # It may be megabytes, and Ansible writes a module's parameters into the host's journal, unless they count as secrets.
    params = take_secrets(module, "look")
    request = params["look"]
    if request is not None:
        answer = {"look": look(json.loads(request) if isinstance(request, str) else request)}
    else:
        answer = {"evidence": survey(dict(params["project"], trial=params["trial"]))}
    return dict({"answer": json.dumps(answer)} if params["as_text"] else plain(answer), changed=False)


def main() -> None:
    """Wire the module."""
    spec = {
        "project": {"type": "dict", "default": {}, "options": PROJECT},
        "trial": {"type": "bool", "default": True},
        "look": {"type": "raw", "no_log": True},
        "as_text": {"type": "bool", "default": False},
    }
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
