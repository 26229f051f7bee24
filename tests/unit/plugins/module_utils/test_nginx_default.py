# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""nginx_default: who answers an unknown host, asked of a real nginx too."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from ansible_collections.webops.django.plugins.module_utils.nginx_default import (
    Stock,
    dual_listener,
    foreign_default,
    idle_catch_alls,
    is_catch_all,
    is_ours,
    listened,
    servers,
    stock_site,
)
from ansible_collections.webops.django.plugins.module_utils.nginx_shadow import read_configuration
from ansible_collections.webops.django.plugins.module_utils.nginx_text import Configuration
from ansible_collections.webops.django.tests.unit.support.nginx_server import NginxServer


def configuration(**sites: str) -> Configuration:
    """Return a configuration whose sites-enabled holds these files; ``__`` in a name is a hyphen, ``_dot_`` a full stop."""
    files = {f"/e/sites-enabled/{name.replace('_dot_', '.').replace('__', '-')}": text for name, text in sites.items()}
    return Configuration({"/e/nginx.conf": "events {} http { include sites-enabled/*; }", **files}, "/e/nginx.conf")


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("80", ["*:80"]),
        ("*:80", ["*:80"]),
        ("0.0.0.0:80", ["*:80"]),
        ("*", ["*:80"]),
        ("127.0.0.1", ["127.0.0.1:80"]),
        ("127.0.0.1:8080", ["127.0.0.1:8080"]),
        ("localhost:8080", ["localhost:8080"]),
        ("[::]:80", ["[::]:80"]),
        ("[0:0:0:0:0:0:0:0]:80", ["[::]:80"]),
        ("[::1]", ["[::1]:80"]),
        ("[not an address]:80", ["[not an address]:80"]),
        ("unix:/run/x.sock", ["unix:/run/x.sock"]),
        ("8080-8082", ["*:8080", "*:8081", "*:8082"]),
        ("[::]:8080-8081", ["[::]:8080", "[::]:8081"]),
    ],
)
def test_listened(argument: str, expected: list[str]) -> None:
    """Each spelling of an address becomes one."""
    assert listened(argument) == expected


CASES = {
    "nobody": ({}, None),
    "only another address": ({"a": "server { listen 127.0.0.1:1; listen 127.0.0.2:PORT; return 200 a; }"}, None),
    "the first is the implicit default": ({"b": "server { listen PORT; return 200 b; }", "a": "server { listen PORT; return 200 a; }"}, "a"),
    "an explicit one wins": (
        {"a": "server { listen PORT; return 200 a; }", "b": "server { listen *:PORT default_server; return 200 b; }"},
        "b",
    ),
    "ours do not count": ({"zz-webops-shop.conf": "server { listen PORT; return 200 ours; }"}, None),
    "ours come last": (
        {"zz-webops-shop.conf": "server { listen PORT; return 200 ours; }", "www": "server { listen 0.0.0.0:PORT; return 200 www; }"},
        "www",
    ),
    "a snippet that listens": ({"a": "server { include conf.d/listen; return 200 a; }"}, "a"),
}


@pytest.mark.parametrize(("sites", "expected"), CASES.values(), ids=CASES)
def test_foreign_default_is_the_one_that_nginx_takes(tmp_path: Path, sites: dict[str, str], expected: str | None) -> None:
    """Where somebody else has a default server, a real nginx answers an unknown host by it; else there is none."""
    server = NginxServer(tmp_path)
    server.site("listen", "listen PORT;", "conf.d")
    for name, text in sites.items():
        server.site(name, text)
    found = servers(Configuration(read_configuration(str(server.config), {}), str(server.config)))
    foreign = foreign_default(found, f"*:{server.port}")
    assert (foreign and Path(foreign.file).name) == expected
    if expected:
        with server:
            answer = server.get("/", host="unknown.example")
            assert answer.body.decode() == expected


def test_a_block_without_listen() -> None:
    """nginx lets it listen on *:80."""
    (server,) = servers(configuration(a="server { server_name A.example b; }"))
    assert server.addresses == {"*:80"} and server.names == {"a.example", "b"} and server.line == 1


