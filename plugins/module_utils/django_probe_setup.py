# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting Django up as manage.py does it, and saying what hinders it.

Runs inside the project's own interpreter; see django_probe.py for what that means.
"""

from __future__ import annotations

import os
import runpy
import sys
import traceback
import typing as t


class Refused(Exception):
    """The question cannot be answered; the kind says why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _ReachedCommandLine(BaseException):
    """manage.py has prepared everything and would now run a command. No Exception: manage.py may catch those."""


def prepare(project_path: str, settings_module: str, overrides: dict[str, t.Any]) -> dict[str, t.Any]:
    """Set Django up as manage.py does it.

    manage.py itself is run up to the point where it hands over to Django, because it may change the import path, read
    an environment file or name the settings module, and only running it tells.

    :param settings_module: the settings to use; empty for what manage.py names.
    :param overrides: settings that hold for this process only.
    :returns: what the overridden settings were.
    """
    try:
        from django.core import management
    except ImportError as error:
        raise Refused("no_django", f"{sys.executable} cannot import Django ({error})") from error
    sys.path.insert(0, project_path)
    if settings_module:
        os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    manage = os.path.join(project_path, "manage.py")
    if os.path.exists(manage):
        _run_manage(manage, management)
    if settings_module:
        # A manage.py that assigns instead of setting a default would silently have other settings than the service.
        os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    elif not os.environ.get("DJANGO_SETTINGS_MODULE"):
        raise Refused("no_settings_module", f"{project_path} has no manage.py that names a settings module")
    return _load_settings(overrides)


def _run_manage(manage: str, management: t.Any) -> None:
    def reached(*_args: t.Any, **_kwargs: t.Any) -> None:
        raise _ReachedCommandLine

    argv, original = sys.argv, management.ManagementUtility.execute
    # "check" is a command that every project has and that changes nothing, for a manage.py that looks at its arguments.
    sys.argv = [manage, "check"]
    management.ManagementUtility.execute = reached
    try:
        runpy.run_path(manage, run_name="__main__")
    except _ReachedCommandLine:
        pass
    except (Exception, SystemExit) as error:
        raise Refused("manage_failed", f"{manage} fails: {explain(error)}") from error
    finally:
        sys.argv = argv
        management.ManagementUtility.execute = original


def _load_settings(overrides: dict[str, t.Any]) -> dict[str, t.Any]:
    import django
    from django.conf import settings

    name = os.environ["DJANGO_SETTINGS_MODULE"]
    try:
        # The first access imports the settings module. Apps may build their storages while Django starts, so overrides come before that.
        original = {key: getattr(settings, key) for key in overrides}
        for key, value in overrides.items():
            setattr(settings, key, value)
        bool(settings.INSTALLED_APPS)
    except Exception as error:
        raise Refused("settings_failed", f"the settings module {name} does not import: {explain(error)}") from error
    try:
        django.setup()
    except Exception as error:
        raise Refused("setup_failed", f"Django does not start with {name}: {explain(error)}") from error
    return original


def explain(error: BaseException) -> str:
    """Say what was raised, and the last place in the project's files it passed."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    if frames:
        text += f" ({frames[-1].filename}, line {frames[-1].lineno})"
    return text


def path_of(value: t.Any) -> str:
    return os.path.abspath(os.fspath(value)) if value else ""
