# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_test: the verdict equals that of nginx -t, and leaves no trace, which nginx -t does."""

from __future__ import annotations

import os
import re
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.nginx_files import read_files
from ansible_collections.webops.django.plugins.module_utils.nginx_program import Program, inspect, reader_for
from ansible_collections.webops.django.plugins.module_utils.nginx_test import judge_configuration
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX

MAIN = """user {user};
pid {folder}/run/nginx.pid;
error_log {folder}/log/error.log;
events {{}}
http {{
    access_log {folder}/log/access.log;
    client_body_temp_path {folder}/temp/body;
    proxy_temp_path {folder}/temp/proxy;
    fastcgi_temp_path {folder}/temp/fastcgi;
    uwsgi_temp_path {folder}/temp/uwsgi;
    scgi_temp_path {folder}/temp/scgi;
{inside}
}}
"""


class Configuration:
    """A configuration whose folders are open to everybody, so that nothing but the restraint keeps nginx from writing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o777)
        for name in ("run", "log", "temp"):
            (folder / name).mkdir()
            (folder / name).chmod(0o777)

    def verdict(self, inside: str = "", main: str = MAIN, given: dict[str, str] | None = None) -> dict[str, t.Any]:
        """Judge it."""
        path = self.folder / "nginx.conf"
        path.write_text(main.format(folder=self.folder, inside=inside.replace("FOLDER", str(self.folder)), user="www-data"))
        program = inspect(Program(NGINX, reader_for(NGINX, None)))
        return judge_configuration(program, str(path), "/usr/share/nginx", given or {}, read_files(str(path)).files)

    def nginx_t(self) -> str:
        """Return the fault that nginx -t tells of the same configuration, empty if it accepts it."""
        done = subprocess.run([NGINX, "-t", "-c", f"{self.folder}/nginx.conf"], capture_output=True, text=True, check=False)
        said = [line for line in done.stderr.splitlines() if "[emerg]" in line]
        return "" if done.returncode == 0 else re.sub(r"^\d+#\d+: ", "", said[-1].partition("[emerg] ")[2])


@pytest.fixture(name="configuration")
def _configuration(tmp_path: Path) -> Configuration:
    return Configuration(tmp_path)


def state(folder: Path) -> dict[str, tuple[int, ...]]:
    """All that a test could have changed."""
    found = [folder, *folder.rglob("*")]
    return {str(path): (s.st_mode, s.st_uid, s.st_gid, s.st_size, s.st_ctime_ns, s.st_mtime_ns) for path in found for s in [path.lstat()]}


def test_a_valid_one_leaves_no_trace(configuration: Configuration) -> None:
    """No pid file, no logs, no folders for temporary files, no other owner: nginx -t itself makes all of them."""
    (configuration.folder / "temp" / "proxy").mkdir()
    configuration.verdict()
    before = state(configuration.folder)
    assert configuration.verdict()["valid"] is True
    after = state(configuration.folder)
    del before[f"{configuration.folder}/nginx.conf"], after[f"{configuration.folder}/nginx.conf"]
    assert before == after
    assert configuration.nginx_t() == ""
    assert {"run/nginx.pid", "log/error.log", "temp/body"} <= {path[len(str(configuration.folder)) + 1 :] for path in state(configuration.folder)}


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("gzip maybe;", 'invalid value "maybe" in "gzip" directive, it must be "on" or "off" in FOLDER/nginx.conf:12'),
        ("blub;", 'unknown directive "blub" in FOLDER/nginx.conf:12'),
        ("server { listen 80; }\n}", 'unexpected "}" in FOLDER/nginx.conf:14'),
        ("include FOLDER/none.conf;", 'open() "FOLDER/none.conf" failed (2: No such file or directory) in FOLDER/nginx.conf:12'),
        ("\n# x\nserver { listen 80; root }", 'unexpected "}" in FOLDER/nginx.conf:14'),
    ],
)
def test_faults_of_the_syntax(configuration: Configuration, inside: str, message: str) -> None:
    said = configuration.verdict(inside)
    message = message.replace("FOLDER", str(configuration.folder))
    assert (said["ran"], said["valid"], said["message"]) == (True, False, f"[emerg] {message}")
    assert said["message"] == f"[emerg] {configuration.nginx_t()}"
    assert (said["file"], said["line"]) == (f"{configuration.folder}/nginx.conf", int(message.rpartition(":")[2]))


def test_a_missing_certificate_and_one_that_only_root_may_read(configuration: Configuration) -> None:
    """A key is 0600 and root's: with the right to read everything, nginx finds that it fits."""
    site = f"server {{ listen 127.0.0.1:1 ssl; ssl_certificate {configuration.folder}/c.pem; ssl_certificate_key {configuration.folder}/k.pem; }}"
    said = configuration.verdict(site)
    assert said["valid"] is False and "c.pem" in said["message"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", "k.pem", "-out", "c.pem"]
    subprocess.run(command, cwd=configuration.folder, check=True, capture_output=True)
    (configuration.folder / "k.pem").chmod(0o600)
    assert configuration.verdict(site)["valid"] is True


@pytest.mark.parametrize("missing", ["run", "log", "temp"])
def test_a_missing_folder_is_a_fault_though_the_syntax_is_right(configuration: Configuration, missing: str) -> None:
    (configuration.folder / missing).rmdir()
    said = configuration.verdict()
    assert said["valid"] is False
    assert said["message"] == f"[emerg] {configuration.nginx_t()}"
    assert said["file"] == f"{configuration.folder}/nginx.conf" and said["line"] in (2, 3, 7)


@pytest.mark.parametrize(
    "inside",
    [
        "server { listen 127.0.0.1:1; access_log FOLDER/none/x.log; }",
        "server { listen 127.0.0.1:1; location / { error_log FOLDER/none/y.log warn; } }",
        "server { listen 192.0.2.77:8888; }",
        "proxy_cache_path FOLDER/none/cache keys_zone=a:1m;",
        "server { listen 127.0.0.1:1; access_log FOLDER/temp; }",
    ],
)
def test_what_nginx_opens_after_parsing(configuration: Configuration, inside: str) -> None:
    said = configuration.verdict(inside)
    expected = configuration.nginx_t()
    assert expected and said["valid"] is False and said["message"] == f"[emerg] {expected}"


@pytest.mark.parametrize(
    "inside",
    [
        "server { listen 127.0.0.1:1; access_log /none/$host.log; }",
        "server { listen 127.0.0.1:1; access_log syslog:server=127.0.0.1; error_log stderr; access_log off; }",
        "server { listen unix:FOLDER/run/x.sock; listen localhost:1; listen [::1]:1; listen *:2; listen 3; }",
        "# access_log /none/x.log;\nlog_format x 'access_log /none/x.log;';",
        'server { listen 127.0.0.1:1; access_log "FOLDER/log/a b.log"; }',
    ],
)
def test_what_opens_no_file_that_could_be_missing(configuration: Configuration, inside: str) -> None:
    said = configuration.verdict(inside)
    assert said["valid"] is True, said
    assert configuration.nginx_t() == ""


def test_defaults_of_the_build_count_where_nobody_names_the_file(tmp_path: Path) -> None:
    configuration = Configuration(tmp_path)
    (tmp_path / "nginx.conf").write_text("events {} http {}")
    program = inspect(Program(NGINX, reader_for(NGINX, None)))
    program.built = dict(program.built, **{"http-proxy-temp-path": f"{tmp_path}/none/proxy"})
    files = read_files(f"{tmp_path}/nginx.conf").files
    said = judge_configuration(program, f"{tmp_path}/nginx.conf", "/", {}, files)
    assert said["message"] == f'[emerg] mkdir() "{tmp_path}/none/proxy" failed (2: No such file or directory)' and said["line"] is None
    assert configuration.folder == tmp_path


@pytest.mark.parametrize("user", ["nosuchuser", "www-data nosuchgroup", "nobody"])
def test_a_user_that_this_host_lacks(configuration: Configuration, user: str) -> None:
    """Debian has no group nobody, and no user nginx; nginx says so to root alone."""
    said = configuration.verdict(main=MAIN.replace("{user}", user))
    assert said["valid"] is False and said["line"] == 1
    assert os.geteuid() != 0 or said["message"] == f"[emerg] {configuration.nginx_t()}"


def test_globals_are_tested_too(configuration: Configuration) -> None:
    main = MAIN.replace("pid {folder}/run/nginx.pid;", "")
    assert configuration.verdict(main=main, given={"g": f"pid {configuration.folder}/none/x.pid;"})["valid"] is False
    assert configuration.verdict(main=main, given={"g": f"pid {configuration.folder}/run/x.pid;", "p": "yes"})["valid"] is True
    assert "blub" in configuration.verdict(main=main, given={"g": "blub;"})["message"]


def _program(folder: Path, script: str) -> Program:
    path = folder / "nginx"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Program(str(path), None)


@pytest.mark.parametrize(
    ("script", "ran", "valid", "note"),
    [
        ("echo 'nginx: [emerg] open() \"/etc/x\" failed (13: Permission denied) in /etc/nginx/nginx.conf:3' >&2; exit 1", True, None, "may not read"),
        ("echo oh >&2; exit 1", True, None, "gave no verdict: oh"),
        ("exit 1", True, None, "it said nothing"),
    ],
)
def test_what_is_no_verdict(tmp_path: Path, script: str, ran: bool, valid: bool | None, note: str) -> None:
    said = judge_configuration(_program(tmp_path, script), "/x", "/", {}, {})
    assert (said["ran"], said["valid"]) == (ran, valid) and note in said["note"]


def test_a_program_that_cannot_run_or_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = judge_configuration(Program("/nonexistent", None), "/x", "/", {}, {})
    assert (said["ran"], said["valid"]) == (False, None) and "No such file" in said["note"]
    monkeypatch.setattr("ansible_collections.webops.django.plugins.module_utils.nginx_test.TIMEOUT", 0.1)
    said = judge_configuration(_program(tmp_path, "exec sleep 60"), "/x", "/", {}, {})
    assert (said["ran"], said["valid"]) == (True, None) and "did not end" in said["note"]


def test_a_configuration_in_a_folder_of_roots_alone(tmp_path: Path) -> None:
    """As certificates and password files often are; this needs the right to read everything, or to be the owner."""
    (tmp_path / "closed").mkdir(mode=0o700)
    configuration = Configuration(tmp_path / "closed")
    (tmp_path / "closed").chmod(0o700)
    assert configuration.verdict()["valid"] is True
    assert os.listdir(tmp_path / "closed" / "run") == []
