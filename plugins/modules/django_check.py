#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a Django project's system checks and import its application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_check
short_description: Run a Django project's system checks and import its application
version_added: 0.1.0
description:
  - Runs the checks of C(manage.py check --deploy) and returns their messages as data.
  - Imports the WSGI or ASGI application, so that a project whose application does not import is known before a server runs it.
  - Fails on messages of the level that O(fail_level) names, and on an application that does not import.
author:
  - WebOps (@webops)
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.attributes.info
  - webops.django.project
options:
  application:
    description: Dotted path of the application that the server will run, such as C(shop.wsgi.application). Not imported if empty.
    type: str
    default: ''
  fail_level:
    description: The lowest level of message that fails.
    type: str
    choices: [warning, error, critical]
    default: error
seealso:
  - module: webops.django.django_static_info
"""

EXAMPLES = r"""
- name: Check the shop before it is deployed
  webops.django.django_check:
    project_path: /srv/shop
    virtualenv: /srv/shop/venv
    user: shop
    environment_file: /etc/shop.env
    application: shop.wsgi.application
  register: shop_check
"""

RETURN = r"""
messages:
  description: What the checks said. Silenced messages are not among it.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Django's identifier of the message.
      type: str
      sample: security.W004
    level:
      description: V(debug), V(info), V(warning), V(error) or V(critical).
      type: str
      sample: warning
    message:
      description: The message.
      type: str
    hint:
      description: Django's hint, if it gives one.
      type: str
    object:
      description: What the message is about, if anything.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.django_project import PROJECT_OPTIONS, ask, project_from
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets

LEVELS = ("debug", "info", "warning", "error", "critical")


def judge(messages: list[dict[str, t.Any]], fail_level: str) -> list[dict[str, t.Any]]:
    """Return the messages that are not silenced.

    :raises ExplainedError: one of them is at least of the failing level.
    """
    heard = [{key: value for key, value in message.items() if key != "silenced"} for message in messages if not message["silenced"]]
    failing = [message for message in heard if message["level"] not in LEVELS or LEVELS.index(message["level"]) >= LEVELS.index(fail_level)]
    if failing:
        first = "; ".join(f"{message['id'] or message['level']}: {message['message']}" for message in failing[:5])
        raise ExplainedError(f"Django's system checks found {len(failing)} fault(s): {first}", messages=heard)
    return heard


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Ask and judge."""
    reply = ask(project_from(take_secrets(module, "environment")), "check", application=module.params["application"])
    return {"changed": False, "messages": judge(reply["messages"], module.params["fail_level"])}


def main() -> None:
    """Wire the module."""
    spec = dict(
        PROJECT_OPTIONS,
        application={"type": "str", "default": ""},
        fail_level={"type": "str", "choices": ["warning", "error", "critical"], "default": "error"},
    )
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
