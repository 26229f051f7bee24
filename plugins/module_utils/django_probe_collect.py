# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running collectstatic.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_settings import settings_evidence
from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import Refused, path_of
from ansible_collections.webops.django.plugins.module_utils.django_probe_static import storage_evidence


def collect(static_root: str, configured_root: t.Any) -> dict[str, t.Any]:
    """Run collectstatic into a folder, which the settings already name as STATIC_ROOT.

    :param configured_root: what the project's settings say.
    :returns: the evidence of the settings, as the project has them, and of the storage.
    """
    from django.core.management import call_command

    settings = dict(settings_evidence(), static_root=path_of(configured_root))
    if not settings["staticfiles_installed"]:
        raise Refused(
            "staticfiles_app_missing",
            f"django.contrib.staticfiles is not in INSTALLED_APPS of {settings['settings_module']}: there is no collectstatic",
        )
    evidence = dict(settings, **storage_evidence())
    if not evidence["storage_is_local"]:
        raise Refused("remote_storage", f"the storage {evidence['storage']} keeps no local files")
    if evidence["storage_location"] != static_root:
        raise Refused("storage_location", f"the storage {evidence['storage']} writes to {evidence['storage_location']}, whatever STATIC_ROOT says")
    try:
        call_command("collectstatic", interactive=False, verbosity=0)
    except Exception as error:
        raise Refused("collectstatic_failed", f"collectstatic fails: {type(error).__name__}: {error}") from error
    return evidence
