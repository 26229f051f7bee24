# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``, continued: static files that come through a proxy which has no room for them."""

from __future__ import annotations

import os
import re
import shlex
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

Document = t.Mapping[str, t.Any]
HANDLERS = {"proxy_pass": "proxy", "uwsgi_pass": "uwsgi", "fastcgi_pass": "fastcgi", "scgi_pass": "scgi"}
_LOGGED = re.compile(
    r'open\(\) "(?P<path>[^"]+)" failed \((?:13: Permission denied|30: Read-only file system|28: No space left on device)\) while reading upstream'
)


def findings(site: SiteView) -> list[Finding]:
    """Name the folder that the worker cannot write a proxied body to."""
    by_folder: dict[str, tuple[str, Document, list[Target]]] = {}
    for target in site.targets:
        module = HANDLERS.get(target.route.handler or "") if target.route and target.route.outcome == "proxy" else None
        if module is None or not _buffers_to_disk(target, module) or site.blamed(target.url):
            continue
        for folder in _folders(site, target, module):
            why = _refused(site, folder, target)
            if why is not None:
                by_folder.setdefault(folder, (module, why, []))[2].append(target)
    return [_finding(site, folder, module, why, hit) for folder, (module, why, hit) in by_folder.items()]


def _buffers_to_disk(target: Target, module: str) -> bool:
    """Tell whether what does not fit into memory goes to a file."""
    route = t.cast("t.Any", target.route)
    buffering, size = route.effective(f"{module}_buffering"), route.effective(f"{module}_max_temp_file_size")
    off = bool(buffering) and buffering[-1].arguments[:1] == ["off"]
    return not off and not (bool(size) and re.fullmatch(r"0+[kKmMgG]?", "".join(size[-1].arguments)))


def _folders(site: SiteView, target: Target, module: str) -> list[str]:
    route, nginx = t.cast("t.Any", target.route), t.cast("Document", site.nginx)
    given = route.effective(f"{module}_temp_path")
    folder = given[-1].arguments[0] if given and given[-1].arguments else (nginx.get("built") or {}).get(f"http-{module}-temp-path", "")
    return [os.path.normpath(os.path.join(nginx.get("prefix") or "/", folder))] if folder else []


def _refused(site: SiteView, folder: str, target: Target) -> Document | None:
    """Return why the worker cannot write to a folder; None where it can, or where nothing tells."""
    known = ((site.look.get("writable") or {}).get(t.cast("Document", site.nginx)["id"]) or {}).get(folder) or {}
    if known.get("writes") is False:
        return known
    cut = bool(target.answer and target.answer["status"] == 200 and target.answer.get("complete") is False)
    line = next(
        (line for line in reversed(site.look.get("logs") or ()) for found in [_LOGGED.search(line)] if found and _within(found["path"], folder)), ""
    )
    return {"error": "EACCES", "log": line} if line and cut else None


def _within(path: str, folder: str) -> bool:
    return os.path.normpath(path).startswith(folder.rstrip("/") + "/")


def _finding(site: SiteView, folder: str, module: str, why: Document, hit: list[Target]) -> Finding:
    nginx = t.cast("Document", site.nginx)
    user = str((nginx.get("user") or {}).get("name") or "the worker")
    at = why.get("refused_at") or folder
    cut = [target for target in hit if target.answer and target.answer.get("complete") is False]
    seen = (
        f"{cut[0].url} was cut after {cut[0].answer['length']} bytes"
        if cut and cut[0].answer
        else "bodies that do not fit into memory are cut, while small ones arrive"
    )
    route = t.cast("t.Any", hit[0].route)
    location = route.location
    place = f"{location.file}:{location.line}" if location else "the location of the application"
    if why.get("error") == "ENOSPC":
        fix = f"df -h {shlex.quote(folder)}, and make room there"
    else:
        fix = f"sudo chown -R {shlex.quote(user)} {shlex.quote(folder)} && sudo chmod -R u+rwX {shlex.quote(folder)}"
        if at != folder and not at.startswith(folder.rstrip("/") + "/"):
            # Behind the folder that refuses, the other one may do so as well; nginx itself gives it to the worker's user.
            fix = f"sudo chmod o+x {shlex.quote(at)}\n{fix}"
    return dict(
        finding(
            "proxy_temp_not_writable",
            "response",
            f"Static files come through {route.handler} ({place}), and nginx's worker ({user}) cannot write to {folder}, where it keeps what "
            "an upstream sends "
            f"faster than the client reads: {seen}.",
            f"{fix}\nor in {place} write: {module}_max_temp_file_size 0;\nthen {command(nginx, 'reload')}",
            {
                "folder": folder,
                "refused_at": at,
                "error": why.get("error"),
                "worker": user,
                "handler": route.handler,
                "at": place,
                "log": why.get("log", ""),
            },
        ),
        urls=[target.url for target in hit],
    )
