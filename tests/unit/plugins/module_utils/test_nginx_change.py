# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_change: a real nginx takes a change whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import signal
import socket
import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.nginx_change import File, Request, change_configuration
from ansible_collections.webops.django.plugins.module_utils.nginx_default import Stock
from ansible_collections.webops.django.tests.unit.support.nginx_server import NGINX, NginxServer

CATCH_ALL = "server { listen PORT default_server; server_name _; return 444; }\n"
SHOP = "server { listen PORT; server_name shop.example; return 200 shop; }\n"


@dataclasses.dataclass
class Host:
    """A host's nginx, and requests to it."""

    server: NginxServer

    def ask(self, *files: File, **options: t.Any) -> dict[str, t.Any]:
        """Change the configuration."""
        etc = self.server.etc
        port = str(self.server.port)
        request = Request(
            files=[File(file.path, file.content.replace("PORT", port), file.default_for and f"*:{port}") for file in files],
            nginx=NGINX,
            config=str(self.server.config),
            folders=(f"{etc}/sites-enabled", f"{etc}/conf.d"),
            stock=Stock(str(etc.parent / "status"), str(etc.parent / "html"), str(etc.parent / "index.html")),
        )
        return change_configuration(request._replace(**options))

    def shop(self, **options: t.Any) -> dict[str, t.Any]:
        """Add a site and its catch-all."""
        return self.ask(File("zz-webops-shop.conf", SHOP), File("zz-webops-default.80.conf", CATCH_ALL, "*:80"), **options)

    def tree(self) -> dict[str, str]:
        """Return the configuration's files."""
        return {
            str(path.relative_to(self.server.etc)): os.readlink(path) if path.is_symlink() else path.read_text()
            for path in self.server.etc.rglob("*")
            if path.is_symlink() or path.is_file()
        }

    def refused(self, match: str, *files: File, **options: t.Any) -> None:
        """Expect a refusal that leaves every file as it was."""
        before = self.tree()
        with pytest.raises(ExplainedError, match=match):
            self.ask(*files, **options)
        assert self.tree() == before


@pytest.fixture(name="host")
def _host(tmp_path: Path) -> Host:
    return Host(NginxServer(tmp_path))


def answer(host: Host, name: str) -> str | None:
    """Return what a client gets for a host name; None where the connection is closed without an answer."""
    got = host.server.get("/", host=name)
    return got.body.decode() if got.status else None


def test_check_do_again(host: Host) -> None:
    """Check mode predicts and writes nothing; the change is made; again changes nothing."""
    before = host.tree()
    predicted = host.shop(check_mode=True)
    assert host.tree() == before
    done = host.shop()
    assert predicted == done
    assert done["changed"] and done["installed"] and not done["running"] and not done["reload_needed"]
    etc = host.server.etc
    assert done["files"] == [f"{etc}/sites-enabled/zz-webops-default.80.conf", f"{etc}/sites-enabled/zz-webops-shop.conf"]
    assert [(item["after_header"], item["before"]) for item in done["diff"]] == [(done["files"][1], ""), (done["files"][0], "")]
    assert (etc / "sites-enabled" / "zz-webops-shop.conf").stat().st_mode & 0o777 == 0o644
    for check_mode in (False, True):
        again = host.shop(check_mode=check_mode)
        assert not again["changed"] and again["diff"] == []
    with host.server:
        assert (answer(host, "shop.example"), answer(host, "unknown.example")) == ("shop", None)


@pytest.mark.parametrize(
    "others",
    [
        {"a": "server { listen PORT; server_name a.example; return 200 a; }"},
        {
            "a": "server { listen PORT; server_name a.example; return 200 a; }",
            "b": "server { listen PORT default_server; server_name b.example; return 200 b; }",
        },
    ],
    ids=["implicit default", "explicit default"],
)
def test_other_sites_answer_as_before(host: Host, others: dict[str, str]) -> None:
    """Somebody else's sites answer known and unknown hosts as they did."""
    for name, text in others.items():
        host.server.site(name, text)
    with host.server:
        names = ("a.example", "b.example", "unknown.example", "")
        before = [answer(host, name) for name in names]
        assert host.shop()["reload_needed"]
        host.server.reload()
        assert [answer(host, name) for name in names] == before
        assert answer(host, "shop.example") == "shop"
        assert not (host.server.etc / "sites-enabled" / "zz-webops-default.80.conf").exists()
        assert not host.shop()["changed"]


