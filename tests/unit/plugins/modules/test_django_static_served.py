# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module, run as Ansible runs it, against a real nginx that serves rightly, or in one of the ways that real ones do not."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t
from xml.etree import ElementTree

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.webops.django.plugins.module_utils import served_report_files
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.modules import django_static_served
from ansible_collections.webops.django.tests.unit.support.django_projects import run_module
from ansible_collections.webops.django.tests.unit.support.other_worlds import open_folder
from ansible_collections.webops.django.tests.unit.support.raw_server import RawServer
from ansible_collections.webops.django.tests.unit.support.static_site import PAGES, STATIC, StaticSite

Run = t.Callable[..., "dict[str, t.Any]"]
NAMES = 10
"""Files of the site's tree."""


@pytest.fixture(name="run")
def run_fixture(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(check_mode: bool = False, **params: t.Any) -> dict[str, t.Any]:
        with patch_module_args({**params, "_ansible_check_mode": check_mode}), pytest.raises(SystemExit):
            django_static_served.main()
        return t.cast("dict[str, t.Any]", json.loads(capsys.readouterr().out))

    return call


@pytest.fixture(name="site")
def site_fixture() -> t.Iterator[StaticSite]:
    """In a folder that nginx's workers may enter, whoever they are."""
    with open_folder() as folder:
        yield StaticSite(folder)


@pytest.fixture(name="served")
def served_fixture(site: StaticSite, run: Run) -> Run:
    """Start nginx and ask it."""

    def call(**params: t.Any) -> dict[str, t.Any]:
        with site.nginx:
            return run(**{**site.options, **params})

    return call


def faults(result: dict[str, t.Any]) -> list[tuple[str, str, str]]:
    """Return path, what was expected and what came, of each failure."""
    assert result["failed"]
    return [(failure["url"].replace("http://shop.example.com", ""), failure["expected"], failure["got"]) for failure in result["failures"]]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_sound_site(site: StaticSite, served: Run, check_mode: bool) -> None:
    result = served(check_mode=check_mode)
    assert not result.get("failed"), result
    assert result["changed"] is False
    assert result["checked"] == {
        "files": NAMES,
        "files_total": NAMES,
        "files_by_nginx": NAMES,
        "files_compressed": 6,
        "files_conditional": NAMES,
        # There is nothing in an empty file of which a part could be asked for.
        "files_range": NAMES - 1,
        "pages": 1,
        "references": 6,
        "missing_names": 2,
        "probes": result["checked"]["probes"],
        "unchecked": 0,
    }
    assert 60 < result["checked"]["probes"] < 300
    assert result["pages"] == [{"url": "http://shop.example.com/", "status": 200, "references": 4}]
    assert result["foreign_urls"] == ["https://cdn.example.org/x.png"]


def test_precompressed_files(site: StaticSite, served: Run) -> None:
    site.serve("gzip_static on;")
    site.compress("base/reset.css")
    assert not served().get("failed")


def test_immutable_for_hashed_names(site: StaticSite, served: Run) -> None:
    site.hash("app.mjs")
    site.hash("base/reset.css", listed=False)
    site.serve(
        'location ~ "\\.[0-9a-f]{12}\\." { root ROOT; add_header Cache-Control "max-age=31536000, immutable"; }'.replace("ROOT", str(site.root))
    )
    assert not served().get("failed")
    site.write("print.0123456789ab.css", b"x")
    assert faults(served()) == [
        (
            "/static/print.0123456789ab.css",
            "no 'immutable' for a name that is not made from the content",
            "Cache-Control: max-age=31536000, immutable",
        )
    ]


@pytest.mark.parametrize(
    ("types", "extra", "missing", "expected"),
    [
        ("text/css css; text/javascript js;", "", "app.mjs", ("text/javascript", "application/octet-stream")),
        ("", "default_type text/plain;", "site.css", ("text/css", "text/plain")),
    ],
)
def test_a_wrong_type(site: StaticSite, served: Run, types: str, extra: str, missing: str, expected: tuple[str, str]) -> None:
    site.nginx.types.write_text(f"types {{ text/html html; {types} }}")
    site.serve(extra)
    result = served()
    assert (f"/static/{missing}", *expected) in faults(result)
    assert f"{missing}: expected {expected[0]}, got {expected[1]}" in result["msg"]


def test_a_missing_file(site: StaticSite, served: Run) -> None:
    (site.static / "gone.css").symlink_to("nowhere.css")
    result = served()
    assert faults(result) == [("/static/gone.css", "200 text/css", "404 text/html (answered by nginx)")]
    assert result["msg"].startswith(
        f"1 of {NAMES + 10} URLs are not served as they must be.\n- http://shop.example.com/static/gone.css: expected 200"
    )


def test_another_tree(site: StaticSite, served: Run, tmp_path: pathlib.Path) -> None:
    (tmp_path / "old").symlink_to(site.root / "old")
    site.serve(static=STATIC.replace("root ROOT;", "alias ROOT/old/;"))
    for name in ("site.css", "base/reset.css", "app.mjs", "fonts/a.woff2"):
        old = site.root / "old" / name
        old.parent.mkdir(parents=True, exist_ok=True)
        old.write_bytes((site.static / name).read_bytes())
        os.utime(old, (1, 1))
    (site.root / "old" / "app.mjs").write_bytes(b"export const b = 1;\n")
    got = {path: came for path, _expected, came in faults(served(pages=[]))}
    assert got["/static/app.mjs"] == "other bytes from byte 13 on"
    assert got["/static/site.css"].startswith("that of another file (1-")
    assert got["/static/LICENSE"] == "404 text/html (answered by nginx)"


def test_a_short_and_a_long_file(site: StaticSite, served: Run) -> None:
    site.serve("sub_filter_types *; sub_filter margin m; sub_filter_once on;")
    site.write("b.css", b"abc")
    result = faults(served(pages=[]))
    assert [(path, got) for path, _expected, got in result] == [("/static/base/reset.css", "other bytes from byte 5 on")]


def test_a_stale_compressed_file(site: StaticSite, served: Run) -> None:
    site.serve("gzip_static on;")
    site.compress("base/reset.css", b"a { margin: 1 }\n")
    assert faults(served()) == [
        ("/static/base/reset.css", "the bytes of the collected file (asked for with Accept-Encoding: gzip)", "other bytes from byte 12 on"),
    ]


def test_a_compressed_file_that_is_none(site: StaticSite, served: Run) -> None:
    site.serve("gzip_static on;")
    site.write("base/reset.css.gz", b"no gzip")
    assert faults(served())[0][2] == "a body that cannot be decoded: it is not valid gzip"


def test_a_bomb_in_a_files_place(site: StaticSite, served: Run) -> None:
    site.serve("gzip_static on;")
    site.compress("base/reset.css", (site.static / "base/reset.css").read_bytes() + bytes(200 << 20))
    assert faults(served())[0][2] == "more than its 800 bytes"


def test_compressed_whatever_is_asked_for(site: StaticSite, served: Run) -> None:
    site.serve("gzip_static always;")
    site.compress("base/reset.css")
    assert faults(served())[0][2] == "Content-Encoding gzip, which was not asked for"


def test_a_404_that_is_cached(site: StaticSite, served: Run) -> None:
    site.serve('add_header Cache-Control "public, max-age=31536000" always;')
    assert faults(served()) == [
        (f"/static/{name}", "a 404 that is not cached", "404 with Cache-Control: public, max-age=31536000")
        for name in ("webops-no-such-file.css", "webops-no-such-file.0123456789ab.css")
    ]


def test_no_404_at_all(site: StaticSite, served: Run) -> None:
    site.serve("try_files $uri /pages/index.html;")
    site.serve("error_page 404 =200 /index.html;")
    assert {expected for _path, expected, _got in faults(served())} == {"404, for there is no such file"}


def test_a_folder_that_the_worker_may_not_enter(site: StaticSite, served: Run) -> None:
    site.nginx.config.write_text(site.nginx.config.read_text().replace("user root;", "user nobody nogroup;"))
    (site.static / "base").chmod(0o700)
    assert faults(served(pages=[])) == [("/static/base/reset.css", "200 text/css", "403 text/html (answered by nginx)")]


def test_the_application_answers(site: StaticSite, served: Run) -> None:
    site.serve(static="")
    result = served()
    assert faults(result)[0][2] == "404 text/html (answered by nginx)"
    assert result["failure_count"] == NAMES + 3


def test_what_a_page_names(site: StaticSite, served: Run) -> None:
    site.page(
        "index.html",
        '<base href="/sub/"><link rel=stylesheet href=here.css><script src="/static/app.txt"></script>'
        '<img src="/static/moved.svg"><img src="/away.svg"><img src="ftp://x/"><link rel=stylesheet href="http://[/">',
    )
    site.page("sub/here.css", "@import 'gone.css'; a { background: url(/static/img/gone.png) }")
    site.write("app.txt", b"1;")
    site.serve(
        pages=PAGES + "location = /sub/here.css { root ROOT/pages; }"
        " location = /static/moved.svg { return 302 http://$host/static/img/bild%20gr%C3%B6%C3%9Fe.svg;}"
        " location = /away.svg { return 301 http://cdn.example.org/; }"
    )
    result = served(static_path=None)
    assert [(path, got) for path, _expected, got in faults(result)] == [
        ("ftp://x/", "one that does not begin with http:// or https://"),
        ("http://[/", "one that is not a URL"),
        ("/static/app.txt", "200 text/plain"),
        ("/sub/gone.css", "404 text/html (answered by nginx)"),
        ("/static/img/gone.png", "404 text/html (answered by nginx)"),
    ]
    assert result["failures"][3]["page"] == "http://shop.example.com/sub/here.css"
    assert result["foreign_urls"] == ["http://cdn.example.org/"]
    assert result["checked"]["files"] == 0


@pytest.mark.parametrize(
    ("answer", "pages", "got"),
    [
        ("return 404;", ["/"], "404 text/html (answered by nginx)"),
        ("return 404;", None, ""),
        ("return 302 http://$host/elsewhere/;", ["/"], "more than 5 redirects"),
        ("return 302 https://other.example.com/;", None, ""),
        ("return 400;", None, "400 text/html (answered by nginx); does ALLOWED_HOSTS hold this host name?"),
        ("return 502;", None, "502 text/html (answered by nginx)"),
        ("return 502 'sorry';", None, "502 text/plain (answered by the application behind nginx, or a page of its own)"),
    ],
)
def test_pages(site: StaticSite, served: Run, answer: str, pages: list[str] | None, got: str) -> None:
    site.serve(pages=f"location / {{ default_type text/plain; {answer} }}")
    result = served(pages=pages)
    if got:
        assert faults(result)[0] == ("/", "a page", got)
    else:
        assert not result.get("failed"), result


def test_the_admins_login_is_asked_for(site: StaticSite, served: Run) -> None:
    site.page("admin/login/index.html", '<link rel=stylesheet href="/static/admin.css">')
    result = served(pages=None)
    assert faults(result) == [("/static/admin.css", "200 text/css", "404 text/html (answered by nginx)")]
    assert [page["url"] for page in result["pages"]] == ["http://shop.example.com/", "http://shop.example.com/admin/login/?next=/admin/"]


def test_a_site_below_a_path(site: StaticSite, served: Run) -> None:
    site.page("app/index.html", "")
    result = served(base_url="http://shop.example.com/app/")
    assert not result.get("failed"), result
    assert result["pages"][0]["url"] == "http://shop.example.com/app/"


def test_a_sample(site: StaticSite, served: Run) -> None:
    result = served(max_files=3, pages=[])
    assert (result["checked"]["files"], result["checked"]["files_total"]) == (3, NAMES)


def test_an_empty_tree_is_warned_of(site: StaticSite, tmp_path: pathlib.Path) -> None:
    """In a process of its own: where a test has loaded the controller's code before, a module's warnings go to the screen instead."""
    (tmp_path / "empty").mkdir()
    with site.nginx:
        result = run_module("django_static_served", **{**site.options, "static_path": str(tmp_path / "empty")})
    assert "holds no file" in json.dumps(result["warnings"])


def test_nobody_answers(site: StaticSite, run: Run) -> None:
    result = run(**site.options)
    assert result["msg"].startswith(
        f"Nothing was asked for, because no connection to 127.0.0.1:{site.nginx.port} (for http://shop.example.com) came about: "
    )
    assert "Connection refused" in result["msg"]


def test_the_wrong_server_block_answers(site: StaticSite, served: Run) -> None:
    result = served(base_url="http://other.example.com", pages=[])
    assert {failure["got"] for failure in result["failures"]} == {"the connection was closed without an answer"}


def test_a_server_that_hangs_ends_with_the_deadline(site: StaticSite, run: Run) -> None:
    with RawServer(lambda _sock, _target: None) as server:
        result = run(**{**site.options, "connect_to": f"127.0.0.1:{server.port}", "timeout": 0.2, "deadline": 0.5})
    assert result["failed"]
    assert result["checked"]["unchecked"] > 0
    assert "more were not asked for" in result["msg"]


def test_a_way_out_of_the_tree(site: StaticSite, served: Run) -> None:
    (site.root / "settings.py").write_text("SECRET_KEY = 'x'\n")
    site.serve(static="location /static { alias ROOT/static/; }")
    result = served()
    assert faults(result)[0][:2] == ("/static../settings.py", "404 or 403, and never a file from outside of the static tree")
    assert result["failures"][0]["kind"] == "probe"
    assert result["msg"].startswith("Below the URL of the static files, 1 of ")
    assert "SECRET_KEY" not in json.dumps(result)
    quiet = served(probes=False)
    assert not quiet.get("failed")
    assert quiet["checked"]["probes"] == 0


def test_settings_that_were_collected(site: StaticSite, served: Run) -> None:
    """STATICFILES_DIRS = [BASE_DIR]: what is collected is not what may be served."""
    site.write("shop/settings.py", b"SECRET_KEY = 'x'\n")
    site.write("demo/main.py", b"from pyscript import document\n")
    result = served()
    assert faults(result) == [
        ("/static/shop/settings.py", "404 or 403, and never a source file of a Django project (shop/settings.py of the tree)", "200 with its content")
    ]
    assert result["checked"]["files_total"] == NAMES + 1
    site.serve("location ~ settings { return 404; }")
    assert not served().get("failed")


HEADERS = 'add_header X-Content-Type-Options nosniff always; add_header X-Other "a b" always;'


def test_security_headers(site: StaticSite, served: Run) -> None:
    site.serve(HEADERS, pages=PAGES.replace("}", HEADERS + "}"))
    result = served(security_headers=["x-content-type-options", "X-Other", "X-Not-There"])
    assert not result.get("failed"), result
    assert result["security_headers"] == {"x-content-type-options": "nosniff", "x-other": "a b"}


def test_security_headers_that_files_lack(site: StaticSite, served: Run) -> None:
    """A location with an add_header of its own loses those of its server block."""
    site.serve("add_header X-Other 1;", pages=HEADERS + PAGES)
    result = served(security_headers=["X-Content-Type-Options"])
    assert {(url, got) for url, _expected, got in faults(result)} >= {
        ("/static/site.css", "no x-content-type-options"),
        ("/static/webops-no-such-file.css", "404 without it"),
    }
    assert {expected for _url, expected, _got in faults(result)} == {
        "x-content-type-options: nosniff, once, as on the pages",
        "X-Content-Type-Options: nosniff, as on the pages, on errors too",
    }
    assert not served(security_headers=[]).get("failed")


def test_headers_that_nobody_demanded_are_a_warning(site: StaticSite) -> None:
    """Django puts nosniff on each page by default, and hardly a hand-written nginx puts it on files: they are served all the same."""
    site.serve(pages=PAGES.replace("}", HEADERS + HEADERS + "}"))
    with site.nginx:
        result = run_module("django_static_served", **site.options)
    assert not result.get("failed"), result
    assert result["security_header_gaps"] == ["X-Content-Type-Options: nosniff"]
    assert 'add_header X-Content-Type-Options "nosniff" always;' in json.dumps(result["warnings"]).replace("\\", "")


def test_a_page_with_a_header_twice(site: StaticSite, served: Run) -> None:
    site.serve(HEADERS, pages=PAGES.replace("}", HEADERS + HEADERS + "}"))
    assert faults(served(security_headers=["X-Content-Type-Options"])) == [("/", "X-Content-Type-Options once", "2 times: 'nosniff', and 'nosniff'")]


def test_reports(site: StaticSite, served: Run, tmp_path: pathlib.Path) -> None:
    for number in range(60):
        (site.static / f"gone{number}.css").symlink_to("nowhere.css")
    paths = {"json": str(tmp_path / "served.json"), "junit": str(tmp_path / "served.xml")}
    result = served(report=paths)
    assert (result["failure_count"], len(result["failures"]), result["reports"], result["changed"]) == (60, 50, paths, False)
    document = json.loads((tmp_path / "served.json").read_text())
    assert (document["schema_version"], document["ok"], document["message"]) == (1, False, result["msg"])
    assert len(document["failures"]) == 60
    assert document["checked"] == result["checked"]
    assert document["static_path"] == str(site.static)
    assert "changed" not in document
    suites = ElementTree.parse(tmp_path / "served.xml").getroot()
    assert (suites.get("failures"), suites.get("errors")) == ("60", "0")


def test_reports_of_a_sound_site(site: StaticSite, served: Run, tmp_path: pathlib.Path) -> None:
    report = {"json": str(tmp_path / "served.json")}
    assert served(report=report)["reports"] == report
    assert json.loads((tmp_path / "served.json").read_text())["ok"] is True


def test_check_mode_writes_no_report(site: StaticSite, served: Run, tmp_path: pathlib.Path) -> None:
    result = served(check_mode=True, report={"json": str(tmp_path / "served.json"), "junit": str(tmp_path / "served.xml")})
    assert not result.get("failed")
    assert "reports" not in result
    assert not list(tmp_path.glob("served.*"))


def test_a_report_where_nobody_answers(site: StaticSite, run: Run, tmp_path: pathlib.Path) -> None:
    result = run(**{**site.options, "report": {"json": str(tmp_path / "served.json"), "junit": str(tmp_path / "served.xml")}})
    document = json.loads((tmp_path / "served.json").read_text())
    assert (document["ok"], document["checked"], document["message"]) == (False, {}, result["msg"])
    assert ElementTree.parse(tmp_path / "served.xml").getroot().get("errors") == "1"
    assert "checked" not in result


def test_a_report_that_cannot_be_written_loses_nothing(
    site: StaticSite, served: Run, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_rest: object) -> None:
        raise ExplainedError("/x cannot be written: No space left on device.")

    monkeypatch.setattr(served_report_files, "write_file", full)
    (site.static / "gone.css").symlink_to("nowhere.css")
    result = served(report={"json": str(tmp_path / "served.json")})
    assert result["msg"].startswith("1 of ")
    assert result["msg"].endswith("report: /x cannot be written: No space left on device.")
    assert result["failure_count"] == 1


def test_a_static_url_on_another_host(site: StaticSite, served: Run) -> None:
    """A host name of its own for static files, on the same server: fonts need the header that lets pages of another origin have them."""
    site.page("index.html", '<link rel=stylesheet href="//static.example.com/static/site.css"><img src="//cdn.example.org/x.png">')

    def ask(extra: str) -> dict[str, t.Any]:
        site.serve(extra)
        config = site.nginx.etc / "sites-enabled" / "shop.conf"
        config.write_text(config.read_text().replace("server_name shop.example.com;", "server_name shop.example.com static.example.com;"))
        return served(static_url="http://static.example.com/static/")

    assert [(failure["url"], failure["got"], failure["kind"]) for failure in ask("")["failures"]] == [
        ("http://static.example.com/static/fonts/a.woff2", "no Access-Control-Allow-Origin", "reference")
    ]
    result = ask('add_header Access-Control-Allow-Origin "*";')
    assert not result.get("failed"), result
    assert result["checked"]["references"] == 4
    assert result["foreign_urls"] == ["http://cdn.example.org/x.png"]


@pytest.mark.parametrize("base", ["http://shop.example.com/app", "http://shop.example.com/app/"])
def test_a_relative_static_url_is_below_the_sites_path(site: StaticSite, served: Run, base: str) -> None:
    """Django puts a relative STATIC_URL behind the script's name."""
    site.page("app/index.html", '<link rel=stylesheet href="/app/static/site.css">')
    site.serve(static="location ^~ /app/static/ { alias ROOT/static/; }")
    result = served(base_url=base, static_url="static/")
    assert not result.get("failed"), result
    assert [page["url"] for page in result["pages"]] == ["http://shop.example.com/app/"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"base_url": "shop.example.com"}, "base_url: 'shop.example.com' does not begin with http:// or https://; write something like"),
        ({"base_url": "file:///etc/passwd"}, "does not begin"),
        ({"static_url": "/static"}, "static_url: '/static' must end with a slash"),
        ({"static_url": "/static/?a=/"}, "must end with a slash"),
        ({"static_url": "ftp://x/"}, "static_url: 'ftp://x/' does not begin"),
        ({"static_path": "/no/such"}, "static_path: there is no folder /no/such on this host"),
        ({"manifest": "/no/such.json"}, "The manifest /no/such.json cannot be read"),
        ({"connect_to": "somewhere else"}, "connect_to: 'somewhere else' is no place"),
        ({"connect_to": "127.0.0.1:99999"}, "is no place"),
        ({"connect_to": ""}, "is no place"),
        ({"pages": ["http://other.example.com/"]}, "pages: 'http://other.example.com/' is not on http://shop.example.com"),
        ({"pages": ["http://[/"]}, "is not a URL"),
        ({"connections": 0}, "connections: 0 is not between 1 and 16"),
        ({"timeout": 0}, "timeout: 0 is not a time"),
        ({"deadline": -1}, "deadline: -1 is not a time"),
        ({"security_headers": ["a b"]}, "security_headers: 'a b' is no header's name"),
        ({"report": {"json": "/no/such/x.json"}}, "report.json: there is no folder /no/such on the host on which the module runs; make it first"),
        ({"report": {"junit": "/tmp"}}, "report.junit: /tmp is a folder; write the path of a file in it"),
        ({"report": {"json": "/tmp/x", "junit": "/tmp/x"}}, "report: json and junit name the same file"),
        ({"report": {"xml": "/tmp/x"}}, "report.xml"),
        ({"max_files": -1}, "max_files: -1 is negative"),
        ({"ca_path": "/no/such.pem"}, "ca_path: /no/such.pem cannot be read"),
        ({"ca_path": "/dev/null"}, "ca_path: /dev/null cannot be read"),
    ],
)
def test_bad_options_are_explained(site: StaticSite, run: Run, params: dict[str, t.Any], message: str) -> None:
    result = run(**{**site.options, **params})
    assert result["failed"]
    assert message in result["msg"]
