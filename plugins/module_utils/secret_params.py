# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dicts of secrets as a module's parameters, without garbled return values."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
"""What Ansible itself writes to the system's log in place of a ``no_log`` parameter."""


def take_secrets(module: AnsibleModule, *names: str) -> dict[str, t.Any]:
    """Return all parameters, and leave the named ones hidden in what the module reports of its own call.

    Ansible masks a ``no_log`` value by replacing it wherever it occurs in the return values. A dict's values are often short or
    common words ("1", or a database password that is the site's name), and then an id or a path comes back with asterisks in it.
    So the values are removed from the report here, and the module must not return one, in a message either.

    :param names: parameters with ``no_log``; all such parameters of the module must be named.
    """
    params = dict(module.params)
    for name in names:
        if module.params[name]:
            module.params[name] = HIDDEN
    module.no_log_values.clear()
    return params
