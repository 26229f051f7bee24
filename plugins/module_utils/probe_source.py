# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handing the probe over to the project's interpreter, which knows nothing of this collection."""

from __future__ import annotations

import inspect
import threading

from ansible_collections.webops.django.plugins.module_utils import (
    django_probe,
    django_probe_checks,
    django_probe_collect,
    django_probe_links,
    django_probe_migrations,
    django_probe_references,
    django_probe_settings,
    django_probe_setup,
    django_probe_sources,
    django_probe_static,
    django_probe_storage,
    django_probe_urls,
)

PROBE = (
    django_probe_setup,
    django_probe_settings,
    django_probe_links,
    django_probe_static,
    django_probe_references,
    django_probe_sources,
    django_probe_storage,
    django_probe_collect,
    django_probe_checks,
    django_probe_migrations,
    django_probe_urls,
    django_probe,
)
"""The probe's modules, each after those that it imports."""

# The modules get their own full names, so that they find each other by ordinary imports. Their packages are not made up: a project may have
# this collection, or another one, among its own packages.
BOOTSTRAP = """
import json, sys, types
sent = json.load(sys.stdin)
for name, source in sent["modules"]:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, "<" + name + ">", "exec"), module.__dict__)
module.main(int(sys.argv[1]), sent["request"])
"""
"""The program for ``python -c``; its argument is the file descriptor for the answer."""


_READING = threading.Lock()


def sent_modules() -> list[tuple[str, str]]:
    """Return name and source of each of the probe's modules, in the order in which they are to be run.

    Several projects may be asked at once, and ``linecache``, by which ``inspect`` reads, loses lines when two threads fill it.
    """
    with _READING:
        return [(module.__name__, inspect.getsource(module)) for module in PROBE]
