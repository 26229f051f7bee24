# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_files: which files a configuration consists of, compared with what nginx itself dumps."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import nginx_files
from ansible_collections.webops.django.plugins.module_utils.nginx_files import changes, read_files, read_text, unreached_files
from ansible_collections.webops.django.plugins.module_utils.nginx_text import read_dump
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX

SITE = "server { listen 127.0.0.1:1; }\n"


@pytest.fixture(name="etc")
def _etc(tmp_path: Path) -> Path:
    """Debian's layout, and includes of every sort."""
    files = {
        "nginx.conf": f"""pid {tmp_path}/pid; error_log {tmp_path}/error.log;
            events {{}} http {{ access_log off; include conf.d/*.conf; include "{tmp_path}/sites-enabled/*"; include sub/[ab]?/x.conf;
            include none/*.conf; types {{ include types.map; }} }}""",
        "conf.d/b.conf": SITE + "# include conf.d/never.txt;\n",
        "conf.d/a.conf": "include snippets/one.conf;",
        "conf.d/.hidden.conf": SITE,
        "conf.d/never.txt": SITE,
        "snippets/one.conf": "gzip on;",
        "sub/a1/x.conf": SITE,
        "sub/c1/x.conf": SITE,
        "types.map": "text/css css;",
        "sites-available/shop": SITE,
        "sites-available/old": SITE,
        "sites-available/fastcgi.conf": "fastcgi_param server x;\n# server {\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "sites-enabled").mkdir()
    (tmp_path / "sites-enabled" / "shop").symlink_to("../sites-available/shop")
    return tmp_path


def test_the_files_are_those_that_nginx_reads_in_its_order(etc: Path) -> None:
    dump = subprocess.run([NGINX, "-T", "-c", f"{etc}/nginx.conf"], capture_output=True, text=True, check=False)
    assert dump.returncode == 0, dump.stderr
    found = read_files(f"{etc}/nginx.conf")
    assert {path: text.strip() for path, text in found.files.items()} == {path: text.strip() for path, text in read_dump(dump.stdout).items()}
    assert list(found.files)[1:4] == [f"{etc}/conf.d/a.conf", f"{etc}/snippets/one.conf", f"{etc}/conf.d/b.conf"]
    assert found.links == {f"{etc}/sites-enabled/shop": "../sites-available/shop"}
    assert (found.unreadable, found.missing, found.dangling, found.shortened) == ({}, [], [], [])
    assert found.globbed == {f"{etc}/conf.d", f"{etc}/sites-enabled", f"{etc}/sub/a1", f"{etc}/none"}


def test_sites_that_nothing_includes(etc: Path) -> None:
    """Also under names that the pattern leaves out; not the target of a link that is enabled, and no snippet."""
    found = read_files(f"{etc}/nginx.conf")
    names = {path[len(str(etc)) + 1 :] for path in unreached_files(found, [str(etc)])}
    assert names == {"sites-available/old", "conf.d/.hidden.conf", "conf.d/never.txt", "sub/c1/x.conf"}


def test_a_link_that_leads_nowhere(etc: Path) -> None:
    (etc / "sites-enabled" / "gone").symlink_to("/nonexistent/shop")
    found = read_files(f"{etc}/nginx.conf")
    assert found.dangling == [{"path": f"{etc}/sites-enabled/gone", "target": "/nonexistent/shop"}]
    assert found.missing == [f"{etc}/sites-enabled/gone"]
    assert f"{etc}/sites-enabled/gone" in found.links


def test_circles_and_odd_entries(etc: Path) -> None:
    """A circle is read once; folders, pipes and broken names are noted or passed over. Opening a pipe would never end."""
    (etc / "conf.d" / "b.conf").write_text('include conf.d/*.conf; include nginx.conf; include; include a b; include "x\\0y"; include missing.conf;')
    os.mkfifo(etc / "conf.d" / "pipe.conf")
    (etc / "conf.d" / "folder.conf").mkdir()
    (etc / "conf.d" / "latin.conf").write_bytes(b"# \xe9\xff\nserver {}\n")
    (etc / "conf.d" / "loop.conf").symlink_to("loop.conf")
    found = read_files(f"{etc}/nginx.conf")
    assert set(found.unreadable) == {f"{etc}/conf.d/{name}.conf" for name in ("pipe", "folder", "loop")}
    assert found.files[f"{etc}/conf.d/latin.conf"] == "# \udce9\udcff\nserver {}\n"
    assert f"{etc}/missing.conf" in found.missing
    assert unreached_files(found, [str(etc)])


def test_no_main_file(tmp_path: Path) -> None:
    found = read_files(f"{tmp_path}/nginx.conf")
    assert found.missing == [f"{tmp_path}/nginx.conf"]
    assert changes(found) == {} and unreached_files(found, [f"{tmp_path}/nothing"]) == {}


def test_globals_may_include(etc: Path) -> None:
    (etc / "more.conf").write_text("worker_processes 1;")
    assert f"{etc}/more.conf" in read_files(f"{etc}/nginx.conf", "daemon off; include more.conf;").files


def test_what_is_too_large(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (etc / "conf.d" / "a.conf").write_text("map $a $b {\n" + "key value;\n" * 200_000 + "}\n")
    found = read_files(f"{etc}/nginx.conf")
    assert found.shortened == [f"{etc}/conf.d/a.conf"]
    assert len(found.files[f"{etc}/conf.d/a.conf"]) < 300_000
    monkeypatch.setattr(nginx_files, "TOTAL_LIMIT", 1000)
    found = read_files(f"{etc}/nginx.conf")
    assert "8 MB" in found.unreadable[f"{etc}/conf.d/a.conf"]
    assert f"{etc}/conf.d/b.conf" in found.files
    monkeypatch.setattr(nginx_files, "READ_LIMIT", 100)
    assert "bytes" in read_files(f"{etc}/nginx.conf").unreadable[f"{etc}/nginx.conf"]
    monkeypatch.setattr(nginx_files, "UNREACHED_LIMIT", 2)
    assert len(unreached_files(read_files(f"{etc}/none.conf"), [str(etc)])) == 2
    monkeypatch.setattr(nginx_files, "LISTED_LIMIT", 0)
    assert unreached_files(read_files(f"{etc}/none.conf"), [str(etc)]) == {}


def test_when_something_was_changed(etc: Path) -> None:
    """A change of a link counts as one of its file; a new name in a folder that is looked into, too."""
    link = str(etc / "sites-enabled" / "shop")
    old = changes(read_files(f"{etc}/nginx.conf"))
    assert old[link] == os.lstat(link).st_ctime >= os.stat(link).st_ctime
    assert old[f"{etc}/conf.d"] == os.stat(etc / "conf.d").st_mtime
    while os.stat(etc / "conf.d" / "a.conf").st_ctime <= old[f"{etc}/conf.d/a.conf"]:
        os.utime(etc / "conf.d" / "a.conf", (1, 1))
    new = changes(read_files(f"{etc}/nginx.conf"))
    assert new[f"{etc}/conf.d/a.conf"] > old[f"{etc}/conf.d/a.conf"]
    while os.stat(link).st_ctime <= old[link]:  # the kernel's clock for files has steps
        (etc / "sites-available" / "shop").chmod(0o600)
    assert changes(read_files(f"{etc}/nginx.conf"))[link] > old[link]


def test_a_file_that_vanishes(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the listing and the reading."""
    real = read_text

    def vanishing(path: str) -> str:
        if path.endswith("b.conf"):
            os.unlink(path)
        return real(path)

    monkeypatch.setattr(nginx_files, "read_text", vanishing)
    found = read_files(f"{etc}/nginx.conf")
    assert found.missing == [f"{etc}/conf.d/b.conf"]
    os.unlink(etc / "sites-enabled" / "shop")
    changes(found)
