# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence documents of a small shop behind nginx, healthy until a test says otherwise."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_site import SiteView
from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_sites import Hosts, fill_targets

ROOT = "/srv/shop/static"
MAIN = "/etc/nginx/nginx.conf"
SITE = "/etc/nginx/sites-enabled/shop"
BASE = "http://shop.example/"
STATIC = BASE + "static/"
NAMES = ("admin/css/base.css", "shop/app.js", "shop/logo.svg", "shop/site.css")
TYPES = {"css": "text/css", "js": "application/javascript", "mjs": "application/javascript", "svg": "image/svg+xml", "woff2": "font/woff2"}
MIME_TYPES = "types { text/css css; text/html html htm; application/javascript js; image/svg+xml svg; font/woff2 woff2; }"
LOCATIONS = f"location /static/ {{ alias {ROOT}/; }} location / {{ proxy_pass http://unix:/run/shop.sock; }}"
IDS = {"root": 0, "deploy": 1000, "www-data": 33, "nginx": 101, "nobody": 65534, "nogroup": 65534}
SHA = "a" * 64


def configuration(
    locations: str = LOCATIONS, server: str = "listen 80; server_name shop.example;", http: str = "include mime.types;", top: str = "user www-data;"
) -> dict[str, str]:
    """The files of a configuration, by path."""
    return {
        MAIN: f"{top}\nevents {{}}\nhttp {{\n{http}\ninclude {SITE};\n}}\n",
        "/etc/nginx/mime.types": MIME_TYPES,
        SITE: f"server {{\n{server}\n{locations}\n}}\n",
    }


def nginx(files: t.Mapping[str, str] | None = None, user: str = "www-data", groups: t.Sequence[int] = (), **more: t.Any) -> dict[str, t.Any]:
    """An NGINX record that runs."""
    uid = IDS[user]
    return {
        "id": "nginx",
        "running": True,
        "master_pid": 100,
        "unit": "nginx.service",
        "program": "/usr/sbin/nginx",
        "version": "1.22.1",
        "built": {"http-proxy-temp-path": "/var/lib/nginx/proxy", "error-log-path": "/var/log/nginx/error.log"},
        "arguments": [],
        "main": MAIN,
        "prefix": "/usr/share/nginx",
        "globals": "",
        "files": dict(files or configuration()),
        "unreadable": {},
        "links": {},
        "dangling": [],
        "unreached": {},
        "test": {"ran": True, "valid": True, "message": ""},
        "user": {"name": user, "uid": uid, "gid": uid, "groups": [uid, *groups]},
        "workers": [
            {"pid": 101, "uid": uid, "gid": uid, "groups": [uid, *groups], "started": 2000.0, "own_view": False, "apparmor": "", "selinux": ""}
        ],
        "listening": [{"address": "0.0.0.0", "port": 80}],
        "loaded": 2000.0,
        "changed": {SITE: 1000.0},
        **more,
    }


def static(**more: t.Any) -> dict[str, t.Any]:
    """What Django says."""
    nothing = {"count": 0, "examples": []}
    return {
        "django_version": "5.2",
        "settings_module": "shop.settings",
        "settings_file": "/srv/shop/shop/settings.py",
        "static_url": "/static/",
        "static_root": ROOT,
        "storage_location": ROOT,
        "storage": "django.contrib.staticfiles.storage.StaticFilesStorage",
        "storage_is_local": True,
        "storage_details": {"file_mode": 0o644, "folder_mode": None, "keeps_content": True, "names_as_django": False, "rewrites": []},
        "staticfiles_installed": True,
        "staticfiles_dirs": [],
        "staticfiles_finders": [],
        "staticfiles_storage_setting": "",
        "storages": {},
        "file_upload_permissions": 0o644,
        "file_upload_directory_permissions": None,
        "umask": 0o022,
        "group_is_private": True,
        "sources": [],
        "manifest_name": "",
        "manifest_path": "",
        "tree": {"missing": nothing, "different": nothing, "is_empty": False},
        "debug": False,
        "allowed_hosts": ["shop.example"],
        "force_script_name": None,
        "whitenoise": False,
        "project_path": "/srv/shop",
        "collect_command": "cd /srv/shop && python manage.py collectstatic --noinput",
        **more,
    }


def sample(name: str, served: str = "", **more: t.Any) -> dict[str, t.Any]:
    """A file that must be served."""
    path = served or name
    return {
        "path": path,
        "source_path": name,
        "app": name.partition("/")[0],
        "source": f"/srv/shop/{name}",
        "collected": f"{ROOT}/{path}",
        "state": "same",
        "size": 1000,
        "sha256": SHA,
        "hashed": bool(served),
        **more,
    }


def application(said: t.Mapping[str, t.Any] | None = None, names: t.Sequence[str | dict[str, t.Any]] = NAMES, **more: t.Any) -> dict[str, t.Any]:
    """An APPLICATION record."""
    return {
        "id": "shop",
        "kind": "gunicorn",
        "unit": "shop.service",
        "pids": [200],
        "master_pid": 200,
        "started": 1500.0,
        "command": ["gunicorn", "shop.wsgi"],
        "user": "deploy",
        "uid": 1000,
        "gid": 1000,
        "groups": [1000],
        "cwd": "/srv/shop",
        "python": "/srv/shop/venv/bin/python",
        "settings_module": "shop.settings",
        "project_path": "/srv/shop",
        "binds": [{"unix": "/run/shop.sock"}],
        "in_container": False,
        "environment_names": [],
        "static": dict(said) if said is not None else static(),
        "static_error": None,
        "sample": [name if isinstance(name, dict) else sample(name) for name in names],
        "files_total": len(names),
        "settings_changed": 1000.0,
        "manifest_changed": None,
        **more,
    }


