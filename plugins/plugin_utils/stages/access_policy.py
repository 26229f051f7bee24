# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``access``, continued: what refuses though owner and mode do not: a unit's sandbox, SELinux, AppArmor."""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_modes import SEARCH, way, worker_account
from ansible_collections.webops.django.plugins.plugin_utils.stages.access_subjects import Subject

Document = t.Mapping[str, t.Any]

READABLE_TYPES = frozenset(
    "bin_t cert_t etc_t fonts_t httpd_cache_t httpd_config_t httpd_sys_content_t httpd_sys_htaccess_t httpd_sys_ra_content_t httpd_sys_rw_content_t "
    "httpd_tmp_t httpd_var_lib_t httpd_var_run_t lib_t locale_t public_content_rw_t public_content_t root_t shell_exec_t textrel_shlib_t "
    "usr_t".split()
)
"""Types that the reference policy lets httpd_t read (httpd_selinux(8)); httpd_*_content_t of modules come on top."""
_CONTENT = re.compile(r"httpd_\w*content(?:_r[aw]|_rw)?_t$|httpd_\w*(?:rw|ra)_content_t$")
BOOLEANS = {
    "user_home_t": "httpd_read_user_content",
    "user_home_dir_t": "httpd_enable_homedirs",
    "nfs_t": "httpd_use_nfs",
    "cifs_t": "httpd_use_cifs",
    "fusefs_t": "httpd_use_fusefs",
}
"""Types that a boolean opens."""
CLOSED_FOLDERS = frozenset(("admin_home_t", "container_file_t", "default_t", "unlabeled_t", "user_home_dir_t", "user_home_t"))
"""Types of folders that httpd_t may not even pass. Others, such as var_t and home_root_t, it may."""
SHARED_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108
DENIED = "(13: Permission denied)"


def findings(site: SiteView, subjects: t.Sequence[Subject]) -> list[Finding]:
    """Name what refuses beyond owner and mode."""
    return [*_sandbox(site, subjects), *_selinux(site, subjects), *_apparmor(site, subjects)]


def _sandbox(site: SiteView, subjects: t.Sequence[Subject]) -> list[Finding]:
    hit = [subject for subject in subjects if _is_hidden(site, subject)]
    if not hit:
        return []
    said = t.cast("Document", site.worker(hit[0].path))
    nginx = t.cast("Document", site.nginx)
    at = said.get("refused_at") or hit[0].path
    setting, line, why = _setting(at)
    unit = nginx.get("unit") or "nginx.service"
    drop_in = f"/etc/systemd/system/{unit}.d/static-files.conf"
    return [
        dict(
            finding(
                "systemd_sandbox",
                "access",
                f"{hit[0].path} is there for this host{_and_open(said)}, but in the worker's own view of the file system "
                f"{at} is {'not there' if said.get('error') == 'ENOENT' else 'closed'}: {setting} of {unit} {why}.",
                f"sudo mkdir -p {shlex.quote(drop_in.rpartition('/')[0])} && "
                f"printf '[Service]\\n{line.format(root=site.static_root or at)}\\n' | sudo tee {drop_in} && "
                f"sudo systemctl daemon-reload && sudo systemctl restart {unit}\n(systemctl cat {unit} shows where {setting} is set)",
                {"path": hit[0].path, "hidden_at": at, "error": said.get("error"), "unit": unit, "setting": setting},
            ),
            urls=[subject.url for subject in hit],
        )
    ]


def _and_open(said: Document) -> str:
    return ", and its modes let nginx's worker in" if said.get("in_host_view") else ""


def _is_hidden(site: SiteView, subject: Subject) -> bool:
    """Tell whether the worker's own mount namespace refuses what the host's would allow.

    A container has another root folder: what it lacks is no unit's doing.
    """
    said = site.worker(subject.path)
    if not said or said.get("opens") is not False or said.get("own_root"):
        return False
    if said.get("in_host_view") is True:
        return True
    nginx = t.cast("Document", site.nginx)
    account = worker_account(nginx)
    if account is None or not any(worker.get("own_view") for worker in nginx.get("workers") or ()):
        return False
    if said.get("error") == "ENOENT":
        # Both views refuse, but what is there for the host is not there for the worker at all.
        return bool(site.exists(subject.path)) and said.get("host_error") not in ("ENOENT", None)
    if said.get("error") != "EACCES":
        return False
    # Both views refuse, but at different places: the host's modes would let the worker pass where its own view stops it.
    chain = (site.path(subject.path) or {}).get("chain") or ()
    entry = next((item for item in chain if item["path"] == said.get("refused_at")), None)
    return entry is not None and said.get("refused_what") == "search" and not entry.get("acl") and bool(way(entry, account, SEARCH))


