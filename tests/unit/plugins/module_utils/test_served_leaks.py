# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told by its content: sources and secrets, and listings of folders."""

from __future__ import annotations

import py_compile
import sqlite3
import subprocess
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.served_leaks import START, is_listing, what_leaked
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        (b"manage.py", b"import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'x')\n", "a source file of a Django project"),
        (b"shop/settings.py", b'DEBUG = True\nSECRET_KEY = "x"\n', "a source file of a Django project"),
        (b"urls.py", b"from django.urls import path\n", "a source file of a Django project"),
        (b"demo/main.py", b"from pyscript import document\n", ""),
        (b"key.pem", b"-----BEGIN RSA PRIVATE KEY-----\nAA", "a private key"),
        (b"cert.pem", b"-----BEGIN CERTIFICATE-----\nAA", ""),
        (b".env", b"# comment\n\nexport DEBUG=1\nSECRET_KEY=x\n", "an environment file"),
        (b".env.local", b"A=1", "an environment file"),
        (b".env", b"Not found: a=b", ""),
        (b".git/config", b"[core]\n\tbare = false\n", "a git repository's configuration"),
        (b".git/HEAD", b"ref: refs/heads/main\n", "a git repository's HEAD"),
        (b".htaccess", b"RewriteEngine On\n", "a .htaccess"),
        (b".htpasswd", b"me:$apr1$x$y\n", "a file of passwords"),
        (b"etc/passwd", b"root:x:0:0:root:/root:/bin/bash\n", "the host's /etc/passwd"),
        # An application that answers every URL with 200.
        (b"manage.py", b"<!doctype html><pre>\nSECRET_KEY = 1\nimport django\n</pre>", ""),
        (b".git/config", b"\n <html>\n[core]\n", ""),
        (b"etc/passwd", b"ok", ""),
        (b"site.css", b"import django\n", ""),
        (b"", b"", ""),
    ],
)
def test_what_leaked(name: bytes, content: bytes, what: str) -> None:
    assert what_leaked(name, content) == what


def test_real_files(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    py_compile.compile(str(tmp_path / "a.py"), str(tmp_path / "a.pyc"))
    connection = sqlite3.connect(tmp_path / "db.sqlite3")
    connection.execute("create table django_migrations (id integer)")
    connection.commit()
    connection.close()
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    for name, what in {
        "a.py": "",
        "a.pyc": "compiled Python",
        "db.sqlite3": "a Django project's database",
        "repo/.git/config": "a git repository's configuration",
        "repo/.git/HEAD": "a git repository's HEAD",
    }.items():
        assert what_leaked(name.encode(), (tmp_path / name).read_bytes()) == what


@given(st.binary(max_size=300), st.sampled_from([b".env", b"a.py", b".htaccess", b"db.sqlite3", b"x"]))
def test_any_content_is_judged(content: bytes, name: bytes) -> None:
    assert isinstance(what_leaked(name, content), str)
    assert isinstance(is_listing(content, [b"a", b"b"]), bool)


@pytest.mark.parametrize("content", [b"A=1\n" * (START // 4), b"\n" * START, b"a" * START, b" " * START + b"=", b"A=" * (START // 2) + b"\0\n\n\nx"])
def test_time_grows_with_the_length_only(content: bytes) -> None:
    # A reader that goes back would need hours.
    for name in (b".env", b"a.py", b".htaccess", b".htpasswd", b"etc/passwd"):
        what_leaked(name, content)
    is_listing(content)


@pytest.mark.parametrize("form", ["html", "json", "xml"])
def test_listings_of_a_real_nginx(tmp_path: Path, form: str) -> None:
    nginx = NginxServer(tmp_path / "nginx")
    (tmp_path / "root" / "sub folder").mkdir(parents=True)
    (tmp_path / "root" / "a & b.css").write_text("")
    nginx.site("a.conf", f"server {{ listen 127.0.0.1:PORT; root {tmp_path}/root; autoindex on; autoindex_format {form}; }}")
    with nginx:
        assert is_listing(nginx.get("/").body)
        assert not is_listing(nginx.get("/sub%20folder/x").body)


@pytest.mark.parametrize(
    ("content", "names", "listing"),
    [
        (b"<title>Directory listing for /static/</title>", (), True),
        (b"<h1>Index of /static/</h1>", (), True),
        (b"<title>Index of our books</title>", (), True),
        (b'<a href="./admin/">admin</a><a href="./a%20b.css">a b.css</a>', (b"admin", b"a b.css"), True),
        (b'<a href="/admin/">admin</a><link href=/static/site.css>', (b"admin", b"site.css"), True),
        (b'<a href="/admin/">admin</a>', (b"admin", b"site.css"), False),
        (b'<a href="/admin/">admin</a>', (b"admin",), False),
        (b"<title>Shop</title><p>Index of /static/</p>", (), False),
        (b"", (), False),
    ],
)
def test_is_listing(content: bytes, names: tuple[bytes, ...], listing: bool) -> None:
    assert is_listing(content, names) is listing
