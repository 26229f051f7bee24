# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection's own exception, and the one place that turns it into a module's failure."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


class ExplainedError(Exception):
    """A fault that the user can mend.

    The message is one sentence or two: what is wrong, where, and what to write instead.

    :param message: what the user reads.
    :param details: further return values of the failed module, such as the output of a command.
    """

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.details = details


def run_module(module: AnsibleModule, work: t.Callable[[AnsibleModule], dict[str, t.Any]]) -> None:
    """Run a module's work and leave through ``exit_json`` or ``fail_json``.

    :param module: the module that was set up by ``main()``.
    :param work: does the work and returns the return values; raises :class:`ExplainedError`.
    """
    try:
        result = work(module)
    except ExplainedError as error:
        module.fail_json(msg=str(error), **error.details)
    else:
        module.exit_json(**result)
