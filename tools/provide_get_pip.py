# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See to it that ansible-test can make its virtualenvs where its get-pip script cannot be fetched.

ansible-test fetches that script once and caches it. This does the same. Only if it cannot be fetched, for instance behind a
mirror that has package indexes alone, a stand-in goes into the cache: it runs the pip that comes with Python's ensurepip.
"""

from __future__ import annotations

import re
import shutil
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path

TIMEOUT = 20  # seconds
CACHE = Path("~/.ansible/test/cache").expanduser()
STAND_IN = Path(__file__).with_name("get_pip_stand_in.py")


def asked_of_ansible_test() -> tuple[str, str]:
    """The version of pip that ansible-test wants, and the URL that it fetches the script from, with %s for the version.

    Raises:
        LookupError: This ansible-test keeps them elsewhere.
    """
    spec = find_spec("ansible_test")
    if spec is None or not spec.submodule_search_locations:
        raise LookupError("ansible_test is not installed")
    package = Path(next(iter(spec.submodule_search_locations)))
    version = re.search(r"default_packages = dict\(\s*pip='([\d.]+)'", (package / "_internal" / "python_requirements.py").read_text())
    url = re.search(r"url = '([^']+get-pip-%s\.py)'", (package / "_util" / "target" / "setup" / "requirements.py").read_text())
    if not version or not url:
        raise LookupError("ansible-test names no get-pip script where it did in ansible-core 2.19")
    return version.group(1), url.group(1)


def main() -> int:
    """Fill the cache if it is empty."""
    version, url = asked_of_ansible_test()
    cached = CACHE / f"get_pip_{version.replace('.', '_')}.py"
    if cached.exists():
        return 0
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(url % version, timeout=TIMEOUT) as answer:  # noqa: S310 - ansible-test's own URL
            cached.write_bytes(answer.read())
    except OSError as error:
        print(f"ansible-test's get-pip script cannot be fetched ({error}): ensurepip's pip stands in for it, in {cached}.")
        shutil.copyfile(STAND_IN, cached)
    return 0


if __name__ == "__main__":
    sys.exit(main())