def answer(name: str, status: int | None = 200, **more: t.Any) -> dict[str, t.Any]:
    """What a client got for a static file: the file itself, or an error page of nginx's."""
    right = status == 200
    url = name if "://" in name else STATIC + name
    return {
        "id": url,
        "site": "shop",
        "kind": "file",
        "url": url,
        "status": status,
        "error": "",
        "headers": {},
        "content_type": TYPES.get(name.rpartition(".")[2], "") if right else "text/html",
        "length": 1000 if right else 150,
        "complete": True,
        "sha256": SHA if right else "b" * 64,
        "start": "",
        "server": "nginx",
        "location": "",
        "expected": {"sha256": SHA, "size": 1000},
        "matches": right,
        "encoded": {},
        "paced": False,
        **more,
    }


def entry(path: str, mode: str = "0755", owner: str = "root", group: str = "", link: str | None = None, **more: t.Any) -> dict[str, t.Any]:
    """A component of a path."""
    group = group or owner
    return {"path": path, "mode": mode, "owner": owner, "group": group, "uid": IDS[owner], "gid": IDS[group], "link": link, "acl": False, **more}


def known(path: str, chain: t.Sequence[dict[str, t.Any]], said: t.Mapping[str, t.Any] | None = None, **more: t.Any) -> dict[str, t.Any]:
    """A PATH record of a file; what the chain does not tell is open for everybody."""
    real = more.pop("realpath", path)
    told = {item["path"]: item for item in chain if item["link"] or f"{real}/".startswith(item["path"].rstrip("/") + "/")}
    parts = real.strip("/").split("/")
    uppers = ["/", *("/" + "/".join(parts[: number + 1]) for number in range(len(parts)))]
    default = [told.pop(upper, entry(upper, "0644" if upper == real else "0755")) for upper in uppers]
    whole = sorted([*told.values(), *default], key=lambda item: (item["path"].count("/"), item["link"] is None))
    return {
        "path": path,
        "exists": True,
        "kind": "file",
        "real_kind": "file",
        "realpath": real,
        "mount": {"point": "/", "source": "/dev/sda1", "type": "ext4", "bind": False},
        "selinux": "",
        "chain": whole,
        "worker": {"nginx": dict(said or OPENS)},
        **more,
    }


OPENS = {"opens": True, "error": "", "refused_at": None, "refused_what": None, "in_host_view": None, "host_error": "", "own_root": False}


def refused(at: str, what: str | None = "search", error: str = "EACCES", **more: t.Any) -> dict[str, t.Any]:
    """What the kernel says where the worker may not open a path."""
    return {**OPENS, "opens": False, "error": error, "refused_at": at, "refused_what": what, **more}


def page(references: t.Sequence[dict[str, t.Any]] = (), url: str = BASE + "admin/login/", **more: t.Any) -> dict[str, t.Any]:
    """A PAGE record."""
    empty = {"meta_csp": [], "error_text": "", "mixed": [], "foreign": [], "limited": 0, "redirected_to": "", "headers": {}, "error": ""}
    return {"site": "shop", "url": url, "status": 200, "server": "app", "title": "Log in", "references": list(references), **empty, **more}


def reference(url: str, status: int | None = 200, kind: str = "stylesheet", **more: t.Any) -> dict[str, t.Any]:
    """A reference of a page."""
    absolute = url if "://" in url else BASE + url.lstrip("/")
    nothing = {"cors": None, "nonce": "", "integrity": "", "error": "", "matches": None, "server": "nginx", "mixed": False, "redirected_to": ""}
    return {"url": absolute, "raw": url, "kind": kind, "from": BASE + "admin/login/", "status": status, "content_type": "", **nothing, **more}


def document(
    web: t.Mapping[str, t.Any] | None = None,
    app: t.Mapping[str, t.Any] | None = None,
    answers: t.Sequence[dict[str, t.Any]] | None = None,
    host: t.Mapping[str, t.Any] | None = None,
    browser: t.Sequence[dict[str, t.Any]] = (),
    **look: t.Any,
) -> dict[str, t.Any]:
    """A whole document. Files that ``answers`` does not tell of are served."""
    shop = dict(app or application())
    got = {item["url"]: item for item in answers or ()}
    for item in shop["sample"]:
        got.setdefault(STATIC + item["path"], answer(item["path"]))
    return {
        "schema_version": 1,
        "host": {
            "hostname": "web1",
            "addresses": ["192.0.2.1"],
            "uid": 0,
            "is_root": True,
            "selinux": "",
            "apparmor": False,
            "container": "",
            "time": 3000.0,
            **(host or {}),
        },
        "notes": [],
        "nginx": [dict(web or nginx())],
        "applications": [shop],
        "unix_paths": {},
        "browser": list(browser),
        "look": {"paths": {}, "trees": {}, "writable": {}, "answers": list(got.values()), "pages": [], "logs": [], **look},
    }


def site_of(*arguments: t.Any, **options: t.Any) -> SiteView:
    """The one site of a document."""
    sites = Hosts(document(*arguments, **options)).sites()
    assert len(sites) == 1
    fill_targets(sites[0])
    return sites[0]


def paths_of(
    names: t.Sequence[str], chain: t.Sequence[dict[str, t.Any]], said: t.Mapping[str, t.Any] | None = None, root: str = ROOT, **more: t.Any
) -> dict[str, t.Any]:
    """PATH records of files of the tree, by path."""
    return {os.path.join(root, name): known(os.path.join(root, name), chain, said, **more) for name in names}


def codes(findings: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """The codes of findings."""
    return [item["code"] for item in findings]
