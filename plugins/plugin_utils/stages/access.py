# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``: may the nginx worker, as it really runs, traverse and read the path?"""

from __future__ import annotations

import collections
import os
import shlex
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.module_utils.static_repairs import write
from ansible_collections.webops.django.plugins.module_utils.static_settings_findings import settings_findings
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_mapping import alias_line
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages import access_links, access_owner, access_policy
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_modes import (
    READ,
    SEARCH,
    Account,
    bits,
    class_of,
    grants,
    rights,
    told,
    worker_account,
)
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_subjects import Refusal, in_tree, refusals_of, subjects
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command, restart

Document = t.Mapping[str, t.Any]


def findings(site: SiteView) -> list[Finding]:
    """Name what keeps the worker from the files that it has to send."""
    if site.nginx is None:
        return []
    asked = subjects(site)
    links = access_links.findings(site, asked)
    linked = {url for item in links for url in item["urls"]}
    policy = access_policy.findings(site, [subject for subject in asked if subject.url not in linked])
    hidden = {url for item in policy if item["code"] == "systemd_sandbox" for url in item["urls"]}
    refusals = _not_by_setting(site, [refusal for subject in asked for refusal in refusals_of(site, subject, subject.url in hidden)])
    judged = [(refusal, access_owner.reason(site, refusal)) for refusal in refusals]
    owners = [(refusal, why) for refusal, why in judged if why is not None]
    plain = [refusal for refusal, why in judged if why is None]
    # What the kernel meets first: the worker's view, then folders, files and links on the way, then policies, which are asked last.
    sandbox, rest = [item for item in policy if item["code"] == "systemd_sandbox"], [item for item in policy if item["code"] != "systemd_sandbox"]
    return [*sandbox, *access_owner.findings(site, owners), *_closed_folders(site, plain), *_closed_files(site, plain), *links, *rest]


def _not_by_setting(site: SiteView, refusals: list[Refusal]) -> list[Refusal]:
    """Leave out modes that the stage ``settings`` has named: what a setting gives to files or folders needs no other name."""
    given = {
        ("DIRECTORY" in item["evidence"]["setting"].upper(), int(item["evidence"]["mode"], 8) & 0o777)
        for item in (settings_findings(site.static) if site.static else ())
        if item["code"] == "upload_permissions_setting"
    }
    return [
        refusal
        for refusal in refusals
        if not in_tree(site, refusal.entry["path"]) or (refusal.bit == SEARCH, (bits(refusal.entry) or 0) & 0o777) not in given
    ]


def _closed_folders(site: SiteView, refusals: t.Sequence[Refusal]) -> list[Finding]:
    hit = [refusal for refusal in refusals if refusal.bit == SEARCH]
    if not hit:
        return []
    counted = collections.Counter(refusal.entry["path"] for refusal in hit)
    # What the kernel met first comes first, then what closes the most.
    folders = sorted(counted, key=lambda path: (-counted[path], path.count("/"), path))
    entries = {refusal.entry["path"]: refusal.entry for refusal in hit}
    first = entries[folders[0]]
    account = worker_account(t.cast("Document", site.nginx))
    who = account.name if account else "the worker"
    files = [refusal for refusal in refusals if refusal.bit == READ and _is_below(refusal, folders)]
    whole_tree = [path for path in folders if in_tree(site, path)]
    more = f" So are {some(len(folders) - 1, 'more folder', folders[1:])}." if folders[1:] else ""
    return [
        dict(
            finding(
                "dir_not_traversable",
                "access",
                f"The folder {told(first)} does not let nginx's worker ({who}) through, so it can open nothing below it"
                f"{', whatever the modes of the files themselves are' if not (whole_tree and files) else ''}.{more}",
                _fix(site, [entries[path] for path in folders], account, bool(whole_tree and files)),
                {
                    "folder": first["path"],
                    **rights(first),
                    "worker": who,
                    "folders": [{"path": path, **rights(entries[path])} for path in folders[:20]],
                },
            ),
            urls=list(dict.fromkeys(refusal.subject.url for refusal in hit)),
        )
    ]