def _setting(path: str) -> tuple[str, str, str]:
    """Return which setting of a unit hides a path, the line that mends it, and what it does (systemd.exec(5))."""
    top = "/" + path.strip("/").partition("/")[0]
    if top in ("/home", "/root") or path.startswith("/run/user"):
        return "ProtectHome", "ProtectHome=read-only", "hides home folders"
    if path.startswith(SHARED_TEMPORARY):
        return "PrivateTmp", "PrivateTmp=no", "gives the unit a folder of its own instead"
    return "InaccessiblePaths (or TemporaryFileSystem, RootDirectory)", "InaccessiblePaths=\\nBindReadOnlyPaths={root}", "hides it"


def _refused_though_open(site: SiteView, subject: Subject) -> bool:
    """Tell whether nginx refused a file that its user may open: only a policy is left to explain that."""
    target, said = subject.target, site.worker(subject.path)
    if target is None or not said or site.blamed(target.url) or said.get("opens") is not True or not target.answer or not target.route:
        return False
    answer = target.answer
    if target.route.outcome != "file" or not site.same(subject.path, target.route.path or ""):
        return False
    logged = any(DENIED in line and subject.path in line for line in site.look.get("logs") or ())
    return answer["server"] != "app" and (answer["status"] == 403 or (answer["status"] in (404, 500) and (logged or bool(target.route.tries))))


def _selinux(site: SiteView, subjects: t.Sequence[Subject]) -> list[Finding]:
    if site.host.get("selinux") != "enforcing":
        return []
    hit = [(subject, label) for subject in subjects for label in [_wrong_label(site, subject)] if label]
    if not hit:
        return []
    subject, label = hit[0]
    kind = _type(label)
    root = (site.real(site.static_root) if site.static_root else subject.path.rpartition("/")[0]).rstrip("/")
    fix = f"sudo semanage fcontext -a -t httpd_sys_content_t '{root}(/.*)?' && sudo restorecon -Rv {shlex.quote(root)}"
    if kind in BOOLEANS:
        fix += f"\nor, for all such files: sudo setsebool -P {BOOLEANS[kind]} on"
    return [
        dict(
            finding(
                "selinux",
                "access",
                f"SELinux is enforcing, and {subject.path} has the label {label}: nginx (httpd_t) may not read the type {kind}, whatever the "
                "modes say.",
                fix,
                {"path": subject.path, "label": label, "worker_label": _worker_label(site), "static_root": root},
            ),
            urls=[item.url for item, _label in hit],
        )
    ]


def _worker_label(site: SiteView) -> str:
    return str(next((worker.get("selinux") for worker in (site.nginx or {}).get("workers") or () if worker.get("selinux")), ""))


def _wrong_label(site: SiteView, subject: Subject) -> str:
    """Return the label that keeps a confined nginx out; empty where none does, or nothing shows that nginx is confined."""
    known = site.path(subject.path) or {}
    own = str(known.get("selinux") or "")
    folders = [str((site.path(entry["path"]) or entry).get("selinux") or "") for entry in (known.get("chain") or ())[:-1]]
    wrong = own if own and not _is_readable(own) else next((label for label in folders if _type(label) in CLOSED_FOLDERS), "")
    confined = _type(_worker_label(site)) in ("httpd_t", "nginx_t") and (_type(wrong) not in BOOLEANS or not site.blamed(subject.url))
    return wrong if confined or _refused_though_open(site, subject) else ""


def _type(label: str) -> str:
    """Return the type of a label such as ``system_u:object_r:var_t:s0``."""
    parts = label.split(":")
    return parts[2] if len(parts) > 2 else label


def _is_readable(label: str) -> bool:
    return _type(label) in READABLE_TYPES or bool(_CONTENT.match(_type(label)))


def _apparmor(site: SiteView, subjects: t.Sequence[Subject]) -> list[Finding]:
    profile = next((worker.get("apparmor") for worker in (site.nginx or {}).get("workers") or () if worker.get("apparmor")), "")
    if not profile or not str(profile).endswith("(enforce)"):
        return []
    hit = [subject for subject in subjects if _refused_though_open(site, subject)]
    if not hit:
        return []
    name = str(profile).rpartition(" ")[0]
    file = name.strip("/").replace("/", ".")
    root = (site.real(site.static_root) if site.static_root else hit[0].path.rpartition("/")[0]).rstrip("/")
    logged = [line for line in site.look.get("logs") or () if ("DENIED" in line or DENIED in line) and root in line]
    return [
        dict(
            finding(
                "apparmor",
                "access",
                f"nginx is confined by the AppArmor profile {name}, which does not allow {hit[0].path}: owner and mode of the file and of its "
                "folders let the "
                f"worker in, and yet it is refused.",
                f"printf '  {root}/** r,\\n' | sudo tee -a /etc/apparmor.d/local/{file} && sudo apparmor_parser -r /etc/apparmor.d/{file}",
                {"path": hit[0].path, "profile": profile, "log": logged[:3]},
            ),
            urls=[subject.url for subject in hit],
        )
    ]