def test_an_address_of_its_own(host: Host) -> None:
    """A block on 127.0.0.1:80 is no default of *:80; a running nginx that has only the former cannot be given the latter by a reload."""
    host.server.site("a", "server { listen 127.0.0.1:PORT; server_name a.example; return 200 a; }")
    with host.server:
        catch_all = File("zz-webops-default.80.conf", CATCH_ALL, "*:80")
        host.refused(
            r"listens on port \d+ at 127.0.0.1 only.*set django_nginx_addresses to .'127.0.0.1'.,", File("zz-webops-shop.conf", SHOP), catch_all
        )
        host.ask(File("zz-webops-shop.conf", SHOP.replace("listen PORT", "listen 127.0.0.1:PORT")))
        host.server.reload()
        assert [answer(host, name) for name in ("a.example", "shop.example", "unknown.example")] == ["a", "shop", "a"]
    host.shop()
    assert "sites-enabled/zz-webops-default.80.conf" in host.tree()


def test_a_default_server_that_comes_later(host: Host) -> None:
    """Our catch-all makes way for somebody's new site, also for one that says default_server, which nginx would refuse beside it."""
    host.shop()
    new = host.server.site("new", "server { listen PORT default_server; return 200 new; }")
    assert host.server.test().returncode == 1
    assert host.shop()["changed"]
    assert host.server.test().returncode == 0
    new.unlink()
    assert host.shop()["changed"]
    assert (host.server.etc / "sites-enabled" / "zz-webops-default.80.conf").exists()


def test_default_server_refuse_and_keep(host: Host) -> None:
    """A user may insist on the catch-all, or go without; an explicit default server of somebody else is told."""
    host.server.site("a", "server { listen PORT; return 200 a; }")
    host.shop(default_server="refuse")
    with host.server:
        assert answer(host, "unknown.example") is None
    assert not host.shop(default_server="keep")["changed"]
    host.server.site("a", "server { listen PORT default_server; return 200 a; }")
    catch_all = File("zz-webops-default.80.conf", CATCH_ALL, "*:80")
    host.refused(
        r"sites-enabled/a, line 1, already is the default server of .*django_nginx_default_server to auto", catch_all, default_server="refuse"
    )


def test_debians_welcome_site_makes_way(host: Host) -> None:
    """It is no site of anybody's; untouched by ``keep``, and kept where somebody changed it."""
    welcome = host.server.site("default", "server { listen PORT default_server; return 200 welcome; }", "sites-available")
    link = host.server.etc / "sites-enabled" / "default"
    link.symlink_to(welcome)
    status = host.server.etc.parent / "status"
    status.write_text(f"Conffiles:\n {welcome} {hashlib.md5(welcome.read_bytes()).hexdigest()}\n")
    host.shop(default_server="keep")
    assert link.is_symlink() and "sites-enabled/zz-webops-default.80.conf" not in host.tree()
    host.shop()
    assert not link.is_symlink() and welcome.exists() and "sites-enabled/zz-webops-default.80.conf" in host.tree()
    assert not host.shop()["changed"]
    link.symlink_to(welcome)
    welcome.write_text(welcome.read_text() + "# mine\n")
    host.shop()
    assert link.is_symlink() and "sites-enabled/zz-webops-default.80.conf" not in host.tree()


def test_two_sites_share_a_catch_all_and_a_moved_one_leaves_none(host: Host) -> None:
    """The catch-all of a port goes when no site of ours is there any more."""
    host.shop()
    host.ask(File("zz-webops-blog.conf", SHOP.replace("shop", "blog")), File("zz-webops-default.80.conf", CATCH_ALL, "*:80"))
    assert not host.shop()["changed"]
    moved = "server { listen 127.0.0.1:1; }"
    host.ask(File("zz-webops-blog.conf", moved))
    assert "sites-enabled/zz-webops-default.80.conf" in host.tree()
    assert host.ask(File("zz-webops-shop.conf", moved))["changed"]
    assert "sites-enabled/zz-webops-default.80.conf" not in host.tree()