def _is_below(refusal: Refusal, folders: t.Sequence[str]) -> bool:
    return any(refusal.entry["path"].startswith(folder.rstrip("/") + "/") for folder in folders)


def _fix(site: SiteView, folders: t.Sequence[Document], account: Account | None, files_too: bool) -> str:
    """Least privilege: search of the folders that are named, and, of a tree that is served, reading it."""
    above = [entry for entry in folders if not in_tree(site, entry["path"])]
    inside = [entry for entry in folders if in_tree(site, entry["path"])]
    if any(entry["path"] == "/root" for entry in above):
        # Nobody should open root's home for a web server.
        return _move(site)
    lines = grants(above, account, "x")
    if inside and (files_too or len(inside) > 3):
        # One folder of each kind stands for the whole tree.
        kinds = {(bool(entry.get("acl")), class_of(entry, account)): dict(entry, path=site.real(site.static_root)) for entry in inside}
        lines += grants(kinds.values(), account, "rX", "-R ")
    else:
        lines += grants(inside, account, "x")
    if any(line.startswith("sudo chmod o+x ") for line in lines) and above:
        names = " ".join(shlex.quote(entry["path"]) for entry in above)
        lines.append(f"or, for nginx alone: sudo setfacl -m u:{account.name if account else 'www-data'}:x {names}")
    return "\n".join(lines)


def _move(site: SiteView) -> str:
    """Return how to collect into a folder that is for web servers."""
    folder = f"/var/www/{site.name.partition(' ')[0]}/static"
    collect = str(site.static.get("collect_command") or "python manage.py collectstatic --noinput")
    lines = [f"sudo mkdir -p {shlex.quote(folder)}", write(site.static, f'STATIC_ROOT = "{folder}"') if site.static else "", collect]
    mapped = [target.route for target in site.targets if target.route and target.route.mapping and target.route.location]
    if mapped:
        mapping, location = t.cast("t.Any", mapped[0].mapping), mapped[0].location
        lines.append(f"In {mapping.file}:{mapping.line} write: {alias_line(location, folder)}")
        lines.append(f"then {command(t.cast('Document', site.nginx), 'reload')}")
    return "\n".join(line for line in [*lines, f"then {restart(site.application)}"] if line)


def _closed_files(site: SiteView, refusals: t.Sequence[Refusal]) -> list[Finding]:
    """Name files that only their own mode closes. What lies below a closed folder of the tree is opened with it."""
    folders = [refusal.entry["path"] for refusal in refusals if refusal.bit == SEARCH and in_tree(site, refusal.entry["path"])]
    hit = [refusal for refusal in refusals if refusal.bit == READ and not _is_below(refusal, folders)]
    if not hit:
        return []
    entries = {refusal.entry["path"]: refusal.entry for refusal in hit}
    first = hit[0].entry
    account = worker_account(t.cast("Document", site.nginx))
    who = account.name if account else "the worker"
    names = sorted(entries)
    mend = "\n".join(_open_many([entries[name] for name in names], account))
    return [
        dict(
            finding(
                "file_not_readable",
                "access",
                f"nginx's worker ({who}) gets through every folder, but may not read {some(len(names), 'file', names)}: {told(first)}.",
                mend,
                {"file": first["path"], **rights(first), "worker": who, "acl": bool(first.get("acl")), "files": names[:20]},
            ),
            urls=list(dict.fromkeys(refusal.subject.url for refusal in hit)),
        )
    ]


def _open_many(files: t.Sequence[Document], account: Account | None) -> list[str]:
    lines = grants(files, account, "r")
    if len(files) <= 3:
        return lines
    folder = shlex.quote(os.path.commonpath([entry["path"] for entry in files]))
    kinds = {(bool(entry.get("acl")), class_of(entry, account)) for entry in files}
    who = account.name if account else "www-data"
    return [
        f"sudo find {folder} -type f -exec setfacl -m u:{who}:r {{}} +"
        if acl
        else f"sudo find {folder} -type f ! -perm -{kind}=r -exec chmod {kind}+r {{}} +"
        for acl, kind in sorted(kinds)
    ]
