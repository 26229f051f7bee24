# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_program: nginx's own words about itself, and how it was called."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils import nginx_program
from ansible_collections.webops.django.plugins.module_utils.nginx_program import (
    Arguments,
    Program,
    inspect,
    installed,
    paths,
    read_arguments,
    reader_for,
    running_program,
    title_words,
)
from ansible_collections.webops.django.plugins.module_utils.process_table import Identity
from ansible_collections.webops.django.plugins.module_utils.reading_program import Reader, nobody
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("/usr/sbin/nginx -g daemon on; master_process on;", ["-g", "daemon on; master_process on;"]),
        ("nginx -c /srv/x.conf -p /srv/ -g daemon off; pid /x;", ["-c", "/srv/x.conf", "-p", "/srv/", "-g", "daemon off; pid /x;"]),
        ("nginx -g daemon off; -c /srv/x.conf", ["-g", "daemon off;", "-c", "/srv/x.conf"]),
        ("/usr/local/openresty/nginx/sbin/nginx -p /srv/app -c conf/nginx.conf", ["-p", "/srv/app", "-c", "conf/nginx.conf"]),
        ("nginx -p. -cx.conf", ["-p", ".", "-c", "x.conf"]),
        ("nginx", []),
        ("", []),
        ("nginx -q", ["-q"]),
        ("nginx -e stderr", ["-e", "stderr"]),
    ],
)
def test_titles(title: str, words: list[str]) -> None:
    assert title_words(title) == words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-c", "/x", "-p", "/y", "-g", "pid /z;"], Arguments((), "/x", "/y", "pid /z;", False)),
        (["-c/x", "-p/y", "-gpid z;"], Arguments((), "/x", "/y", "pid z;", False)),
        (["-tqc", "/x"], Arguments((), "/x", "", "", True)),
        (["-s", "reload"], Arguments((), "", "", "", True)),
        (["-sreload"], Arguments((), "", "", "", True)),
        (["-V"], Arguments((), "", "", "", True)),
        (["-e", "stderr", "-q", "-c"], Arguments((), "", "", "", False)),
    ],
)
def test_arguments(words: list[str], expected: Arguments) -> None:
    assert read_arguments(words) == Arguments(tuple(words), *[getattr(expected, name) for name in ("main", "prefix", "globals", "once")])


@settings(deadline=None)
@given(st.text(alphabet="-cpgetsq /x;\"' ", max_size=60))
def test_no_words_raise(text: str) -> None:
    read_arguments(title_words(text))
    read_arguments(text.split(" "))


def test_the_installed_nginx_tells_how_it_was_built() -> None:
    program = inspect(Program(NGINX, reader_for(NGINX, None)))
    assert program.error == "" and program.version.count(".") == 2
    assert program.built["conf-path"] == "/etc/nginx/nginx.conf"
    assert program.built["http-proxy-temp-path"].startswith("/")
    assert "http_gzip_static_module" in program.built["modules"]
    assert not [name for name in program.built if name.startswith("with-")]


@pytest.mark.parametrize(
    ("arguments", "main", "prefix"),
    [
        (Arguments(), "/etc/nginx/nginx.conf", "/usr/share/nginx"),
        (Arguments(main="/srv/x.conf"), "/srv/x.conf", "/usr/share/nginx"),
        (Arguments(main="x.conf"), "/usr/share/nginx/x.conf", "/usr/share/nginx"),
        (Arguments(main="conf/x.conf", prefix="/srv/app/"), "/srv/app/conf/x.conf", "/srv/app"),
        (Arguments(main="x.conf", prefix="app"), "/home/me/app/x.conf", "/home/me/app"),
        (Arguments(prefix="/srv"), "/etc/nginx/nginx.conf", "/srv"),
    ],
)
def test_paths(arguments: Arguments, main: str, prefix: str) -> None:
    """As ngx_process_options() puts them together."""
    program = Program(NGINX, None, built={"conf-path": "/etc/nginx/nginx.conf", "prefix": "/usr/share/nginx"})
    assert paths(program, arguments, "/home/me") == (main, prefix)


def test_an_nginx_of_the_own_build_has_its_usual_paths() -> None:
    assert paths(Program(NGINX, None), Arguments(), "") == ("/usr/local/nginx/conf/nginx.conf", "/usr/local/nginx")


def test_a_program_that_is_no_nginx(tmp_path: Path) -> None:
    assert inspect(Program("/bin/true", None)).error == "it does not tell its version"
    assert inspect(Program("/nonexistent", None)).error == "No such file or directory"
    (tmp_path / "x").write_text("")
    assert inspect(Program(f"{tmp_path}/x", None)).error == "Permission denied"


def test_a_machine_on_which_nothing_can_be_kept_from_changing_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx_program, "is_possible", lambda: False)
    assert "restricted" in inspect(Program(NGINX, None)).error


def test_who_runs_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """root lends the right to read everything only to a program that only root can have put there, run by root."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert reader_for("/bin/true", Identity(0, 0, ())) == nobody(reads_all=True)
    assert reader_for("/bin/true", Identity(33, 34, (35,))) == Reader(33, 34, (35,), False)
    theirs = tmp_path / "nginx"
    shutil.copy("/bin/true", theirs)
    tmp_path.chmod(0o777)
    assert reader_for(str(theirs), Identity(0, 0, ())) == nobody(reads_all=False)
    assert reader_for(f"{tmp_path}/nothing", None) == nobody(reads_all=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert reader_for("/bin/true", Identity(0, 0, ())) is None


def test_a_program_that_was_replaced_is_run_all_the_same(tmp_path: Path) -> None:
    """After an upgrade the running one's file has no name any more; /proc still leads to it."""
    shutil.copy(NGINX, tmp_path / "exe")
    program = running_program("/usr/sbin/nginx-1.0 (deleted)", f"{tmp_path}/exe", "nginx", None)
    assert program.handle is not None and program.path == "/usr/sbin/nginx-1.0"
    program.reader = None
    assert inspect(program).version
    os.close(program.handle)
    assert running_program(f"{NGINX} (deleted)", "/nonexistent", "", None).path == NGINX
    assert running_program(None, "/nonexistent", "/opt/nginx", None).path == "/opt/nginx"


def test_an_installed_one_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nginx_program, "PLACES", ())
    assert installed(str(tmp_path)) == ""
    (tmp_path / "nginx").mkdir()
    assert installed(f":{tmp_path}") == ""
    assert installed(f"{tmp_path}:{os.path.dirname(NGINX)}") == NGINX