def test_conf_d_where_sites_enabled_is_not_read(host: Host) -> None:
    """A host by nginx's own packages has conf.d only; where sites-enabled is read later on, the file moves."""
    text = host.server.config.read_text()
    without = "\n".join(line for line in text.splitlines() if "sites-enabled" not in line)
    host.server.config.write_text(without)
    assert host.shop()["files"][1] == f"{host.server.etc}/conf.d/zz-webops-shop.conf"
    host.server.config.write_text(text)
    assert host.shop()["files"][1] == f"{host.server.etc}/sites-enabled/zz-webops-shop.conf"
    assert not list((host.server.etc / "conf.d").iterdir())
    host.server.config.write_text(without.replace("include conf.d", "# include conf.d"))
    host.refused(r"no include in the http block of .*nginx.conf reaches .*sites-enabled or .*conf.d. Add", File("zz-webops-shop.conf", SHOP))


def test_a_refused_file(host: Host) -> None:
    """nginx's own line is told, in the real path."""
    host.shop()
    host.refused(
        r'the new configuration; nothing was changed.*: nginx: .emerg. unknown directive "lisen" in .*/sites-enabled/zz-webops-shop.conf:1$',
        File("zz-webops-shop.conf", "server { lisen 80; }"),
        absent=[str(host.server.etc / "sites-enabled" / "zz-webops-default.80.conf")],
    )


def test_a_configuration_that_was_broken_before(host: Host) -> None:
    """It is not blamed on us."""
    (host.server.etc / "sites-enabled" / "gone").symlink_to("/nonexistent/site")
    host.refused(
        r"refuses this host's configuration as it is, without any change of ours.*sites-enabled/gone\" failed", File("zz-webops-shop.conf", SHOP)
    )


def test_our_own_broken_file_is_mended(host: Host) -> None:
    """A change that makes a refused configuration an accepted one is made."""
    host.server.site("zz-webops-shop.conf", "half a fi")
    assert host.shop()["changed"]
    assert host.server.test().returncode == 0


def test_a_file_that_no_include_reaches(host: Host) -> None:
    """A full path that nginx does not read."""
    host.refused(
        r"nginx does not read .*/elsewhere.conf: no include of .*nginx.conf reaches it.*include .*/etc/nginx/\*.conf;",
        File(f"{host.server.etc}/elsewhere.conf", SHOP),
    )


def test_what_is_not_in_effect_is_taken_back(host: Host, tmp_path: Path) -> None:
    """nginx is asked again when the files are live: one that reads them no more, or refuses them then."""
    for reply in ("echo '# configuration file /x:'", "echo 'nginx: [emerg] too late' >&2; exit 1"):
        late = tmp_path / "late-nginx"
        late.write_text(f'#!/bin/sh\ncase "$3" in {host.server.config}) {reply}; exit;; esac\nexec {NGINX} "$@"\n')
        late.chmod(0o755)
        host.refused("does not read|put back. It says: nginx: .emerg. too late", File("zz-webops-shop.conf", SHOP), nginx=str(late))


def test_a_host_name_that_is_taken(host: Host) -> None:
    """nginx would warn only, and ignore our block."""
    host.server.site("old", "server { listen PORT; server_name Shop.example; return 200 old; }")
    host.refused(
        r"sites-enabled/old, line 1, already answers for shop.example on 0.0.0.0:\d+, so nginx would ignore .*django_app_hostnames",
        File("zz-webops-shop.conf", SHOP),
    )


