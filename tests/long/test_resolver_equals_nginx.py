# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resolver over many generated configurations and URLs, beside a real nginx: ``WEBOPS_PAIRS`` (10000) pairs from ``WEBOPS_SEED`` (1).

The first test is about what a server block does, the second about which server block answers.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from ansible_collections.webops.django.tests.unit.support.nginx_generator import compare
from ansible_collections.webops.django.tests.unit.support.nginx_listen_generator import compare_listens
from ansible_collections.webops.django.tests.unit.support.nginx_oracle import make_tree

SEED = int(os.environ.get("WEBOPS_SEED", "1"))
PAIRS = int(os.environ.get("WEBOPS_PAIRS", "10000"))


def test_resolver_equals_nginx(tmp_path: Path) -> None:
    make_tree(tmp_path)
    count = compare(SEED, tmp_path, PAIRS)
    logging.getLogger(__name__).warning("%d pairs, %d undecided, %d different", count.pairs, count.undecided, len(count.different))
    assert not count.different, "\n".join(count.different[:5])
    assert count.undecided <= count.pairs * 0.1


def test_the_choice_of_the_server_block_equals_nginx(tmp_path: Path) -> None:
    asked, undecided, different = compare_listens(SEED, tmp_path, PAIRS)
    logging.getLogger(__name__).warning("%d pairs, %d without an address undecided, %d different", asked, undecided, len(different))
    assert not different, "\n".join(different[:5])
