# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a client on the host connects to, to reach a server block or an application, and by which URL it asks."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.plugin_utils import diagnosis_servers as servers
from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, ServerBlock

Document = t.Mapping[str, t.Any]
DEFAULT_PORTS = {"http": 80, "https": 443}


def endpoint(
    server: ServerBlock, static: Document, evidence: Document, configuration: Configuration | None = None
) -> tuple[dict[str, t.Any] | None, str]:
    """Return where a client connects to reach a server block, and the site's base URL.

    :param configuration: the whole, whose other blocks may have an address of the host for themselves.
    """
    given = evidence.get("options", {}).get("base_url")
    wanted = urlsplit(given) if given else None
    listens = sorted(server.listens, key=lambda listen: (listen.port is None, not listen.ssl))
    if wanted:
        port = wanted.port or DEFAULT_PORTS.get(wanted.scheme, 80)
        listens = sorted(listens, key=lambda listen: listen.port != port)
        if _is_open(port, evidence) and not any(listen.port == port for listen in listens):
            # What people type is asked for as it is, also where another block answers there than the one that is meant to.
            address = _reachable("", wanted.hostname or "", evidence, _taken(configuration, port))
            return {"address": address, "port": port, "tls": wanted.scheme == "https"}, _with_slash(given)
    listen = listens[0] if listens else None
    tls = listen.ssl if listen else bool(wanted and wanted.scheme == "https")
    scheme = "https" if tls else "http"
    port = listen.port if listen and listen.port else wanted.port or DEFAULT_PORTS[wanted.scheme] if wanted else 80
    name = (wanted.hostname or "") if wanted else servers.host_names(server, static)[0]
    host = f"[{name.strip('[]')}]" if ":" in name else name
    path = "" if wanted else (static.get("force_script_name") or "").rstrip("/")
    # Something in front of this host may speak TLS, and take what is written in the URL to another port here.
    base = _with_slash(given) if given else f"{scheme}://{host}" + ("" if port == DEFAULT_PORTS.get(scheme) else f":{port}") + f"{path}/"
    if listen and listen.unix:
        return {"unix": listen.unix}, base
    address = _reachable(listen.address if listen else "", name, evidence, _taken(configuration, port))
    return {"address": address, "port": port, "tls": tls}, base


def _taken(configuration: Configuration | None, port: int) -> set[str]:
    """Return the addresses that blocks listen on by name: a connection there does not come to those that listen on all.

    Usual for loopback: monitoring is told to add a block for 127.0.0.1 with stub_status.
    """
    return {
        listen.address.strip("[]") for block in (configuration.servers if configuration else ()) for listen in block.listens if listen.port == port
    }


def _with_slash(url: str) -> str:
    """Return a site's URL with a slash at its end."""
    return url.rstrip("/") + "/"


def _is_open(port: int, evidence: Document) -> bool:
    """Tell whether an nginx of this host listens on a port."""
    return any(item.get("port") == port for nginx in evidence.get("nginx") or () for item in nginx.get("listening") or ())


def _reachable(address: str, name: str, evidence: Document, taken: t.Collection[str] = ()) -> str:
    """Return an address of this host on which a listening socket takes connections.

    :param taken: addresses that sockets of their own listen on.
    """
    own = [item for item in evidence["host"].get("addresses") or () if item not in taken and servers.is_address(item)]
    if address in ("", "*", "0.0.0.0"):
        if servers.is_address(name) and name in evidence["host"].get("addresses", ()):
            return name
        free = ["127.0.0.1", *(item for item in own if ":" not in item)]
        return next((item for item in free if item not in taken), "127.0.0.1")
    if address in ("[::]", "::"):
        free = ["::1", *(item for item in own if ":" in item and not item.startswith("fe80"))]
        return next((item for item in free if item not in taken), "::1")
    return address.strip("[]")


def direct(application: Document, static: Document, evidence: Document) -> tuple[dict[str, t.Any] | None, str]:
    """Return how to reach an application that nothing is in front of."""
    given = evidence.get("options", {}).get("base_url")
    bind = next((bind for bind in application["binds"] if bind.get("port")), next(iter(application["binds"]), None))
    names = [name for name in servers.allowed_names(static) if servers.allows(static, name)] or ["localhost"]
    if bind is None:
        parts = urlsplit(given) if given else None
        if not parts or not parts.hostname:
            return None, f"http://{names[0]}/"
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 80)
        return {"address": parts.hostname, "port": port, "tls": parts.scheme == "https"}, given.rstrip("/") + "/"
    if bind.get("unix"):
        return {"unix": bind["unix"]}, (given or f"http://{names[0]}").rstrip("/") + "/"
    address = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(bind["address"], bind["address"])
    return {"address": address, "port": bind["port"], "tls": False}, (given or f"http://{names[0]}:{bind['port']}").rstrip("/") + "/"


def through(nginx: Document, static: Document, evidence: Document) -> tuple[dict[str, t.Any] | None, str]:
    """Return how a site is reached through an nginx whose configuration cannot be understood: by the usual port that it listens on."""
    given = evidence.get("options", {}).get("base_url")
    ports = {item["port"]: item.get("address") or "" for item in nginx.get("listening") or ()}
    wanted = urlsplit(given) if given else None
    scheme = wanted.scheme if wanted else "https" if 443 in ports and 80 not in ports else "http"
    port = (wanted.port if wanted else None) or DEFAULT_PORTS[scheme]
    if port not in ports and ports and not wanted:
        port = min(ports)
    names = [name for name in servers.allowed_names(static) if servers.allows(static, name)] or ["localhost"]
    name = (wanted.hostname or "") if wanted else names[0]
    base = f"{scheme}://{name}" + ("" if port == DEFAULT_PORTS[scheme] else f":{port}") + "/"
    return {"address": _reachable(ports.get(port, ""), name, evidence), "port": port, "tls": scheme == "https"}, base


def address_of(connect: Document) -> str | None:
    """Return the address of a connection, as the resolver takes it."""
    return f"unix:{connect['unix']}" if connect.get("unix") else connect.get("address")


def client_of(connect: Document, host: Document) -> str | None:
    """Return the address that a client on the host has: who connects to one of its addresses comes from the same one."""
    address = connect.get("address")
    return str(address) if address and address in (host.get("addresses") or ()) else None


def for_url(url: str, connect: Document | None, configuration: Configuration | None, evidence: Document) -> dict[str, t.Any] | None:
    """Return where a client connects to for a URL whose scheme and port may be others than the site's.

    :param connect: where the site itself is reached.
    """
    parts = urlsplit(url)
    port, tls = parts.port or DEFAULT_PORTS.get(parts.scheme, 80), parts.scheme == "https"
    if connect is None or connect.get("unix") or (connect.get("port") == port and bool(connect.get("tls")) == tls):
        return dict(connect) if connect is not None else None
    if connect.get("port") == port:
        return {**connect, "tls": tls}
    listens = [listen for block in (configuration.servers if configuration else ()) for listen in block.listens if listen.port == port]
    address = _reachable(listens[0].address if listens else "", parts.hostname or "", evidence, _taken(configuration, port))
    return {"address": address, "port": port, "tls": tls}
