#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read nginx's configuration as it is on disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_configuration_info
short_description: Read nginx's configuration as it is on disk, without running nginx -T
version_added: 0.1.0
description:
  - The half of M(webops.django.nginx_route_info) that runs on the target. It reads the files that includes reach from the main file of the
    nginx that runs, or else of the one that is installed.
  - C(nginx -T) as root may make log files and folders and hand them over to the worker. This module changes nothing.
options:
  kinds_of:
    description:
      - Absolute paths. If they are given, it is told what lies there, and nothing else. A list, or its JSON text.
    type: raw
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.attributes.info
author:
  - WebOps (@webops)
seealso:
  - module: webops.django.nginx_route_info
"""

EXAMPLES = r"""
- name: Read nginx's configuration
  webops.django.nginx_configuration_info:
  register: nginx
  become: true

- name: Tell the files that are in effect
  ansible.builtin.debug:
    msg: "{{ (nginx.answer | from_json).files.keys() | list }}"
"""

RETURN = r"""
answer:
  description:
    - JSON text in ASCII, because files may hold bytes that are no UTF-8. An object with C(files) (text by absolute path), C(main), C(prefix),
      C(globals) and C(shortened) (paths of files that were cut, for they are large), or with C(kinds), which tells for each path V(file),
      V(directory), V(other), or an empty string for nothing.
  returned: success
  type: str
"""

import json
import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.nginx_discovery import discover_nginx
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Read the configuration, or tell what lies at paths."""
    # They may be many thousands, and a module's parameters are written into the host's journal unless they count as secrets.
    paths = take_secrets(module, "kinds_of")["kinds_of"]
    if paths is not None:
        return _answer({"kinds": {path: kind_of(path) for path in (json.loads(paths) if isinstance(paths, str) else paths)}})
    found, notes = discover_nginx()
    if not found:
        told = " ".join(note["message"] for note in notes)
        raise ExplainedError(f"There is no nginx on this host; give its configuration as a text. {told}".strip())
    chosen = sorted(found, key=lambda nginx: not nginx["running"])[0]
    return _answer({key: chosen[key] for key in ("files", "main", "prefix", "globals", "shortened")})


def _answer(document: dict[str, t.Any]) -> dict[str, t.Any]:
    return {"changed": False, "answer": json.dumps(document)}


def kind_of(path: str) -> str:
    """Tell what lies at a path, links followed: ``file``, ``directory``, ``other``, or nothing."""
    try:
        if os.path.isdir(path):
            return "directory"
        return "file" if os.path.isfile(path) else "other" if os.path.exists(path) else ""
    except ValueError:
        return ""


def main() -> None:
    """Wire the module."""
    run_module(AnsibleModule(argument_spec={"kinds_of": {"type": "raw", "no_log": True}}, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
