# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_shadow: a real nginx tests a configuration that is not live."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.nginx_shadow import ask_nginx, ask_shadow, read_configuration
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX, NginxServer


def snapshot(folder: Path) -> dict[str, tuple[str, int]]:
    """Return what a folder holds: content or target, and time of the last change, by path."""
    return {
        str(path): (os.readlink(path) if path.is_symlink() else path.read_text() if path.is_file() else "folder", path.lstat().st_ctime_ns)
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(name="server")
def _server(tmp_path: Path) -> NginxServer:
    """A tree that has what trees in the world have; its folder's name holds a space and a letter outside ASCII."""
    server = NginxServer(tmp_path / "a höst")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "module.conf").write_text("# load_module nothing;\nworker_shutdown_timeout 5s;\n")
    (server.etc / "modules-enabled" / "50-module.conf").symlink_to(outside / "module.conf")
    (outside / "absolute.conf").write_text(f'include "{server.etc}/back again/*.conf";\n')
    (server.etc / "back again").mkdir()
    server.site("here.conf", "server { listen PORT; server_name back; }", "back again")
    server.site("absolute.conf", f'include "{outside}/absolute.conf";', "conf.d")
    server.site("users", "me:{PLAIN}x\n", "sites-available")
    server.site("site", "server { listen PORT; auth_basic x; auth_basic_user_file sites-available/users; include snippets/*; }", "sites-available")
    (outside / "snippets").mkdir()
    (outside / "snippets" / "name").write_text("server_name site;")
    (server.etc / "snippets").symlink_to("../../../outside/snippets")
    (server.etc / "sites-enabled" / "site").symlink_to("../sites-available/site")
    return server


def test_the_shadow_is_what_nginx_reads(server: NginxServer) -> None:
    """The same files in the same order with the same text, but for the paths of includes; the tree and the pid file are left alone."""
    live = ask_nginx(NGINX, str(server.config))
    assert live.accepted, live.messages
    (server.folder / "nginx.pid").unlink()  # left by nginx's own test
    before = snapshot(server.etc)
    shadow = ask_shadow(NGINX, str(server.config), {})
    assert shadow.accepted, shadow.messages
    assert list(shadow.files) == list(live.files)
    assert shadow.files[f"{server.etc}/sites-enabled/site"].startswith("server { listen")
    assert snapshot(server.etc) == before
    assert not (server.folder / "nginx.pid").exists()


def test_read_configuration_finds_the_files_of_nginx(server: NginxServer) -> None:
    """Reading from disk finds what nginx finds."""
    live = ask_nginx(NGINX, str(server.config)).files
    read = read_configuration(str(server.config), {})
    assert set(read) == set(live)
    assert all(read[path].rstrip("\n") == live[path].rstrip("\n") for path in live)


@pytest.mark.parametrize(
    "place",
    ["conf.d/new.conf", "sites-enabled/new", "back again/new.conf", "snippets/new", "sites-enabled/site", "modules-enabled/new.conf"],
)
def test_a_fault_is_found_before_it_is_live(server: NginxServer, place: str) -> None:
    """Wherever a candidate is included from: relative, absolute, by way of a file outside, in a linked folder, in place of a link."""
    before = snapshot(server.folder.parent)
    path = str(server.etc / place)
    verdict = ask_shadow(NGINX, str(server.config), {path: "\n\nno_such_directive on;\n"})
    assert not verdict.accepted
    assert verdict.fault.endswith(f'unknown directive "no_such_directive" in {path}:3')
    assert snapshot(server.folder.parent) == before
    assert ask_shadow(NGINX, str(server.config), {path: "# fine\n"}).files[path].strip() == "# fine"


def test_a_removed_file_is_gone(server: NginxServer) -> None:
    """A link that shall not be there is not read; the files behind it stay."""
    path = str(server.etc / "sites-enabled" / "site")
    verdict = ask_shadow(NGINX, str(server.config), {path: None})
    assert verdict.accepted and path not in verdict.files
    assert Path(path).is_symlink()


def test_a_dangling_link_is_a_fault_as_in_nginx(server: NginxServer) -> None:
    """nginx refuses a configuration with a dangling link, by its real name."""
    (server.etc / "sites-enabled" / "gone").symlink_to("../sites-available/gone")
    shadow, live = ask_shadow(NGINX, str(server.config), {}), ask_nginx(NGINX, str(server.config))
    assert not live.accepted and not shadow.accepted
    assert shadow.fault == live.fault
    assert ask_shadow(NGINX, str(server.config), {f"{server.etc}/sites-enabled/gone": None}).accepted


def test_a_fault_in_the_main_file_keeps_its_line(server: NginxServer) -> None:
    """The pid that is put in front does not move lines."""
    text = server.config.read_text().replace("pid ", "# pid ").replace("daemon off;", "daemon of;")
    server.config.write_text(text)
    shadow, live = ask_shadow(NGINX, str(server.config), {}), ask_nginx(NGINX, str(server.config))
    assert shadow.fault == live.fault
    assert ":3" in shadow.fault


def test_a_new_folder(server: NginxServer) -> None:
    """A candidate may lie in a folder that is not there yet."""
    (server.etc / "conf.d" / "absolute.conf").unlink()
    (server.etc / "conf.d").rmdir()
    path = f"{server.etc}/conf.d/new.conf"
    assert ask_shadow(NGINX, str(server.config), {path: "server_tokens off;"}).files[path].strip() == "server_tokens off;"
    assert not (server.etc / "conf.d").exists()


def test_bytes_that_are_no_utf8(server: NginxServer) -> None:
    """A comment in Latin-1 disturbs nobody."""
    (server.etc / "conf.d" / "latin1.conf").write_bytes(b"# caf\xe9\n")
    assert (
        ask_shadow(NGINX, str(server.config), {})
        .files[f"{server.etc}/conf.d/latin1.conf"]
        .encode("utf-8", "surrogateescape")
        .startswith(b"# caf\xe9")
    )


def test_nginx_that_cannot_be_started(tmp_path: Path) -> None:
    """A program that is none is named."""
    (tmp_path / "nginx").write_text("")
    with pytest.raises(ExplainedError, match="cannot be started"):
        ask_nginx(str(tmp_path / "nginx"), "/etc/nginx/nginx.conf")
