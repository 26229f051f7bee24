#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a service by systemd, or leave it as it was."""

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_service
short_description: Run a service by systemd, or leave it as it was
version_added: 0.1.0
author:
  - WebOps (@webops)
description:
  - Installs a service and its socket, starts or restarts what has to be, and waits until the service answers.
  - Lets systemd read the units before they are live.
  - If the service does not come up with them, the files that were there before are restored, the service is started with them again,
    and the module fails with the last lines of the journal.
  - The socket stays open while the service restarts, so that requests wait instead of failing. It is restarted only when its own unit changed.
  - A run that was killed is finished by the next one, which still knows what worked before.
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(restart=true) every run restarts the service.
options:
  name:
    description:
      - Name of the units, without a suffix.
    type: str
    required: true
  service:
    description:
      - Text of the service unit. Everybody on the host can read it.
    type: str
    required: true
  socket:
    description:
      - Text of the socket unit, if the service has one.
    type: str
    default: ""
  files:
    description:
      - Texts, by absolute path, of further files that the service reads at its start.
      - They are installed and restored together with the units, mode V(0644).
    type: dict
    default: {}
  watch:
    description:
      - Paths of files that somebody else writes and the service reads at its start. The service is restarted when one is newer than its process.
    type: list
    elements: path
    default: []
  enabled:
    description:
      - Whether the units start when the host boots.
    type: bool
    default: true
  state:
    description:
      - The service runs.
    type: str
    choices:
      - started
    default: started
  restart:
    description:
      - Restart the service though nothing changed.
    type: bool
    default: false
  path:
    description:
      - Folder of the units.
    type: path
    default: /etc/systemd/system
  ready_timeout:
    description:
      - Seconds in which the service must answer O(health_path).
    type: int
    default: 60
  health_path:
    description:
      - Path and query that the service is asked for at the first C(ListenStream) of O(socket), after it was started or restarted.
      - An answer with a status below 500 is healthy.
      - Without it the service must stay up for two seconds.
    type: str
    default: ""
  health_host:
    description:
      - Host name that it is asked with.
    type: str
    default: localhost
"""

EXAMPLES = r"""
- name: Run the shop
  webops.django.systemd_service:
    name: shop
    socket: |
      [Socket]
      ListenStream=/run/shop/http.sock
      [Install]
      WantedBy=sockets.target
    service: |
      [Unit]
      Requires=shop.socket
      [Service]
      Type=notify
      User=shop
      ExecStart=/srv/shop/venv/bin/gunicorn shop.wsgi
      [Install]
      WantedBy=multi-user.target
    health_path: /
    health_host: shop.example.com
"""

RETURN = r"""
restarted:
  description: Whether the service was restarted or started.
  returned: success
  type: bool
reloaded:
  description: Whether systemd read its units anew.
  returned: success
  type: bool
verification:
  description: What systemd says about the units without refusing them.
  returned: success
  type: list
  elements: str
journal:
  description: The last lines that the units wrote, 30 at most.
  returned: when the service does not come up
  type: list
  elements: str
unit:
  description: The service unit.
  returned: always
  type: str
  sample: shop.service
"""

import re
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.service_health import Health, listen_address
from ansible_collections.webops.django.plugins.module_utils.service_transaction import Service, Wanted
from ansible_collections.webops.django.plugins.module_utils.systemd import Manager
from ansible_collections.webops.django.plugins.module_utils.unit_files import diffs


def wanted(params: dict[str, t.Any]) -> Wanted:
    """Return what the parameters ask for.

    :raises ExplainedError: they make no service.
    """
    if not re.match(r"[A-Za-z0-9:_.@-]{1,200}\Z", params["name"]):
        raise ExplainedError(f"{params['name']!r} is no name of a unit; write letters, digits and any of : _ . @ - without a suffix.")
    bad = [path for path, text in params["files"].items() if not path.startswith("/") or not isinstance(text, str)]
    if bad:
        raise ExplainedError(f"{bad[0]!r} in `files` must be an absolute path with a text.")
    health = None
    if params["health_path"]:
        if not re.match(r"/[!-~]*\Z", params["health_path"]):
            raise ExplainedError(f"`health_path` is {params['health_path']!r}; write a path as it stands in a URL, such as /health/.")
        health = Health(listen_address(params["socket"]), params["health_path"], params["health_host"])
    return Wanted(
        name=params["name"],
        folder=params["path"],
        service=ended(params["service"]),
        socket=ended(params["socket"]),
        files={path: ended(text) for path, text in params["files"].items()},
        watch=params["watch"],
        enabled=params["enabled"],
        restart=params["restart"],
        timeout=params["ready_timeout"],
        health=health,
    )


def ended(text: str) -> str:
    """Return a text with one newline at its end; nothing for none."""
    return f"{text.rstrip()}\n" if text.strip() else ""


def ensure(service: Service, target: Wanted, check_mode: bool) -> dict[str, t.Any]:
    """Do what has to be done, or tell it. Returns the module's return values."""
    steps, before, left = service.plan()
    service.check_port(steps, before)
    result = {
        "changed": steps.any or left,
        "diff": diffs(target.texts, steps.write),
        "reloaded": steps.reload,
        "restarted": steps.restart or steps.start or steps.restart_socket,
        "unit": f"{target.name}.service",
        "verification": service.verify(check_mode) if steps.write else [],
    }
    if result["changed"] and not check_mode:
        service.apply(steps, before, left)
    return result


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Wire the parameters and the manager."""

    def run(command: list[str]) -> tuple[int, str, str]:
        try:
            status, out, err = module.run_command(command, handle_exceptions=False, environ_update={"LC_ALL": "C"})
        except OSError as error:
            raise ExplainedError(f"{command[0]} cannot be run: {error.strerror}; the service needs a host with systemd.") from error
        return status, out, err

    target = wanted(module.params)
    return ensure(Service(target, Manager(run)), target, module.check_mode)


def main() -> None:
    """Wire the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "service": {"type": "str", "required": True},
            "socket": {"type": "str", "default": ""},
            "files": {"type": "dict", "default": {}},
            "watch": {"type": "list", "elements": "path", "default": []},
            "enabled": {"type": "bool", "default": True},
            "state": {"type": "str", "choices": ["started"], "default": "started"},
            "restart": {"type": "bool", "default": False},
            "path": {"type": "path", "default": "/etc/systemd/system"},
            "ready_timeout": {"type": "int", "default": 60},
            "health_path": {"type": "str", "default": ""},
            "health_host": {"type": "str", "default": "localhost"},
        },
        supports_check_mode=True,
    )
    run_module(module, work)


if __name__ == "__main__":
    main()