def test_a_port_in_use(host: Host) -> None:
    """Another program than nginx holds it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        host.refused(
            rf"Port {port} is in use on 127.0.0.1 by .* \(pid {os.getpid()}.*django_nginx_port", File("zz-webops-shop.conf", SHOP), ports=[port]
        )
    with host.server:
        host.shop(ports=[host.server.port])


def test_an_ipv6_socket_that_takes_ipv4(host: Host) -> None:
    """``nginx -t`` accepts it, a reload would not."""
    host.server.site("a", "server { listen [::]:PORT ipv6only=off; }")
    host.refused(r"sites-enabled/a, line 1, listens on .*ipv6only=off", File("zz-webops-shop.conf", SHOP))


def test_without_nginx(host: Host) -> None:
    """Check mode on an empty host predicts; a real run says what to install."""
    shutil.rmtree(host.server.etc)
    result = host.shop(nginx="/nonexistent/nginx", check_mode=True)
    assert result["changed"] and not result["installed"] and not result["reload_needed"]
    with pytest.raises(ExplainedError, match="nginx is not installed"):
        host.shop(nginx="/nonexistent/nginx")
    with pytest.raises(ExplainedError, match="nginx.conf cannot be read"):
        host.shop()


def test_reload_needed_until_nginx_has_it(host: Host) -> None:
    """A run that was killed between writing and reloading is finished by the next one: new, changed and removed files.

    The pauses are longer than the clock tick in which the kernel counts a process's start.
    """
    extra = host.server.site("extra.conf", "server_tokens off;", "conf.d")
    time.sleep(0.02)
    with host.server:
        assert not host.ask()["reload_needed"]
        assert host.shop(check_mode=True)["reload_needed"]
        assert not host.ask()["reload_needed"]
        for change in (host.shop, lambda: host.ask(absent=[str(extra)])):
            assert change()["reload_needed"]
            time.sleep(0.02)
            again = host.shop() if change == host.shop else change()
            assert not again["changed"] and again["reload_needed"]
            time.sleep(0.02)
            host.server.reload()
            assert not change()["reload_needed"]


def test_a_worker_that_died_is_started_with_the_old_configuration(host: Host) -> None:
    """The other one is still older than the change."""
    with host.server:
        time.sleep(0.02)
        host.shop()
        time.sleep(0.02)
        before = host.server.workers()
        os.kill(min(before), signal.SIGKILL)
        while len(host.server.workers()) < 2 or host.server.workers() == before:
            time.sleep(0.01)
        assert host.shop()["reload_needed"]


def test_a_worker_that_shuts_down_does_not_count(host: Host) -> None:
    """It ends its last request with the old configuration, for as long as its client takes."""
    host.server.site("a", "server { listen 127.0.0.1:PORT; }")
    with host.server, socket.create_connection(("127.0.0.1", host.server.port)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        time.sleep(0.02)
        host.ask(File("zz-webops-shop.conf", SHOP.replace("listen PORT", "listen 127.0.0.1:PORT")))
        time.sleep(0.02)
        host.server.reload()
        assert host.server.shutting_down()
        assert not host.ask()["reload_needed"]


def test_a_file_of_somebody_else_that_is_not_loaded_yet(host: Host) -> None:
    """Any file in effect counts, behind a link too."""
    real = host.server.site("a", "server { listen 127.0.0.1:1; }", "sites-available")
    (host.server.etc / "sites-enabled" / "a").symlink_to(real)
    time.sleep(0.02)
    with host.server:
        assert not host.ask()["reload_needed"]
        time.sleep(0.02)
        real.touch()
        assert host.ask()["reload_needed"]


def test_loaded(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a reload: nginx has the configuration, or its error log tells why not."""
    monkeypatch.setattr("ansible_collections.webops.django.plugins.module_utils.nginx_load.LOAD_TIMEOUT", 0.3)
    with host.server:
        host.shop()
        time.sleep(0.02)
        host.server.reload()
        assert not host.ask(loaded=True)["reload_needed"]
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            host.ask(File("zz-webops-shop.conf", f"server {{ listen 127.0.0.1:{other.getsockname()[1]}; }}"))
            assert host.server.process
            host.server.process.send_signal(1)
            time.sleep(0.1)
            with pytest.raises(ExplainedError, match=r"goes on with its earlier configuration. Its error log says: .*bind\(\) to .* failed"):
                host.ask(loaded=True)
