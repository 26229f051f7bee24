# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the system checks, and importing the application that the server will run.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import importlib
import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import Refused, explain

DEPLOY_CHECK_LEVELS = {10: "debug", 20: "info", 30: "warning", 40: "error", 50: "critical"}


def check(application: str) -> dict[str, t.Any]:
    """Run the system checks, those for deployment among them, and import the application that the server will run.

    :param application: dotted path, such as ``shop.wsgi.application``; empty to leave it out.
    """
    from django.core.checks import run_checks

    messages = [
        {
            "id": message.id or "",
            "level": DEPLOY_CHECK_LEVELS.get(message.level, str(message.level)),
            "message": str(message.msg),
            "hint": str(message.hint or ""),
            "object": str(message.obj) if message.obj is not None else "",
            "silenced": message.is_silenced(),
        }
        for message in run_checks(include_deployment_checks=True)
    ]
    if application:
        _import_application(application)
    return {"messages": messages}


def _import_application(application: str) -> None:
    module, _dot, attribute = application.replace(":", ".").rpartition(".")
    expected = os.environ["DJANGO_SETTINGS_MODULE"]
    try:
        found = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise Refused("application_failed", f"the application {application} cannot be imported: {explain(error)}") from error
    if not callable(found):
        raise Refused("application_failed", f"{application} is not callable")
    if os.environ.get("DJANGO_SETTINGS_MODULE") != expected:
        raise Refused(
            "application_settings",
            f"{module} sets DJANGO_SETTINGS_MODULE to {os.environ.get('DJANGO_SETTINGS_MODULE')}, whatever the environment says: "
            "use os.environ.setdefault there",
        )
