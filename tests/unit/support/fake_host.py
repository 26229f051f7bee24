# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evidence documents of a made-up host, as django_static_evidence gathers them: sound, but for what a test changes."""

from __future__ import annotations

import copy
import json
import pathlib
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis import STAGES, conclude
from jsonschema import Draft202012Validator

NAMES = ("admin/css/base.css", "admin/js/core.js", "shop/logo.png")
ROOT = "/srv/shop/static"
CONF = """
user www-data;
events {}
http {
    include /etc/nginx/mime.types;
    include /etc/nginx/sites-enabled/*;
}
"""
SITE = """
server {
    listen 80;
    server_name shop.example.com;
    location /static/ {
        alias /srv/shop/static/;
    }
    location / {
        proxy_pass http://127.0.0.1:8000;
    }
}
"""
MIME = "types { text/css css; text/javascript js; image/png png; text/html html; }\n"

STATIC: dict[str, t.Any] = {
    "django_version": "5.2",
    "python_version": "3.11.7",
    "settings_module": "shop.settings",
    "settings_file": "/srv/shop/shop/settings.py",
    "static_url": "/static/",
    "static_root": ROOT,
    "staticfiles_dirs": ["/srv/shop/assets"],
    "staticfiles_dirs_prefixed": [],
    "staticfiles_finders": [
        "django.contrib.staticfiles.finders.FileSystemFinder",
        "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    ],
    "staticfiles_installed": True,
    "staticfiles_storage_setting": "",
    "storages": {"staticfiles": {"backend": "django.contrib.staticfiles.storage.StaticFilesStorage", "location": ROOT, "options": []}},
    "file_upload_permissions": 0o644,
    "file_upload_directory_permissions": None,
    "whitenoise": False,
    "whitenoise_settings": {},
    "media_url": "/",
    "media_root": "",
    "debug": False,
    "allowed_hosts": ["shop.example.com"],
    "secret_key": "set",
    "force_script_name": None,
    "wsgi_application": "shop.wsgi.application",
    "asgi_application": "",
    "sqlite_databases": [],
    "storage": "django.contrib.staticfiles.storage.StaticFilesStorage",
    "storage_is_local": True,
    "storage_location": ROOT,
    "storage_error": "",
    "manifest_name": "",
    "manifest_path": "",
    "storage_details": {
        "file_mode": 0o644,
        "folder_mode": None,
        "rewrites": [],
        "keeps_content": True,
        "names_as_django": True,
        "keeps_only_hashed": False,
    },
    "finder_errors": [],
    "sources": [
        {"path": "/srv/shop/assets", "app": "", "prefix": ""},
        {"path": "/srv/shop/venv/django/contrib/admin/static", "app": "django.contrib.admin", "prefix": ""},
    ],
    "source_links": [],
    "not_found": [],
    "admin_login": "/admin/login/",
    "references": {"templates_count": 0, "style_sheets_count": 0, "unknown_count": 0, "unknown": []},
    "project_path": "/srv/shop",
    "user": "shop",
    "umask": 0o022,
    "group_is_private": True,
    "collect_command": "cd /srv/shop && python manage.py collectstatic --noinput",
    "files_count": 3,
    "apps": {},
    "shadowed": [],
    "manifest": {"path": "", "exists": False, "error": "", "hash": ""},
    "tree": {
        "path": ROOT,
        "exists": True,
        "is_folder": True,
        "readable": True,
        "is_empty": False,
        "compared_count": 3,
        **{
            state: {"count": 0, "examples": []}
            for state in ("missing", "no_file", "different", "not_in_manifest", "hashed_missing", "hashed_different")
        },
    },
    "tree_links": [],
    "build": {},
    "other_environment": None,
}


def nginx_record(**changes: t.Any) -> dict[str, t.Any]:
    """Return the record of an nginx that runs with a good configuration, newer than its files."""
    record: dict[str, t.Any] = {
        "id": "nginx",
        "running": True,
        "master_pid": 10,
        "unit": "nginx.service",
        "program": "/usr/sbin/nginx",
        "version": "1.22.1",
        "built": {"prefix": "/usr/share/nginx", "conf-path": "/etc/nginx/nginx.conf", "error-log-path": "/var/log/nginx/error.log", "modules": []},
        "arguments": [],
        "main": "/etc/nginx/nginx.conf",
        "prefix": "/usr/share/nginx",
        "globals": "",
        "files": {"/etc/nginx/nginx.conf": CONF, "/etc/nginx/mime.types": MIME, "/etc/nginx/sites-enabled/shop": SITE},
        "unreadable": {},
        "shortened": [],
        "links": {},
        "dangling": [],
        "missing": [],
        "unreached": {},
        "test": {"ran": True, "valid": True, "message": "", "file": None, "line": None},
        "user": {"name": "www-data", "uid": 33, "gid": 33, "groups": [33]},
        "workers": [
            {
                "pid": 11,
                "uid": 33,
                "gid": 33,
                "groups": [33],
                "started": 2000.0,
                "mount_namespace": "mnt:[1]",
                "own_view": False,
                "apparmor": "",
                "selinux": "",
            }
        ],
        "listening": [{"address": "0.0.0.0", "port": 80}],
        "loaded": 2000.0,
        "changed": {"/etc/nginx/nginx.conf": 1000.0, "/etc/nginx/sites-enabled/shop": 1000.0},
    }
    return {**record, **changes}


def sample(root: str = ROOT, names: t.Sequence[str] = NAMES, state: str = "same") -> list[dict[str, t.Any]]:
    """Return a sample of files."""
    return [
        {
            "path": name,
            "source_path": name,
            "app": "",
            "source": f"/srv/shop/assets/{name}",
            "collected": f"{root}/{name}" if root else "",
            "state": state,
            "size": 10,
            "sha256": "d" * 64,
            "hashed": False,
        }
        for name in names
    ]


def application(**changes: t.Any) -> dict[str, t.Any]:
    """Return the record of a Gunicorn on port 8000."""
    record: dict[str, t.Any] = {
        "id": "shop",
        "kind": "gunicorn",
        "unit": "shop.service",
        "pids": [20, 21],
        "master_pid": 20,
        "started": 2000.0,
        "command": ["gunicorn"],
        "user": "shop",
        "uid": 1001,
        "gid": 1001,
        "groups": [1001],
        "cwd": "/srv/shop",
        "python": "/srv/shop/venv/bin/python",
        "virtualenv": "/srv/shop/venv",
        "settings_module": "shop.settings",
        "wsgi": "shop.wsgi:application",
        "project_path": "/srv/shop",
        "binds": [{"address": "127.0.0.1", "port": 8000}],
        "in_container": False,
        "environment_names": [],
        "static": copy.deepcopy(STATIC),
        "static_error": None,
        "sample": sample(),
        "files_total": 3,
        "settings_changed": 1000.0,
        "manifest_changed": None,
    }
    return {**record, **changes}


def answer(url: str, status: int | None = 200, server: str = "nginx", matches: bool | None = True, **changes: t.Any) -> dict[str, t.Any]:
    """Return what a client got for a static URL."""
    record: dict[str, t.Any] = {
        "id": url,
        "site": "shop",
        "kind": "file",
        "url": url,
        "host": "",
        "connect": {"address": "127.0.0.1", "port": 80, "tls": False},
        "status": status,
        "error": "" if status else "refused",
        "headers": {},
        "content_type": "text/css",
        "length": 10,
        "complete": True,
        "sha256": None,
        "start": "",
        "server": server,
        "location": "",
        "expected": {},
        "matches": matches if status == 200 else (False if status else None),
        "encoded": {},
        "paced": False,
    }
    return {**record, **changes}


def path_record(path: str, exists: bool = True, kind: str = "file", opens: bool | None = True, **changes: t.Any) -> dict[str, t.Any]:
    """Return what is known of a path."""
    worker = {
        "opens": opens if exists else False,
        "error": "" if opens and exists else "EACCES" if exists else "ENOENT",
        "refused_at": None,
        "refused_what": None,
        "in_host_view": opens if exists else False,
        "host_error": "",
    }
    record: dict[str, t.Any] = {
        "path": path,
        "exists": exists,
        "kind": kind if exists else None,
        "realpath": path,
        "mode": "0644",
        "owner": "shop",
        "group": "shop",
        "uid": 1001,
        "gid": 1001,
        "size": 10,
        "mtime": 1000.0,
        "ctime": 1000.0,
        "inode": f"1:{hash(path) & 0xFFFF}",
        "acl": False,
        "selinux": "",
        "mount": None,
        "chain": [],
        "worker": {"nginx": worker},
    }
    return {**record, **changes}


class FakeHost:
    """A host with one site, whose files are a set of paths.

    :param site: nginx's server block.
    :param files: absolute paths of files; their folders exist, too.
    """

    def __init__(self, site: str = SITE, files: t.Iterable[str] = (), **static: t.Any) -> None:
        self.files = {f"{ROOT}/{name}" for name in NAMES} | set(files)
        self.nginx = nginx_record()
        self.nginx["files"]["/etc/nginx/sites-enabled/shop"] = site
        self.application = application()
        self.application["static"].update(static)
        self.answers: dict[str, dict[str, t.Any]] = {}
        self.pages: list[dict[str, t.Any]] = []
        self.paths: dict[str, dict[str, t.Any]] = {}
        self.host = "http://shop.example.com"
        self.default: dict[str, t.Any] = {"status": 200}

    def evidence(self) -> dict[str, t.Any]:
        """Return the document."""
        static_url = self.application["static"]["static_url"]
        urls = [f"{self.host}{static_url}{item['path']}" for item in self.application["sample"]]
        return copy.deepcopy(
            {
                "schema_version": 1,
                "host": {
                    "hostname": "web1",
                    "addresses": ["10.0.0.5"],
                    "uid": 0,
                    "is_root": True,
                    "selinux": "",
                    "apparmor": False,
                    "container": "",
                    "time": 3000.0,
                },
                "notes": [],
                "options": {},
                "nginx": [self.nginx] if self.nginx else [],
                "applications": [self.application],
                "unix_paths": {},
                "look": {
                    "paths": Looked(self),
                    "trees": {},
                    "writable": {},
                    "answers": [self.answers.get(url) or answer(url, **self.default) for url in urls],
                    "pages": self.pages,
                    "logs": [],
                },
            }
        )

    def folders(self) -> set[str]:
        """Return the folders above the files."""
        found = set()
        for path in self.files:
            found |= {str(folder) for folder in pathlib.PurePosixPath(path).parents}
        return found


class Looked(t.Dict[str, t.Any]):
    """Knows every path of a made-up host, as if all had been looked at."""

    def __init__(self, host: FakeHost) -> None:
        super().__init__()
        self._host = host

    def get(self, path: str, default: t.Any = None) -> t.Any:
        """Return a path's record."""
        host = self._host
        if path in host.paths:
            return host.paths[path]
        if path in host.folders():
            return path_record(path, kind="directory")
        return path_record(path, exists=path in host.files)


SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[3] / "docs/diagnosis.schema.json").read_text())


def site_of(host: FakeHost) -> dict[str, t.Any]:
    """Conclude, and return what is said of the host's only site, which must be by the schema."""
    result = conclude(host.evidence(), "web1")
    Draft202012Validator(SCHEMA).validate(result)
    assert [site["name"] for site in result["sites"]] == ["shop"]
    return dict(result["sites"][0])


def codes(host: FakeHost) -> list[str]:
    """Conclude, and return the codes of the findings, which must be in the order of the stages."""
    found = site_of(host)["findings"]
    assert [item["stage"] for item in found] == sorted((item["stage"] for item in found), key=STAGES.index)
    return [item["code"] for item in found]


def with_location(text: str) -> str:
    """Return the site with another location for the static files."""
    return SITE.replace("    location /static/ {\n        alias /srv/shop/static/;\n    }\n", text)


def failing(host: FakeHost, status: int = 404, server: str = "nginx") -> FakeHost:
    """Let every static URL fail."""
    host.default = {"status": status, "server": server}
    return host
