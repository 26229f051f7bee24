# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services are one application: a project that is served by WSGI and by ASGI at once, or by several processes."""

from __future__ import annotations

import re

from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication

_ONE_PROCESS = re.compile(
    r"(?:PORT|HOST|BIND|WEB_CONCURRENCY|WORKERS|PWD|OLDPWD|SHLVL|_|TERM|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|MAIL|PATH|COLUMNS|LINES|PYTHONPATH|PYTHON\w+"
    r"|\w*(?:_PID|_ID|_FDS|_SOCKET|_STREAM|_DIRECTORY|_FD|SESSION\w*|PROCESS_NAME|GROUP_NAME|SERVER_URL)|RUN_MAIN|MEMORY_PRESSURE_\w+"
    r"|(?:GUNICORN|UVICORN|UWSGI|SSH|SUDO|XDG|DBUS|WERKZEUG|SUPERVISOR|SERVER|NOTIFY|LISTEN|WATCHDOG|MAINPID|MANAGERPID|JOURNAL|SYSTEMD)_?\w*)\Z"
)
"""Variables that differ from process to process of one project."""


def merged(found: list[FoundApplication]) -> list[FoundApplication]:
    """Join what is one application: the same project, settings, interpreter and variables.

    One code base that serves two sites by two environments is two.
    """
    kept: list[FoundApplication] = []
    for one in found:
        same = next((known for known in kept if _is_same(known, one)), None)
        if same is None:
            kept.append(one)
        else:
            _join(same, one)
    return kept


def _is_same(known: FoundApplication, found: FoundApplication) -> bool:
    fields = ("project_path", "settings_module", "virtualenv", "in_container")
    same = all(known.record[field] == found.record[field] for field in fields)
    if not known.record["virtualenv"]:
        same = same and known.record["python"] == found.record["python"]
    return same and not _differing(known.environment, found.environment)


def _differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return the variables that have two values; one that a service lacks, for another service alone needs it, makes no other site."""
    return [name for name in one.keys() & other.keys() if one[name] != other[name] and not _ONE_PROCESS.match(name)]


def _join(one: FoundApplication, other: FoundApplication) -> None:
    """Add the processes of another service. The one that was found first, the older one, stays in front, unless it serves ASGI beside WSGI."""
    if "wsgi" not in one.record["wsgi"] and "wsgi" in other.record["wsgi"]:
        first, second = other, one
    else:
        first, second = one, other
    record = dict(first.record)
    record["pids"] = [*first.record["pids"], *second.record["pids"]]
    record["binds"] = [*first.record["binds"], *(bind for bind in second.record["binds"] if bind not in first.record["binds"])]
    record["environment_names"] = sorted({*first.record["environment_names"], *second.record["environment_names"]})
    record["started"] = min(first.record["started"], second.record["started"])
    one.record, one.environment = record, {**second.environment, **first.environment}
    one.python_path = list(dict.fromkeys([*first.python_path, *second.python_path]))
    one.umask = first.umask
