#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell who listens on TCP ports."""

from __future__ import annotations

DOCUMENTATION = r"""
module: port_info
short_description: Tell who listens on TCP ports
version_added: 0.1.0
description:
  - Names the process, its user and its systemd unit for each socket that listens on one of the given ports.
  - Reads C(/proc) only. A process of another user is seen by root alone; without that right its socket is listed without a process.
options:
  ports:
    description: The ports.
    type: list
    elements: int
    required: true
  address:
    description: Only sockets that take connections to this address. A socket of all addresses (V(0.0.0.0), V(::)) does.
    type: str
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.attributes.info
author:
  - WebOps (@webops)
"""

EXAMPLES = r"""
- name: See who holds the web's port
  webops.django.port_info:
    ports: [80]
  register: web_port

- name: Tell
  ansible.builtin.debug:
    msg: "{{ web_port.listeners | map(attribute='command') | unique }}"
"""

RETURN = r"""
listeners:
  description: The listening sockets, by port and address.
  returned: success
  type: list
  elements: dict
  contains:
    port:
      description: The port.
      type: int
    address:
      description: The address it is bound to.
      type: str
    pid:
      description: The oldest of the processes that hold the socket; null where none can be seen.
      type: int
    command:
      description: The process's name.
      type: str
    user:
      description: The process's user.
      type: str
    unit:
      description: The process's systemd unit; empty where it has none.
      type: str
  sample:
    - {port: 80, address: 0.0.0.0, pid: 812, command: nginx, user: root, unit: nginx.service}
ipv6:
  description: Whether an interface of this host has an IPv6 address.
  returned: success
  type: bool
  sample: true
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.errors import run_module
from ansible_collections.webops.django.plugins.module_utils.processes import EVERYWHERE, has_ipv6, listeners


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Return the module's return values."""
    address = module.params["address"]
    found = [item for item in listeners(module.params["ports"]) if address is None or item.address in (address, *EVERYWHERE)]
    return {"changed": False, "listeners": [item._asdict() for item in found], "ipv6": has_ipv6()}


def main() -> None:
    """Wire options and work."""
    arguments = {"ports": {"type": "list", "elements": "int", "required": True}, "address": {"type": "str"}}
    run_module(AnsibleModule(arguments, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