def test_idle_catch_alls() -> None:
    """A catch-all goes with the last of our sites that listens on its address, whatever others do there."""
    found = servers(
        configuration(
            zz__webops__default_dot_80_dot_conf="server { listen 80 default_server; }",
            zz__webops__default_dot_81_dot_conf="server { listen 81 default_server; }",
            zz__webops__shop_dot_conf="server { listen 81; }",
            other="server { listen 80; }",
        )
    )
    assert idle_catch_alls(found) == ["/e/sites-enabled/zz-webops-default.80.conf"]


def test_a_site_called_default_is_no_catch_all() -> None:
    """Names of sites have no full stop."""
    assert is_ours("/e/zz-webops-default.conf") and not is_catch_all("/e/zz-webops-default-80.conf")
    assert is_catch_all("/e/zz-webops-default.80.conf") and not is_ours("/e/shop.conf")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("listen [::]:80 ipv6only=off;", True),
        ("listen [::]:80;", False),
        ("listen [::]:80 ipv6only=on;", False),
        ("listen 80; listen [::]:80 ipv6only=off;", False),
        ("listen [::]:81 ipv6only=off;", False),
    ],
)
def test_dual_listener(other: str, expected: bool) -> None:
    """One IPv6 socket for both families leaves no room for an IPv4 one."""
    found = servers(configuration(a=f"server {{ {other} }}", zz__webops__shop_dot_conf="server { listen 80; listen [::]:80; }"))
    assert bool(dual_listener(found, "*:80")) is expected
    assert dual_listener(found, "[::]:80") is None


class Debian:
    """A folder as Debian's nginx package leaves it."""

    def __init__(self, folder: Path) -> None:
        self.available = folder / "sites-available" / "default"
        self.available.parent.mkdir()
        self.available.write_text("server { listen 80 default_server; }")
        self.link = folder / "sites-enabled" / "default"
        self.link.parent.mkdir()
        self.link.symlink_to(self.available)
        self.pages = folder / "html"
        self.pages.mkdir()
        page = folder / "index.html"
        page.write_text("Welcome to nginx!")
        (self.pages / "index.nginx-debian.html").write_text("Welcome to nginx!")
        status = folder / "status"
        digest = hashlib.md5(self.available.read_bytes()).hexdigest()
        status.write_text(f"Package: nginx-common\nConffiles:\n /etc/default/nginx {'0' * 32}\n {self.available} {digest}\nDescription: small\n")
        self.stock = Stock(str(status), str(self.pages), str(page))

    def found(self) -> str | None:
        """Ask for the stock site."""
        return stock_site(str(self.link), self.stock)


def test_stock_site(tmp_path: Path) -> None:
    """Debian's welcome site, untouched."""
    debian = Debian(tmp_path)
    assert debian.found() == str(debian.link)
    (debian.pages / "index.nginx-debian.html").unlink()
    assert debian.found() == str(debian.link)
    debian.pages.rmdir()
    assert debian.found() == str(debian.link)


def test_a_changed_stock_site_is_somebodys(tmp_path: Path) -> None:
    """A changed configuration, another page, a changed page, a copy instead of a link, a removed package: each is somebody's site."""
    debian = Debian(tmp_path)
    (debian.pages / "index.html").write_text("my page")
    assert debian.found() is None
    (debian.pages / "index.html").unlink()
    (debian.pages / "index.nginx-debian.html").write_text("my page")
    assert debian.found() is None
    (debian.pages / "index.nginx-debian.html").write_text("Welcome to nginx!")
    assert debian.found() is not None
    debian.available.write_text("server { listen 80 default_server; server_name me; }")
    assert debian.found() is None
    debian.link.unlink()
    assert debian.found() is None
    debian.link.write_text("server { listen 80 default_server; }")
    assert debian.found() is None


def test_stock_site_without_dpkg(tmp_path: Path) -> None:
    """A host that has no dpkg database has no stock site of Debian's."""
    debian = Debian(tmp_path)
    assert stock_site(str(debian.link), Stock(str(tmp_path / "none"), str(debian.pages), debian.stock.page)) is None
