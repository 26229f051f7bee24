# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""app_model: what a found application shows of itself."""

from __future__ import annotations

from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication, note


def test_the_environment_stays_out_of_what_is_printed() -> None:
    """A traceback or a log must not carry secrets."""
    found = FoundApplication({"id": "shop"}, {"PASSWORD": "hunter2"})
    assert "shop" in repr(found) and "hunter2" not in repr(found)


def test_a_note_has_all_fields() -> None:
    assert note("what", "Why.", "root") == {"what": "what", "message": "Why.", "needs": "root"}
    assert note("what", "Why.")["needs"] == ""
