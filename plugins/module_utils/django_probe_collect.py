# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running collectstatic, and telling beforehand what it would be made of.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import sys
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_links import broken_links
from ansible_collections.webops.django.plugins.module_utils.django_probe_settings import settings_evidence
from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import Refused, path_of
from ansible_collections.webops.django.plugins.module_utils.django_probe_sources import fingerprint
from ansible_collections.webops.django.plugins.module_utils.django_probe_static import ignore_patterns, static_sources, storage_evidence
from ansible_collections.webops.django.plugins.module_utils.django_probe_storage import quick_storages

COMMAND = "django.contrib.staticfiles.management.commands.collectstatic"


def collect_plan(original: dict[str, t.Any]) -> dict[str, t.Any]:
    """Tell what collectstatic would be made of, and where it would put it. Nothing is written.

    :param original: what the project's settings say, where something else stands in its place now.
    """
    evidence = dict(_evidence(), **fingerprint())
    return dict(evidence, static_root=path_of(original["STATIC_ROOT"])) if "STATIC_ROOT" in original else evidence


def collect(static_root: str, configured_root: t.Any) -> dict[str, t.Any]:
    """Run collectstatic into a folder, which the settings already name as STATIC_ROOT.

    :param configured_root: what the project's settings say.
    :returns: the evidence of the settings, as the project has them, of the storage and of the sources, as they were before.
    """
    from django.core.management import call_command

    evidence = dict(_evidence(), static_root=path_of(configured_root))
    _check_storage()
    if not evidence["storage_is_local"]:
        raise Refused("remote_storage", f"the storage {evidence['storage']} keeps no local files")
    if evidence["storage_location"] != static_root:
        raise Refused("storage_location", f"the storage {evidence['storage']} writes to {evidence['storage_location']}, whatever STATIC_ROOT says")
    if evidence["manifest_name"] and evidence["manifest_path"] != os.path.join(static_root, evidence["manifest_name"]):
        raise Refused(
            "manifest_elsewhere",
            f"the storage {evidence['storage']} keeps its manifest at {evidence['manifest_path'] or 'a place without a path'}, outside STATIC_ROOT, "
            "where it would change before the files do: leave manifest_storage out of the storage's options",
        )
    said = io.StringIO()
    try:
        # Taken before the files are read: a change in between makes the next run collect again.
        evidence.update(fingerprint())
        with quick_storages():
            call_command(_command(), interactive=False, verbosity=0, stderr=said)
    except Refused:
        raise
    except Exception as error:
        raise _failed(error, static_root, said.getvalue()) from error
    finally:
        sys.stderr.write(said.getvalue())
    return evidence


def _evidence() -> dict[str, t.Any]:
    settings = settings_evidence()
    if not settings["staticfiles_installed"]:
        raise Refused(
            "staticfiles_app_missing",
            f"django.contrib.staticfiles is not in INSTALLED_APPS of {settings['settings_module']}: there is no collectstatic",
        )
    return dict(settings, **storage_evidence(), sources=source_folders())


def _check_storage() -> None:
    from django.contrib.staticfiles.storage import staticfiles_storage

    try:
        # It is a lazy object: the first attribute builds the storage.
        bool(staticfiles_storage.__class__)
    except Exception as error:
        raise Refused("storage_failed", f"the storage for static files cannot be made: {type(error).__name__}: {error}") from error


class _Names(list):
    """A list of names that answers "in" like a set: Django looks for each file in the list of all copied ones (10,000 files: 50,000,000 looks)."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[str] = set()

    def append(self, name: str) -> None:
        super().append(name)
        self.known.add(name)

    def __contains__(self, name: object) -> bool:
        return name in self.known


def _command() -> t.Any:
    """Return the command as call_command() takes it: a name, or a command that was made already."""
    from django.core.management import get_commands, load_command_class

    app = get_commands()["collectstatic"]
    command = load_command_class(app, "collectstatic") if isinstance(app, str) else app
    if type(command).__module__ == COMMAND and getattr(command, "copied_files", None).__class__ is list:
        command.copied_files = _Names()
    return command


def _failed(error: Exception, static_root: str, said: str) -> Refused:
    """Say why collectstatic failed: a broken link among the sources explains more than what Django says of it.

    :param said: what the command wrote to its standard error: the exception does not tell which file named the one that is missing.
    """
    if isinstance(error, OSError):
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Refused("disk_full", f"the disk that holds {os.path.dirname(static_root)} is full: {error.strerror}")
        for link in broken_links(source_folders(), ignore_patterns()):
            leads = "leads round in a circle" if link["kind"] == "loop" else "leads nowhere"
            return Refused("collectstatic_failed", f"collectstatic fails: {link['path']} is a link that {leads} ({link['target']}); remove it")
    text = str(error).replace(static_root + os.sep, "").replace(static_root, "STATIC_ROOT")
    # Django names the storage by its address in memory.
    text = re.sub(r" with <\S+ object at 0x[0-9a-f]+>", "", text).rstrip(".")
    file = re.search(r"Post-processing '(.+)' failed!", said)
    where = f"{file.group(1)} cannot be processed: " if file and file.group(1) != "All" else ""
    return Refused("collectstatic_failed", f"collectstatic fails: {where}{type(error).__name__}: {text}")


def source_folders() -> list[str]:
    """List the folders that static files come from: those of the settings, of the apps, and of whatever finders there are."""
    from django.contrib.staticfiles.finders import get_finders

    folders = [source["path"] for source in static_sources()]
    with contextlib.suppress(Exception):
        for finder in get_finders():
            storages = getattr(finder, "storages", None)
            if isinstance(storages, dict):
                folders += [path_of(storage.location) for storage in storages.values() if hasattr(storage, "location")]
    return list(dict.fromkeys(folders))
