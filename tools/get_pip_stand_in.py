# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for the get-pip script that ansible-test fetches: run the pip that ensurepip bundles."""

from __future__ import annotations

import ensurepip
import runpy
import sys
from pathlib import Path

# Options of get-pip that pip does not know.
GET_PIP_ONLY = ("--no-setuptools", "--no-wheel")

wheel = next(Path(ensurepip.__file__).with_name("_bundled").glob("pip-*.whl"))
sys.path.insert(0, str(wheel))
sys.argv = ["pip", "install", *(argument for argument in sys.argv[1:] if argument not in GET_PIP_ONLY)]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
