# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``response``, continued: bodies that are not the file's."""

from __future__ import annotations

import os
import shlex
import typing as t
from urllib.parse import quote

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView, Target
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_subjects import is_nginx_meant
from ansible_collections.webops.django.plugins.plugin_utils.stages.page_names import is_known
from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

SUFFIXES = {"gzip": ".gz", "br": ".br", "zstd": ".zst"}
DIRECTIVES = {"gzip": "gzip_static", "br": "brotli_static", "zstd": "zstd_static"}
SHARED_BY_HYPERVISOR = ("vboxsf", "prl_fs", "vmhgfs", "fuse.vmhgfs-fuse", "vmhgfs-fuse", "9p", "virtiofs", "fuse.prl_fsd")
"""File systems whose pages the kernel may keep after the hypervisor's side has changed, so that sendfile(2) sends old ones."""


def findings(site: SiteView) -> list[Finding]:
    """Name compressed siblings that are out of date, and a shared folder whose pages are."""
    return [*_stale(site), *_shared_folder(site)]


def _stale(site: SiteView) -> list[Finding]:
    """Encoded answers that hold other bytes; and siblings of which nginx would send such ones."""
    siblings: dict[str, str] = {}
    for target in site.targets:
        encodings = _differs(target) if target.served else []
        siblings.update({_sibling(target, encoding): target.url for encoding in encodings})
    for path, encoding in _in_tree(site):
        url = _url_of(site, path)
        if not (site.blamed(url) and site.blame[url] == "stale_precompressed"):
            siblings.setdefault(path + SUFFIXES.get(encoding, ""), url)
    if not siblings:
        return []
    first = next(iter(siblings))
    directive = _directive(site, first)
    by_application = not directive
    kind = "br" if first.endswith(".br") else "gzip"
    how = f"`{directive[0]}` at {directive[1]} makes nginx send it" if directive else "the server sends it"
    return [
        dict(
            finding(
                "stale_precompressed",
                "response",
                f"{first} holds other bytes than {first.rpartition('.')[0]}, and {how} to every browser that takes {kind}: browsers get an old "
                "file where "
                f"curl gets the new one. {some(len(siblings), 'sibling', list(siblings))} of this kind.",
                _mend(list(siblings)),
                {
                    "sibling": first,
                    "file": first.rpartition(".")[0],
                    "directive": directive[0] if directive else "",
                    "at": directive[1] if directive else "",
                    "server": "app" if by_application else "nginx",
                },
            ),
            urls=list(dict.fromkeys(siblings.values())),
        )
    ]


def _differs(target: Target) -> list[str]:
    encoded = (target.answer or {}).get("encoded") or {}
    return [name for name, got in encoded.items() if got.get("status") == 200 and got.get("matches") is False]


def _sibling(target: Target, encoding: str) -> str:
    path = (target.route.path if target.route else None) or target.expected["collected"] or target.path
    return f"{path}{SUFFIXES.get(encoding, '.' + encoding)}"


def _in_tree(site: SiteView) -> t.Iterator[tuple[str, str]]:
    """Yield files of STATIC_ROOT whose siblings are stale and are sent: only where nginx is told to look for siblings."""
    tree = (site.look.get("trees") or {}).get(os.path.normpath(site.static_root)) if site.static_root else None
    if not tree:
        return
    on = {
        encoding
        for encoding, name in DIRECTIVES.items()
        if any(is_nginx_meant(site, target) and _is_on(target.route.effective(name)) for target in site.targets if target.route)
    }
    for item in tree.get("stale_siblings") or ():
        suffix = SUFFIXES.get(item["encoding"], "")
        path = item["path"][: -len(suffix)] if suffix and item["path"].endswith(suffix) else item["path"]
        if item["encoding"] in on and is_known(site, os.path.relpath(path, site.static_root)):
            yield path, item["encoding"]


def _is_on(directives: t.Sequence[t.Any]) -> bool:
    return bool(directives) and directives[-1].arguments[:1] in (["on"], ["always"])


def _url_of(site: SiteView, path: str) -> str:
    return site.static_url + quote(os.path.relpath(path, site.static_root), errors="surrogateescape")


def _directive(site: SiteView, sibling: str) -> tuple[str, str] | None:
    name = next((DIRECTIVES[encoding] for encoding, suffix in SUFFIXES.items() if sibling.endswith(suffix)), "gzip_static")
    for target in site.targets:
        found = target.route.effective(name) if target.route and target.route.outcome != "proxy" else []
        if _is_on(found):
            return f"{name} {found[-1].arguments[0]}", f"{found[-1].file}:{found[-1].line}"
    return None


def _mend(siblings: list[str]) -> str:
    if len(siblings) <= 10:
        names = [shlex.quote(name) for name in siblings]
        gz = [name[: -len(".gz")] if name == shlex.quote(name) else name for name in names if name.rstrip("'").endswith(".gz")]
        remove = f"sudo rm {' '.join(names)}"
        again = (
            f"\nor, to have them made anew: sudo gzip -9kf {' '.join(gz)}" if len(gz) == len(names) and all("'" not in name for name in gz) else ""
        )
        return remove + again
    folder = os.path.commonpath([os.path.dirname(name) for name in siblings])
    return (
        f"sudo find {shlex.quote(folder)} -type f \\( -name '*.gz' -o -name '*.br' \\) -delete, then compress anew, after every collectstatic: "
        f"find {shlex.quote(folder)} -type f \\( -name '*.css' -o -name '*.js' -o -name '*.svg' \\) -exec gzip -9kf {{}} +"
    )


def _shared_folder(site: SiteView) -> list[Finding]:
    """Right size, wrong bytes, from a file system that a hypervisor shares, with sendfile on."""
    hit = []
    for target in site.targets:
        mount = _mount(site, target)
        on = target.route.effective("sendfile") if target.route and target.route.outcome == "file" else []
        if mount and _is_on(on) and _same_size_other_bytes(target) and not site.blamed(target.url):
            hit.append((target, mount, on[-1]))
    if not hit:
        return []
    target, mount, directive = hit[0]
    location = target.route.location if target.route else None
    where = f"{directive.file}:{directive.line}"
    place = f"{location.file}:{location.line}" if location else where
    return [
        dict(
            finding(
                "sendfile_vm_shared_folder",
                "response",
                f"{target.url} has the right size and other bytes than its file, which lies on {mount['point']}, a folder that a hypervisor shares "
                f"({mount['type']}): with `sendfile on` ({where}) the kernel sends pages that it kept from before the file changed.",
                f"In {place} write: sendfile off;\nthen {command(t.cast('t.Any', site.nginx), 'reload')}",
                {"mount": mount["point"], "type": mount["type"], "directive": "sendfile on", "at": where, "size": target.expected["size"]},
            ),
            urls=[item.url for item, _mount_, _directive_ in hit],
        )
    ]


def _mount(site: SiteView, target: Target) -> t.Mapping[str, t.Any] | None:
    paths = [target.route.path if target.route else None, target.expected["collected"], site.static_root]
    mounts = [(site.path(path) or {}).get("mount") for path in paths if path]
    return next((mount for mount in mounts if mount and mount.get("type") in SHARED_BY_HYPERVISOR), None)


def _same_size_other_bytes(target: Target) -> bool:
    answer = target.answer
    return bool(answer and answer["status"] == 200 and answer["matches"] is False and answer["length"] == target.expected["size"])
