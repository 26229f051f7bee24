# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample project as a client sees it, and as the host keeps it."""

from __future__ import annotations

import json
import re
import typing as t
from urllib.parse import quote

import pytest

SITE = "sample.example.com"
BASE = "/srv/django/sample"


def style_sheets(page: str) -> list[str]:
    """Return the paths of the style sheets that a page names, encoded as a browser asks for them."""
    return [quote(path, safe="/%") for path in re.findall(r'<link[^>]+href="([^"]+\.css)"', page)]


@pytest.fixture(name="manifest")
def _manifest(host: t.Any) -> dict[str, str]:
    return dict(json.loads(host.file(f"{BASE}/public/static/staticfiles.json").content_string)["paths"])


@pytest.mark.parametrize("path", ["/", "/admin/login/", "/upload/"])
def test_pages_are_styled(client: t.Any, path: str) -> None:
    page = client.get(SITE, path)
    assert page.status == 200
    assert style_sheets(page.text)
    for style_sheet in style_sheets(page.text):
        answer = client.get(SITE, style_sheet)
        assert (answer.status, answer.headers["content-type"]) == (200, "text/css; charset=utf-8"), style_sheet


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("catalog/main.mjs", "text/javascript; charset=utf-8"),
        ("catalog/add.wasm", "application/wasm"),
        ("site.webmanifest", "application/manifest+json"),
        ("fonts/sample.woff2", "font/woff2"),
        ("img/bild größe.svg", "image/svg+xml"),
        ("css/Ελληνικά.css", "text/css; charset=utf-8"),
    ],
)
def test_a_file_has_its_type_and_its_content_by_both_names(client: t.Any, host: t.Any, manifest: dict[str, str], name: str, kind: str) -> None:
    for stored in (name, manifest[name]):
        answer = client.get(SITE, "/static/" + quote(stored))
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        assert answer.body == host.file(f"{BASE}/public/static/{stored}").content
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_only_what_the_manifest_hashed_is_immutable(client: t.Any, manifest: dict[str, str]) -> None:
    """A name that only looks hashed is not, although its pattern is the same."""
    hashed = client.get(SITE, "/static/" + quote(manifest["css/site.css"])).headers["cache-control"]
    assert "immutable" in hashed
    for name in ("css/site.css", "css/print.0123456789ab.css"):
        assert "immutable" not in client.get(SITE, f"/static/{name}").headers["cache-control"]
    missing = client.get(SITE, "/static/css/none.0123456789ab.css")
    assert missing.status == 404
    assert "max-age" not in missing.headers.get("cache-control", "")


@pytest.mark.parametrize(("asked", "encoding", "end"), [("gzip", "gzip", ".gz"), ("br, gzip", "br", ".br")])
def test_text_was_compressed_beforehand(client: t.Any, host: t.Any, asked: str, encoding: str, end: str) -> None:
    """Brotli only on the host that asks for it; the other one answers with gzip."""
    path = "admin/css/base.css"
    if host.file(f"{BASE}/public/static/{path}.br").exists != (host.system_info.codename == "trixie"):
        pytest.fail("brotli is where it was not asked for, or is not where it was")
    if host.system_info.codename != "trixie":
        encoding, end = "gzip", ".gz"
    answer = client.get(SITE, f"/static/{path}", Accept_Encoding=asked)
    assert answer.headers["content-encoding"] == encoding
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert answer.body == host.file(f"{BASE}/public/static/{path}{end}").content
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    "target", ["/static/", "/static../manage.py", "/static/..%2fmanage.py", "/static/../../source/manage.py", "/media/", "/static/.env"]
)
def test_nothing_else_is_served(client: t.Any, target: str) -> None:
    assert client.get(SITE, target).status in (400, 403, 404)


def test_an_unknown_host_is_refused(client: t.Any) -> None:
    with pytest.raises(ConnectionError):
        client.get("unknown.example.com", "/")


def test_an_upload_is_stored_outside_of_the_release_and_served(client: t.Any, host: t.Any) -> None:
    made = host.run(f"{BASE}/manage make_upload --name 'grüße.txt' --content 'uploaded'")
    assert made.rc == 0, made.stderr
    url = made.stdout.strip().splitlines()[-1]
    answer = client.get(SITE, url)
    assert (answer.status, answer.text, answer.headers["x-content-type-options"]) == (200, "uploaded", "nosniff")
    stored = host.run(f"find {BASE}/shared/media -type f -user django-sample -name 'gr*'").stdout
    assert stored.startswith(f"{BASE}/shared/media/")


def test_the_database_outlives_a_release(host: t.Any) -> None:
    database = host.file(f"{BASE}/shared/data/db.sqlite3")
    assert database.user == "django-sample"
    assert host.file(f"{BASE}/current/source/db.sqlite3").linked_to == database.path
    assert host.run(f"runuser --user=www-data -- cat {database.path}").rc != 0


@pytest.mark.parametrize("path", ["current/source/manage.py", "current/venv/bin/python", "public/static/css/site.css", "current/etc/environment"])
def test_the_application_cannot_write_what_it_runs(host: t.Any, path: str) -> None:
    assert host.run(f"runuser --user=django-sample -- test -r {BASE}/{path}").rc == 0
    assert host.run(f"runuser --user=django-sample -- test -w {BASE}/{path}").rc != 0
    assert host.run(f"runuser --user=django-sample -- test -w $(dirname $(readlink -f {BASE}/{path}))").rc != 0


@pytest.mark.parametrize("path", ["current/source/manage.py", "current/etc/environment", "shared/data"])
def test_the_web_server_reads_static_files_only(host: t.Any, path: str) -> None:
    assert host.run(f"runuser --user=www-data -- cat {BASE}/{path}").rc != 0
    assert host.run(f"runuser --user=www-data -- cat {BASE}/public/static/css/site.css").rc == 0


def test_the_service_is_asgi_as_the_settings_say(host: t.Any) -> None:
    service = host.service("django-sample.service")
    assert service.is_running
    assert service.is_enabled
    assert "config.asgi:application" in host.run("systemctl show --property=ExecStart django-sample.service").stdout


def test_the_host_comes_up_whole(host: t.Any) -> None:
    assert host.run("systemctl is-system-running").stdout.strip() == "running"
