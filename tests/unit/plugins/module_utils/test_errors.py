# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module ends."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module


class Module:
    """Ends as AnsibleModule does, by an exception of its own here."""

    class EndedError(Exception):
        """The module left through one of its two doors."""

    def exit_json(self, **result: t.Any) -> None:
        """Succeed."""
        raise self.EndedError("exit", result)

    def fail_json(self, **result: t.Any) -> None:
        """Fail."""
        raise self.EndedError("fail", result)


def ended(work: t.Callable[[t.Any], dict[str, t.Any]]) -> tuple[str, dict[str, t.Any]]:
    """Run some work, and tell how the module ended."""
    with pytest.raises(Module.EndedError) as caught:
        run_module(t.cast(t.Any, Module()), work)
    return t.cast("tuple[str, dict[str, t.Any]]", caught.value.args)


def test_a_result_is_the_return_values() -> None:
    """As it is."""
    assert ended(lambda module: {"changed": True}) == ("exit", {"changed": True})


def test_an_explained_error_is_the_message_with_its_details() -> None:
    """And no traceback."""

    def fail(module: t.Any) -> dict[str, t.Any]:
        raise ExplainedError("It is wrong; write it right.", output="words")

    assert ended(fail) == ("fail", {"msg": "It is wrong; write it right.", "output": "words"})


def test_a_fault_of_ours_is_not_hidden() -> None:
    """It is no fault that the user can mend."""
    with pytest.raises(ZeroDivisionError):
        run_module(t.cast(t.Any, Module()), lambda module: {"changed": 1 / 0})
