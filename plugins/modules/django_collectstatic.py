#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect a Django project's static files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_collectstatic
short_description: Collect a Django project's static files
version_added: 0.1.0
description:
  - Runs the project's own C(collectstatic) into a staging folder, as the service's user, and publishes the result only when all of it is there.
    A failure leaves the published tree as it was.
  - V(changed) is decided by comparing content, owner and mode of every file, not by what a command printed.
  - Each file is switched by rename, the manifest after the files that it names.
  - Sets owner and modes itself, so that neither the umask nor somebody's earlier run as another user matters.
  - Refuses a destination that is a system folder, a home, the project, MEDIA_ROOT or one of STATICFILES_DIRS.
author:
  - WebOps (@webops)
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.project
attributes:
  check_mode:
    support: full
    details: The files are collected into a temporary folder and compared; the published tree is not touched.
  diff_mode:
    support: full
    details: Lists the names of files that are added, changed and removed.
  idempotent:
    support: full
options:
  dest:
    description:
      - Folder that the files are published in. STATIC_ROOT if it is not given.
      - The project collects there whatever its STATIC_ROOT says.
    type: path
  clear:
    description: Whether files in O(dest) that were not collected are removed, after everything else is in place.
    type: bool
    default: false
  keep_hashed_of:
    description:
      - Other published trees, or folders that hold some, whose hashed files are published as well, as hard links where that is possible.
      - A page that a browser loaded before a deployment asks for the hashed names of its time. Manifests are never merged.
    type: list
    elements: path
    default: []
  owner:
    description: Owner of the published files, by name or number. The user that the module runs as, if it is not given.
    type: str
  group:
    description: Group of the published files, by name or number. The group that the module runs as, if it is not given.
    type: str
  file_mode:
    description: Mode of the published files, as octal digits.
    type: str
    default: '0644'
  folder_mode:
    description: Mode of their folders, as octal digits.
    type: str
    default: '0755'
seealso:
  - module: webops.django.django_static_info
  - name: collectstatic
    description: Django's own documentation of the command.
    link: https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/#collectstatic
"""

EXAMPLES = r"""
- name: Collect the shop's static files into its STATIC_ROOT
  webops.django.django_collectstatic:
    project_path: /srv/shop
    virtualenv: /srv/shop/venv

- name: Collect them as the service's user into a folder that belongs to root
  webops.django.django_collectstatic:
    project_path: /srv/shop
    virtualenv: /srv/shop/venv
    user: shop
    environment_file: /etc/shop.env
    dest: /srv/static/shop
    owner: root
    group: root
    clear: true
"""

RETURN = r"""
dest:
  description: The folder that holds the published files.
  returned: success
  type: str
  sample: /srv/static/shop
files_count:
  description: How many files were collected.
  returned: success
  type: int
added_count:
  description: How many of them were not there before.
  returned: success
  type: int
changed_count:
  description: How many had another content.
  returned: success
  type: int
removed_count:
  description: How many files were removed. Always 0 without O(clear).
  returned: success
  type: int
rights_count:
  description: How many files and folders had only another owner, group or mode.
  returned: success
  type: int
added:
  description: The first 100 names of added files.
  returned: success
  type: list
  elements: str
modified:
  description: The first 100 names of changed files.
  returned: success
  type: list
  elements: str
removed:
  description: The first 100 names of removed files.
  returned: success
  type: list
  elements: str
digest:
  description: One SHA-256 over names and contents of all collected files, so that hosts can be compared.
  returned: success
  type: str
hashed_count:
  description: How many hashed names the manifest gives out. 0 without a manifest.
  returned: success
  type: int
kept_count:
  description: How many hashed files of O(keep_hashed_of) are published besides.
  returned: success
  type: int
hash_lookalikes:
  description: Names that look as if the manifest storage had made them, but that it did not make. They must not be cached for ever.
  returned: success
  type: list
  elements: str
project:
  description: What the project said of itself.
  returned: success
  type: dict
  contains:
    django_version:
      description: Django's version.
      type: str
    settings_module:
      description: Dotted name of the settings module in use.
      type: str
    settings_file:
      description: File of that module.
      type: str
    static_url:
      description: STATIC_URL.
      type: str
    static_root:
      description: STATIC_ROOT as the settings have it.
      type: str
    media_url:
      description: MEDIA_URL.
      type: str
    media_root:
      description: MEDIA_ROOT.
      type: str
    storage:
      description: Class of the storage.
      type: str
    manifest_name:
      description: Name of the manifest, or empty.
      type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils import accounts
from ansible_collections.webops.django.plugins.module_utils.collectstatic import Order, collect
from ansible_collections.webops.django.plugins.module_utils.django_project import PROJECT_OPTIONS, project_from
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights


def rights_from(params: dict[str, t.Any]) -> Rights:
    """Read the rights of the published tree from the module's parameters."""
    return Rights(
        owner=accounts.user_id(params["owner"]) if params["owner"] else os.geteuid(),
        group=accounts.group_id(params["group"]) if params["group"] else os.getegid(),
        file_mode=octal(params["file_mode"], "file_mode"),
        folder_mode=octal(params["folder_mode"], "folder_mode"),
    )


def octal(text: str, option: str) -> int:
    """Read permission bits.

    :raises ExplainedError: the text is not three or four octal digits.
    """
    if not (3 <= len(text) <= 4 and set(text) <= set("01234567")):
        raise ExplainedError(f"{option} is {text!r}; write three or four octal digits in quotes, such as '0644'.")
    return int(text, 8)


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Collect what the parameters name."""
    params = take_secrets(module, "environment")
    project = project_from(params)
    order = Order(
        destination=params["dest"],
        rights=rights_from(params),
        clear=params["clear"],
        keep_manifests=params["keep_manifests"],
        keep_hashed_of=tuple(params["keep_hashed_of"]),
        encodings=tuple(params["precompress"]),
        force=params["force"],
    )
    result = collect(project, order, module.check_mode)
    for warning in (*result.pop("warnings"), *settings_warning(os.environ.get("DJANGO_SETTINGS_MODULE", ""), result["project"]["settings_module"])):
        module.warn(warning)
    return result


def settings_warning(of_task: str, used: str) -> list[str]:
    """Warn of a task whose ``environment`` names other settings than those that were used: django_manage would have taken them."""
    if of_task in ("", used):
        return []
    return [
        f"The task's environment says DJANGO_SETTINGS_MODULE={of_task}, but the files were collected with {used}: this module runs the project with "
        "its service's environment, not with the task's. Write it into settings_module, environment or environment_file."
    ]


def main() -> None:
    """Wire the module."""
    spec = dict(
        PROJECT_OPTIONS,
        dest={"type": "path"},
        clear={"type": "bool", "default": False},
        keep_manifests={"type": "int", "default": 3},
        keep_hashed_of={"type": "list", "elements": "path", "default": []},
        precompress={"type": "list", "elements": "str", "choices": ["gzip", "brotli"], "default": []},
        force={"type": "bool", "default": False},
        owner={"type": "str"},
        group={"type": "str"},
        file_mode={"type": "str", "default": "0644"},
        folder_mode={"type": "str", "default": "0755"},
    )
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
