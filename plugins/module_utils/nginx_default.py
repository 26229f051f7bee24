# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server block answers a host name that no block names: whether a host has a default server of its own."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.nginx_text import Configuration, Directive

OURS = "zz-webops-"
"""Our files' names begin so: a folder is read in the order of its names, and the first server block of a port is its
implicit default. Ours come last, so that somebody else's first one stays the default."""

CATCH_ALL = f"{OURS}default."
"""A catch-all's name begins so. The full stop keeps it apart from any site's name."""


class Server(t.NamedTuple):
    """A server block: where it stands, what it listens on, which of these it claims as the default server, and its names.

    Addresses are ``*:80``, ``[::]:80``, ``127.0.0.1:80``. ``dual`` are those that take IPv4 as well (``ipv6only=off``).
    """

    file: str
    line: int
    addresses: frozenset[str]
    default: frozenset[str]
    dual: frozenset[str]
    names: frozenset[str]


class Stock(t.NamedTuple):
    """Where Debian keeps what its nginx package brought."""

    status: str = "/var/lib/dpkg/status"
    pages: str = "/var/www/html"
    page: str = "/usr/share/nginx/html/index.html"


def servers(configuration: Configuration) -> list[Server]:
    """Return the server blocks of a configuration, in nginx's order."""
    return [_server(configuration, path, item) for path, item in configuration.directives("http") if item.name == "server"]


def _server(configuration: Configuration, path: str, block: Directive) -> Server:
    inner = list(configuration.inside(path, block))
    listen = [(listened(item.arguments[0]), item.arguments[1:]) for item in inner if item.name == "listen" and item.arguments]
    if not listen:  # https://nginx.org/en/docs/http/ngx_http_core_module.html#listen
        listen = [(["*:80"], [])]
    return Server(
        file=path,
        line=block.line,
        addresses=frozenset(address for addresses, _options in listen for address in addresses),
        default=frozenset(address for addresses, options in listen if {"default_server", "default"} & set(options) for address in addresses),
        dual=frozenset(address for addresses, options in listen if "ipv6only=off" in options for address in addresses),
        names=frozenset(name.lower() for item in inner if item.name == "server_name" for name in item.arguments),
    )


def listened(argument: str) -> list[str]:
    """Return the addresses that a ``listen``'s first argument means: ``80`` is ``*:80``, a range is each of its ports."""
    if argument.startswith("unix:"):
        return [argument]
    match = re.fullmatch(r"(?:(\[[^]]*\]|[^:]*?):)?(\d+)(?:-(\d+))?", argument)
    host, first, last = match.groups() if match else (argument, "80", None)
    return [f"{_host(host or '*')}:{port}" for port in range(int(first), int(last or first) + 1)]


def _host(host: str) -> str:
    if host in ("*", "0.0.0.0"):
        return "*"
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1])}]"
        except ValueError:
            return host
    return host.lower()


def is_ours(path: str) -> bool:
    """Tell whether a configuration file is one that this collection wrote."""
    return os.path.basename(path).startswith(OURS)


def is_catch_all(path: str) -> bool:
    """Tell whether a configuration file is one of our catch-alls."""
    return os.path.basename(path).startswith(CATCH_ALL)


def foreign_default(found: t.Iterable[Server], address: str) -> Server | None:
    """Return somebody else's default server of an address: the one that says so, else the first that listens there.

    A block that listens on ``127.0.0.1:80`` alone is no default of ``*:80``: nginx looks for the default among the blocks of
    the very address.
    """
    others = [server for server in found if address in server.addresses and not is_ours(server.file)]
    explicit = [server for server in others if address in server.default]
    return (explicit or others or [None])[0]  # type: ignore[list-item]


def dual_listener(found: t.Iterable[Server], address: str) -> Server | None:
    """Return somebody else's block that takes this IPv4 address by an IPv6 socket, so that nginx cannot bind it again."""
    if not address.startswith("*:"):
        return None
    twin = address.replace("*", "[::]", 1)
    alone = [server for server in found if not is_ours(server.file)]
    if any(address in server.addresses for server in alone):
        return None
    return next((server for server in alone if twin in server.dual), None)


def idle_catch_alls(found: t.Iterable[Server]) -> list[str]:
    """Return our catch-alls on whose addresses none of our sites listens any more, such as after a change of the port."""
    ours = [server for server in found if is_ours(server.file)]
    used = {address for server in ours if not is_catch_all(server.file) for address in server.addresses}
    return sorted({server.file for server in ours if is_catch_all(server.file) and not server.addresses & used})


def stock_site(link: str, stock: Stock) -> str | None:
    """Return the link that enables Debian's welcome site, where nobody made it his own.

    It is Debian's own when dpkg's checksum of the configuration file still holds, and when the folder that it serves holds
    nothing but the welcome page.

    :param link: such as ``/etc/nginx/sites-enabled/default``.
    """
    if not os.path.islink(link):
        return None
    checksum = _conffile_checksum(os.path.realpath(link), stock.status)
    unmodified = checksum is not None and checksum == hashlib.md5(_content(link)).hexdigest()
    return link if unmodified and _serves_only_welcome(stock) else None


def _conffile_checksum(path: str, status: str) -> str | None:
    """dpkg's database names each configuration file with the MD5 sum of what the package brought (deb-conffiles(5))."""
    match = re.search(rb"^ " + re.escape(os.fsencode(path)) + rb" ([0-9a-f]{32})\b", _content(status), re.MULTILINE)
    return match.group(1).decode() if match else None


def _serves_only_welcome(stock: Stock) -> bool:
    try:
        names = os.listdir(stock.pages)
    except OSError:
        return True
    return all(name == "index.nginx-debian.html" and _content(os.path.join(stock.pages, name)) == _content(stock.page) for name in names)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
