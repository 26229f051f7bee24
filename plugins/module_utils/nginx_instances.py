# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which masters of nginx run, and their workers."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils import nginx_program as programs
from ansible_collections.webops.django.plugins.module_utils.process_table import Entry, ProcessTable

MASTER = "nginx: master process"
WORKER = "nginx: worker process"
SHUTTING_DOWN = "is shutting down"


class Instance(t.NamedTuple):
    """An nginx; ``master`` is None for one that is installed and does not run, and the only process where ``master_process`` is off."""

    id: str
    master: Entry | None
    unit: str
    program: programs.Program
    arguments: programs.Arguments
    cwd: str


def instances(table: ProcessTable) -> tuple[list[Instance], int]:
    """Return the instances that run on this host, the oldest first, and how many run in containers."""
    masters = [(entry, words) for entry, words in ((entry, _call(entry, table)) for entry in table.entries.values()) if words is not None]
    ours = [(entry, words) for entry, words in masters if table.shares_root(entry.pid)]
    units = [table.unit(entry.pid) for entry, _words in ours]
    found = []
    for (entry, words), unit in sorted(zip(ours, units), key=lambda item: item[0][0].started):
        service = unit if unit.endswith(".service") else ""
        unique = bool(service) and units.count(unit) == 1 and not service.startswith("user@")
        exe = table.link(entry.pid, "exe")
        program = programs.running_program(exe, f"{table.proc}/{entry.pid}/exe", words[0], table.identity(entry.pid))
        identifier = service[: -len(".service")] if unique else f"nginx-{entry.pid}"
        found.append(Instance(identifier, entry, service, program, programs.read_arguments(words[1:]), table.link(entry.pid, "cwd") or "/"))
    return found, len(masters) - len(ours)


def _call(entry: Entry, table: ProcessTable) -> list[str] | None:
    """Return program and arguments of a master process; None for what is none.

    A single process, without a master, gives itself no title: its arguments are as it got them.
    """
    if entry.title.startswith(MASTER):
        title = entry.title[len(MASTER) :].strip()
        return [title.split(None, 1)[0] if title else "", *programs.title_words(title)]
    if entry.comm != "nginx" or entry.title.startswith("nginx:") or not re.match(r"nginx[\w.-]*$", os.path.basename(entry.words[0])):
        return None
    parent = table.entries.get(entry.parent)
    if programs.read_arguments(entry.words[1:]).once or (parent and parent.comm == "nginx"):
        return None
    return list(entry.words)


def workers_of(master: Entry, table: ProcessTable) -> list[dict[str, t.Any]]:
    """Return the records of the workers that take requests; those of an earlier configuration that only finish theirs are left out."""
    children = [entry for entry in table.children(master.pid) if entry.title.startswith(WORKER) and SHUTTING_DOWN not in entry.title]
    if not children and not master.title.startswith(MASTER):
        children = [master]
    return [_worker(entry, table) for entry in sorted(children, key=lambda entry: entry.pid)]


def _worker(entry: Entry, table: ProcessTable) -> dict[str, t.Any]:
    identity = table.identity(entry.pid)
    namespace = table.link(entry.pid, "ns/mnt") or ""
    ours = _own_namespace(table)
    return {
        "pid": entry.pid,
        "uid": identity.uid if identity else None,
        "gid": identity.gid if identity else None,
        "groups": list(identity.groups) if identity else [],
        "started": entry.started,
        "mount_namespace": namespace,
        "own_view": namespace != ours if namespace and ours else None,
        **labels(entry.pid, table),
    }


def _own_namespace(table: ProcessTable) -> str:
    try:
        return os.readlink(f"{table.proc}/self/ns/mnt")
    except OSError:
        return ""


def labels(pid: int, table: ProcessTable) -> dict[str, str]:
    """Return how AppArmor and SELinux confine a process; empty where they do not."""
    of_apparmor = table.text(pid, "attr/apparmor/current").strip("\0\n ")
    shared = table.text(pid, "attr/current").strip("\0\n ")
    is_selinux = shared.count(":") >= 3
    profile = of_apparmor or ("" if is_selinux else shared)
    return {"apparmor": "" if profile == "unconfined" else profile, "selinux": shared if is_selinux else ""}
