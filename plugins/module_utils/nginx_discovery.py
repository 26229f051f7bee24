# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx as it runs on this host: masters, workers, and what each of them reads and serves.

:func:`discover_nginx` is the way in.
"""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.module_utils import nginx_program as programs
from ansible_collections.webops.django.plugins.module_utils.nginx_account import configured_account, named_account
from ansible_collections.webops.django.plugins.module_utils.nginx_files import changes, read_files, unreached_files
from ansible_collections.webops.django.plugins.module_utils.nginx_instances import Instance, instances, workers_of
from ansible_collections.webops.django.plugins.module_utils.nginx_test import judge_configuration
from ansible_collections.webops.django.plugins.module_utils.process_sockets import SocketTable
from ansible_collections.webops.django.plugins.module_utils.process_table import ProcessTable

Note = t.Dict[str, str]
Record = t.Dict[str, t.Any]

USUAL = "/etc/nginx"
"""Where an administrator looks for sites, whichever main file is in effect."""


def discover_nginx(table: ProcessTable | None = None, usual: str = USUAL, folders: str | None = None) -> tuple[list[Record], list[Note]]:
    """Return a record of each nginx that runs, or of the installed one, and what could not be seen.

    Nothing on the host is changed.

    :param usual: the folder that is searched for sites besides that of the main file.
    :param folders: where an installed nginx is looked for, as in PATH; None for PATH itself.
    """
    table = table or ProcessTable()
    sockets = SocketTable(table)
    notes: list[Note] = []
    running, elsewhere = instances(table)
    if elsewhere:
        notes.append(note("nginx_in_container", f"{elsewhere} nginx of containers on this host were not looked at: their files are not this host's."))
    if not running:
        path = programs.installed(folders)
        if not path:
            return [], [*notes, note("nginx_absent", "No nginx runs on this host, and none is installed where one is looked for.")]
        running = [Instance("nginx", None, "", programs.Program(path, programs.reader_for(path, None)), programs.Arguments(), "/")]
    return [_record(one, table, sockets, usual, notes) for one in running], notes


def note(what: str, message: str, needs: str = "") -> Note:
    """Return an entry of the evidence's ``notes``."""
    return {"what": what, "message": message, "needs": needs}


def _record(one: Instance, table: ProcessTable, sockets: SocketTable, usual: str, notes: list[Note]) -> Record:
    program = programs.inspect(one.program)
    if program.error:
        notes.append(note("nginx_program", f"{program.path or 'nginx'} -V tells nothing: {program.error}.", _needs()))
    main, prefix = programs.paths(program, one.arguments, one.cwd)
    found = read_files(main, one.arguments.globals)
    folders = list(dict.fromkeys([os.path.dirname(main), *([usual] if os.path.isdir(usual) else [])]))
    workers = workers_of(one.master, table) if one.master else []
    held = sockets.held_by([one.master.pid, *(worker["pid"] for worker in workers)]) if one.master else []
    given = {"c": one.arguments.main, "p": one.arguments.prefix, "g": one.arguments.globals}
    master = table.identity(one.master.pid) if one.master else None
    test = judge_configuration(program, main, prefix, given, found.files, is_roots=master is None or master.uid == 0)
    _note_gaps(main, found.unreadable, held, test, notes)
    if program.handle is not None:
        os.close(program.handle)
    return {
        "id": one.id,
        "running": one.master is not None,
        "master_pid": one.master.pid if one.master else None,
        "unit": one.unit,
        "program": program.path,
        "version": program.version,
        "built": program.built,
        "arguments": list(one.arguments.words),
        "main": main,
        "prefix": prefix,
        "globals": one.arguments.globals,
        "files": found.files,
        "unreadable": found.unreadable,
        "shortened": found.shortened,
        "links": found.links,
        "dangling": found.dangling,
        "missing": found.missing,
        "unreached": unreached_files(found, folders),
        "test": {key: value for key, value in test.items() if key != "note"},
        "user": _user(one, table, workers, found.files, program.built),
        "workers": workers,
        "listening": held or [],
        "loaded": min((worker["started"] for worker in workers), default=None),
        "changed": changes(found),
    }


def _user(one: Instance, table: ProcessTable, workers: list[Record], files: t.Mapping[str, str], built: t.Mapping[str, t.Any]) -> Record:
    """Return whom the workers run as; of an nginx that does not run, whom they would."""
    known = next((worker for worker in workers if worker["uid"] is not None), None)
    if known:
        return named_account(known["uid"], known["gid"], known["groups"])
    master = table.identity(one.master.pid) if one.master else None
    if master and master.uid != 0:
        return named_account(master.uid, master.gid, list(master.groups))
    return configured_account(one.arguments.globals, files, built)


def _needs() -> str:
    return "" if os.geteuid() == 0 else "root"


def _note_gaps(main: str, unreadable: t.Mapping[str, str], held: list[Record] | None, test: Record, notes: list[Note]) -> None:
    if unreadable:
        few = ", ".join(f"{path} ({why})" for path, why in list(unreadable.items())[:3])
        notes.append(note("nginx_unreadable", f"Of the configuration {main}, {len(unreadable)} files were not read: {few}.", _needs()))
    if held is None:
        notes.append(note("nginx_sockets", f"The sockets of the nginx of {main} cannot be seen.", _needs()))
    if test["note"]:
        notes.append(note("nginx_test", f"Whether nginx accepts {main} is not known: {test['note']}.", _needs()))
