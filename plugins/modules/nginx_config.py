#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change nginx's configuration as a whole or not at all."""

from __future__ import annotations

DOCUMENTATION = r"""
module: nginx_config
short_description: Change nginx's configuration as a whole or not at all
version_added: 0.1.0
description:
  - Writes and removes files of nginx's configuration. The whole configuration is tested with the new files B(before) they are live,
    in a copy of the configuration elsewhere; nothing is written where nginx refuses it.
  - After writing, nginx is asked whether the files are in effect; where they are not, everything is put back.
  - Does not reload nginx, but tells whether that is needed. It is so as well where an earlier run was killed between writing and reloading.
  - Refuses a port that another program holds, a host name that another server block already answers for (nginx would only warn and
    ignore the later one), and a file that no include reaches.
options:
  files:
    description: The files to be written, in this order.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The file. A mere name is put into the first of O(folders) that nginx reads, and is removed from the others.
        type: path
        required: true
      content:
        description: What the file shall hold.
        type: str
        required: true
      default_for:
        description:
          - An address as C(listen) has it, such as V(80) or V([::]:80). The file is a catch-all for it, written only where no
            server block of somebody else listens on this address, for the first of these is the default server already. It is
            removed where one does. See O(default_server).
        type: str
  absent:
    description: Files and links that shall not be there.
    type: list
    elements: path
    default: []
  mode:
    description: Permissions of the files, an octal number as a string.
    type: str
    default: "0644"
  nginx:
    description: nginx's program. By default the one in E(PATH) or C(/usr/sbin).
    type: path
  config:
    description: The main file of the configuration.
    type: path
    default: /etc/nginx/nginx.conf
  ports:
    description: TCP ports on which these files listen. Refused before anything is written where another program than nginx listens on one.
    type: list
    elements: int
    default: []
  folders:
    description: Folders for files that are given by a mere name; the first that the C(http) block includes is taken.
    type: list
    elements: path
    default: [/etc/nginx/sites-enabled, /etc/nginx/conf.d]
  default_server:
    description:
      - What becomes of files with O(files[].default_for).
      - V(auto) writes them where nobody else has a default server. Debian's welcome site does not count, as long as nobody
        changed it or put pages into its folder; the link that enables it is removed with the first such file.
      - V(refuse) writes them in any case, and fails where somebody else's server block says C(default_server).
      - V(keep) neither writes nor removes them, nor Debian's welcome site.
    type: str
    choices: [auto, refuse, keep]
    default: auto
  loaded:
    description:
      - Wait up to 10 seconds until nginx runs with the configuration that is on disk, and fail with the last line of its error log otherwise.
      - For use after a reload, which returns without telling whether nginx took the configuration.
    type: bool
    default: false
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
attributes:
  check_mode:
    support: full
    details: Tests the new configuration, too. Where nginx is not installed yet, tells what would be written.
  diff_mode:
    support: full
    details: Each side of a file is cut at 64 KiB.
  idempotent:
    support: full
author:
  - WebOps (@webops)
"""

EXAMPLES = r"""
- name: Serve a site
  webops.django.nginx_config:
    files:
      - path: shop.conf
        content: |
          server {
              listen 80;
              server_name shop.example;
              root /srv/shop;
          }
    ports: [80]
  register: shop_nginx

- name: Reload nginx
  ansible.builtin.systemd_service:
    name: nginx
    state: reloaded
  when: shop_nginx.reload_needed
"""

RETURN = r"""
files:
  description: The files that shall be there, in effect.
  returned: success
  type: list
  elements: str
  sample: [/etc/nginx/sites-enabled/shop.conf]
installed:
  description: Whether nginx is installed. Can be false in check mode only.
  returned: success
  type: bool
  sample: true
running:
  description: Whether nginx runs.
  returned: success
  type: bool
  sample: true
reload_needed:
  description: Whether nginx runs with an older configuration than the one on disk.
  returned: success
  type: bool
  sample: false
listener:
  description: Who holds a port, where that was refused; see M(webops.django.port_info).
  returned: a port is in use by another program
  type: dict
  sample: {port: 80, address: 0.0.0.0, pid: 812, command: apache2, user: root, unit: apache2.service}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.nginx_change import File, Request, change_configuration

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "files": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "path", "required": True},
            "content": {"type": "str", "required": True},
            "default_for": {"type": "str"},
        },
    },
    "absent": {"type": "list", "elements": "path", "default": []},
    "mode": {"type": "str", "default": "0644"},
    "nginx": {"type": "path"},
    "config": {"type": "path", "default": "/etc/nginx/nginx.conf"},
    "ports": {"type": "list", "elements": "int", "default": []},
    "folders": {"type": "list", "elements": "path", "default": ["/etc/nginx/sites-enabled", "/etc/nginx/conf.d"]},
    "default_server": {"type": "str", "choices": ["auto", "refuse", "keep"], "default": "auto"},
    "loaded": {"type": "bool", "default": False},
}


def octal(mode: str) -> int:
    """Return permission bits.

    :raises ExplainedError: the text is no octal number.
    """
    try:
        return int(mode, 8)
    except ValueError as error:
        raise ExplainedError(f'mode is "{mode}", but must be an octal number as a string, such as "0644".') from error


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Hand the options on."""
    options = dict(module.params, mode=octal(module.params["mode"]), files=[File(**file) for file in module.params["files"]])
    return change_configuration(Request(check_mode=module.check_mode, **options))


def main() -> None:
    """Wire options and work."""
    run_module(AnsibleModule(ARGUMENTS, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
