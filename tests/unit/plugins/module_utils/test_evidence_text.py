# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names that are no UTF-8."""

from __future__ import annotations

import json
import os

from ansible_collections.webops.django.plugins.module_utils.evidence_text import plain
from hypothesis import given
from hypothesis import strategies as st


def test_bytes_that_are_no_utf8_are_escaped() -> None:
    name = os.fsdecode(b"caf\xe9.css")
    assert plain({name: [name, ("ü", 1, None)]}) == {"caf\\udce9.css": ["caf\\udce9.css", ["ü", 1, None]]}


TEXTS = st.text(st.characters())


@given(st.recursive(st.none() | st.integers() | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner)))
def test_any_document_can_be_sent(document: object) -> None:
    json.dumps(plain(document), ensure_ascii=False).encode("utf-8")
