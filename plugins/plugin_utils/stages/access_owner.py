# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``, continued: modes that would do, and owners that do not fit."""

from __future__ import annotations

import os
import re
import shlex
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_modes import (
    READ,
    SEARCH,
    WEB_ACCOUNTS,
    Account,
    bits,
    meant_for,
    rights,
    told,
    way,
    worker_account,
)
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_subjects import Refusal, in_tree
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

Document = t.Mapping[str, t.Any]
_USER = re.compile(r"^\s*user\s+([^;#]+);", re.MULTILINE)


class Reason(t.NamedTuple):
    """Why an owner does not fit.

    :ivar account: the web server account that the mode would admit, while nginx runs as another.
    :ivar beside: an entry of the same tree that the worker gets through by its owner or its group, which this one lacks; None without an account
        where nobody has the owner's number.
    :ivar through: ``owner`` or ``group``, of that entry.
    """

    account: str
    beside: Document | None
    through: str


def reason(site: SiteView, refusal: Refusal) -> Reason | None:
    """Tell whether owner or group do not fit, and not the mode."""
    worker = worker_account(t.cast("Document", site.nginx))
    if worker is None or bits(refusal.entry) is None:
        return None
    account = meant_for(refusal.entry, refusal.bit, worker)
    if account:
        return Reason(account, None, "")
    mode = bits(refusal.entry) or 0
    for other, bit in [*((entry, SEARCH) for entry in reversed(refusal.above)), *_files_beside(site, refusal)]:
        through = "" if other.get("link") else way(other, worker, bit)
        if through in ("owner", "group") and worker.uid != 0 and mode >> (6 if through == "owner" else 3) & refusal.bit:
            return Reason("", other, through)
    return Reason("", None, "") if _is_nobodys(refusal) else None


def _is_nobodys(refusal: Refusal) -> bool:
    """Tell whether owner and group are numbers that this host has no names for, and the mode is theirs: an archive of another machine."""
    entry, mode = refusal.entry, bits(refusal.entry) or 0
    nameless = str(entry.get("owner")) == str(entry.get("uid")) and str(entry.get("group")) == str(entry.get("gid"))
    return nameless and entry.get("uid") is not None and bool(mode >> 3 & refusal.bit)


def _files_beside(site: SiteView, refusal: Refusal) -> list[tuple[Document, int]]:
    """Return what is known of other files of the tree."""
    if refusal.bit != READ or not in_tree(site, refusal.entry["path"]):
        return []
    return [
        (known, READ)
        for path, known in (site.look.get("paths") or {}).items()
        if known.get("kind") == "file" and in_tree(site, known.get("realpath") or path)
    ]


def findings(site: SiteView, refusals: t.Sequence[tuple[Refusal, Reason]]) -> list[Finding]:
    """Name each owner that does not fit, once."""
    groups: dict[tuple[t.Any, ...], list[tuple[Refusal, Reason]]] = {}
    for refusal, why in refusals:
        key = (why.account,) if why.account else (refusal.entry.get("owner"), refusal.entry.get("group"))
        groups.setdefault(key, []).append((refusal, why))
    return [_finding(site, hit) for hit in groups.values()]


def _finding(site: SiteView, hit: t.Sequence[tuple[Refusal, Reason]]) -> Finding:
    entry, why = hit[0][0].entry, hit[0][1]
    worker = t.cast("Account", worker_account(t.cast("Document", site.nginx)))
    paths = list(dict.fromkeys(refusal.entry["path"] for refusal, _why in hit))
    more = f" {some(len(paths) - 1, 'more path', paths[1:])} of this kind." if paths[1:] else ""
    user = user_directive(t.cast("Document", site.nginx))
    if why.account:
        message = (
            f"{told(entry)} is open for the web server account {why.account}, but nginx's workers run as {worker.name}"
            f"{f' (`{user[0]}` at {user[1]})' if user[0] else ', for there is no user directive'}.{more}"
        )
        fix = _fix_account(site, why.account, worker, paths)
    elif why.beside is None:
        message = f"{told(entry)} belongs to a user and a group that this host does not know, and its mode is for these.{more}"
        user_name, group = str(site.application.get("user") or "root"), worker.name
        fix = f"sudo chown -R {shlex.quote(user_name)}:{shlex.quote(group)} {shlex.quote(_top(site, paths))}"
    else:
        other = why.beside
        message = (
            f"{told(entry)} belongs to others than {told(other)}, which nginx's worker ({worker.name}) gets through by its {why.through}: "
            f"the mode would do, owner and group do not. A collectstatic with sudo makes such files.{more}"
        )
        owner = f"{other['owner']}:{other['group']}" if why.through == "owner" else f":{other['group']}"
        fix = f"sudo chown -R {shlex.quote(owner)} {shlex.quote(_top(site, paths))}"
        if site.application.get("user") not in (None, "", "root"):
            fix += f"\nand run collectstatic as {site.application['user']}, not as root"
    return dict(
        finding(
            "wrong_owner",
            "access",
            message,
            fix,
            {"path": entry["path"], **rights(entry), "worker": worker.name, "user_directive": user[0], "at": user[1], "paths": paths[:20]},
        ),
        urls=list(dict.fromkeys(refusal.subject.url for refusal, _why in hit)),
    )


def _fix_account(site: SiteView, account: str, worker: Account, paths: t.Sequence[str]) -> str:
    """An account that is no web server's is a mistake of the configuration; of two web servers' accounts, the files have the wrong one."""
    user = user_directive(t.cast("Document", site.nginx))
    if worker.name in WEB_ACCOUNTS:
        top = shlex.quote(_top(site, paths))
        return f"sudo chgrp -R {shlex.quote(worker.name)} {top} && sudo chmod -R g+rX {top}"
    where = f"In {user[1]} write" if user[0] else f"At the top of {t.cast('Document', site.nginx)['main']} write"
    return f"{where}: user {account};\nthen {command(t.cast('Document', site.nginx), 'reload')}"


def _top(site: SiteView, paths: t.Sequence[str]) -> str:
    """Return the folder whose owner is to be changed: the one that refuses, or STATIC_ROOT where several places of it do."""
    if len(paths) == 1:
        return paths[0]
    return site.real(site.static_root) if all(in_tree(site, path) for path in paths) else os.path.commonpath(paths)


def user_directive(nginx: Document) -> tuple[str, str]:
    """Return nginx's ``user`` directive as it is written, and where; empty where there is none."""
    main = nginx.get("main") or ""
    for path in [main, *(nginx.get("files") or {})]:
        text = (nginx.get("files") or {}).get(path, "")
        match = _USER.search(text)
        if match:
            line = text.count("\n", 0, match.start(1)) + 1
            return f"user {' '.join(match.group(1).split())}", f"{path}:{line}"
    return "", ""
