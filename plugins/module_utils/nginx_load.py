# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nginx runs with the configuration that is on disk."""

from __future__ import annotations

import glob
import os
import re
import subprocess
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.nginx_text import Configuration
from ansible_collections.webops.django.plugins.module_utils.processes import nginx_master, nginx_workers

LOAD_TIMEOUT = 10
"""Seconds in which a reload must have started new workers."""


def load_state(nginx: str, configuration: Configuration, folders: t.Iterable[str], wait: bool = False) -> tuple[bool, bool]:
    """Tell whether nginx runs, and whether with an older configuration than the one on disk.

    :param nginx: nginx's program.
    :param configuration: the files that are in effect.
    :param folders: folders whose names matter too: a file that was removed leaves its trace there.
    :param wait: wait until it runs with the one on disk.
    :raises ExplainedError: waited in vain.
    """
    pid_file = _pid_file(nginx, configuration)
    end = time.monotonic() + LOAD_TIMEOUT
    while True:
        stale = _is_stale(pid_file, configuration.files, folders)
        if not (wait and stale):
            return nginx_master(pid_file) is not None, stale
        if time.monotonic() > end:
            raise ExplainedError(
                f"nginx was reloaded {LOAD_TIMEOUT} s ago, but goes on with its earlier configuration. "
                f"Its error log says: {_last_fault(configuration)}"
            )
        time.sleep(0.05)


def _is_stale(pid_file: str, files: t.Iterable[str], folders: t.Iterable[str]) -> bool:
    """Tell whether a worker is older than a file that is in effect, or than a change of the names in our folders.

    The oldest worker counts: one that died was started anew by its master, with the master's old configuration.
    """
    master = nginx_master(pid_file)
    if master is None:
        return False
    loaded = min(worker.started for worker in nginx_workers(master))
    changes = [os.stat(path).st_ctime for path in files if os.path.exists(path)] + [
        os.lstat(path).st_ctime for path in files if os.path.lexists(path)
    ]
    changes += [os.stat(folder).st_mtime for folder in folders if os.path.isdir(folder)]
    return max(changes, default=0.0) > loaded


def _pid_file(nginx: str, configuration: Configuration) -> str:
    named = next((item.arguments[0] for _path, item in configuration.directives() if item.name == "pid" and item.words), None)
    if named is None or not os.path.isabs(named):
        built = subprocess.run([nginx, "-V"], capture_output=True, text=True, errors="replace", check=False).stderr
        options = dict(re.findall(r"--(pid-path|prefix)=(\S+)", built))
        return os.path.join(options.get("prefix", "/"), named or options.get("pid-path", "/run/nginx.pid"))
    return named


def _last_fault(configuration: Configuration) -> str:
    logs = [item.arguments[0] for _path, item in configuration.directives() if item.name == "error_log" and item.words]
    for log in glob.glob(logs[-1] if logs else "/var/log/nginx/error.log"):
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - 64 * 1024))
            lines = [line for line in file.read().decode("utf-8", "replace").splitlines() if "[emerg]" in line or "[alert]" in line]
        if lines:
            return lines[-1]
    return "nothing"
