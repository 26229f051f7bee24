# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver over many generated configurations and URLs, beside a real nginx: ``WEBOPS_PAIRS`` (10000) pairs from ``WEBOPS_SEED`` (1)."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from ansible_collections.webops.django.tests.unit.support.nginx_generator import compare
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import make_tree


def test_resolver_equals_nginx(tmp_path: Path) -> None:
    make_tree(tmp_path)
    count = compare(int(os.environ.get("WEBOPS_SEED", "1")), tmp_path, int(os.environ.get("WEBOPS_PAIRS", "10000")))
    logging.getLogger(__name__).warning("%d pairs, %d undecided, %d different", count.pairs, count.undecided, len(count.different))
    assert not count.different, "\n".join(count.different[:5])
    assert count.undecided <= count.pairs * 0.1
