#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a Django project's migrations."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_migrate
short_description: Apply a Django project's migrations
version_added: 0.1.0
description:
  - Asks Django which migrations the database lacks, and applies them only if there are any.
  - V(changed) is what the database lacked, not what a command printed.
author:
  - WebOps (@webops)
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.project
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  database:
    description: Alias of the database, as in the setting DATABASES.
    type: str
    default: default
seealso:
  - module: webops.django.django_check
"""

EXAMPLES = r"""
- name: Bring the shop's database up to date
  webops.django.django_migrate:
    project_path: /srv/shop
    virtualenv: /srv/shop/venv
    user: shop
    environment_file: /etc/shop.env
"""

RETURN = r"""
pending:
  description: The migrations that the database lacked before, in their order.
  returned: success
  type: list
  elements: str
  sample: [auth.0001_initial]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.django_project import PROJECT_OPTIONS, ask, project_from
from ansible_collections.webops.django.plugins.module_utils.errors import run_module
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Ask for the pending migrations and, outside of check mode, apply them."""
    reply = ask(project_from(take_secrets(module, "environment")), "migrations", database=module.params["database"], apply=not module.check_mode)
    return {"changed": bool(reply["pending"]), "pending": reply["pending"]}


def main() -> None:
    """Wire the module."""
    spec = dict(PROJECT_OPTIONS, database={"type": "str", "default": "default"})
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
