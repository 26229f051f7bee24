# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which server blocks belong to which application, and under which name a client asks for the site."""

from __future__ import annotations

import ipaddress
import os
import re
import typing as t
from urllib.parse import urlsplit

from ansible_collections.webops.django.plugins.plugin_utils.nginx_configuration import Configuration, Location, ServerBlock

Document = t.Mapping[str, t.Any]
LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]", "ip6-localhost")
_PRIVATE = (".internal", ".local", ".localdomain", ".localhost", ".svc", ".cluster", ".test", ".invalid")
"""Endings of names that stand in ALLOWED_HOSTS for probes and neighbours, not for browsers."""
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)(?!-)[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\Z", re.IGNORECASE)


def locations(server: ServerBlock) -> t.Iterator[Location]:
    """Yield a server block's locations, nested ones too."""
    waiting = list(server.locations)
    while waiting:
        location = waiting.pop(0)
        yield location
        waiting[:0] = location.locations


def servers_to(application: Document, configuration: Configuration, evidence: Document) -> list[ServerBlock]:
    """Return the server blocks with a location that passes requests to the application."""
    return [server for server in configuration.servers if any(leads_to(upstream, application, evidence) for upstream in upstreams(server))]


def upstreams(server: ServerBlock) -> t.Iterator[str]:
    """Yield where a server block's locations pass requests to."""
    for location in locations(server):
        yield from location.upstreams


def leads_to(upstream: str, application: Document, evidence: Document) -> bool:
    """Tell whether an upstream, as ``unix:/run/shop.sock`` or ``127.0.0.1:8000``, is where an application listens."""
    if upstream.startswith("unix:"):
        path = upstream[5:].rstrip(":")
        links = evidence.get("unix_paths", {})
        wanted = links.get(path, path)
        return any(bind.get("unix") and wanted == links.get(bind["unix"], bind["unix"]) for bind in application["binds"])
    host, port = _host_and_port(upstream)
    return any(bind.get("port") == port and _is_here(host, bind["address"], evidence) for bind in application["binds"] if bind.get("port"))


def _host_and_port(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        return (parts.hostname or "").lower(), parts.port or 80
    except ValueError:
        return text, 0


def _is_here(host: str, bound: str, evidence: Document) -> bool:
    """Tell whether a connection to a host name or address reaches a socket of this host."""
    if host == bound:
        return True
    local = host in LOOPBACK or host.startswith("127.") or host in ("0.0.0.0", "::")
    own = host in evidence["host"].get("addresses", ()) or host == evidence["host"].get("hostname")
    if bound in ("0.0.0.0", "::", ""):
        return local or own
    return (local and (bound in LOOPBACK or bound.startswith("127."))) or (own and bound in evidence["host"].get("addresses", ()))


def is_address(name: str) -> bool:
    """Tell whether a host name is an IP address."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def is_askable(name: str) -> bool:
    """Tell whether a client can ask for a server name: no pattern, no placeholder such as ``_``."""
    return name != "_" and (is_address(name) or bool(_HOST_NAME.match(name)))


def is_public(name: str) -> bool:
    """Tell whether browsers may ask for a host name: it is no address, and none for probes and neighbours."""
    return is_askable(name) and "." in name and not is_address(name) and not name.endswith(_PRIVATE) and name not in LOOPBACK


def allowed_names(static: Document) -> list[str]:
    """Return the host names that ALLOWED_HOSTS spells out; of ``.example.com`` the domain itself."""
    return [name.lstrip(".").lower() for name in static.get("allowed_hosts") or () if name != "*" and is_askable(name.lstrip("."))]


def allows(static: Document, name: str) -> bool:
    """Tell whether ALLOWED_HOSTS admits a host name, by the rules of django.http.request.validate_host()."""
    hosts = static.get("allowed_hosts")
    if hosts is None or (not hosts and static.get("debug") and name in (*LOOPBACK, "localhost")):
        return True
    return any(
        pattern == "*" or name == pattern.lower() or (pattern.startswith(".") and (name.endswith(pattern.lower()) or name == pattern[1:].lower()))
        for pattern in hosts
    )


def matches(name: str, host: str) -> bool:
    """Tell whether a server name, which may be a pattern, matches a host name."""
    name = name.lower()
    if name.startswith("~"):
        return bool(_concrete(name, {"allowed_hosts": [host]}))
    if name.startswith("*."):
        return host.endswith(name[1:])
    if name.endswith(".*"):
        return host.startswith(name[:-1])
    return host == name.lstrip(".") or (name.startswith(".") and host.endswith(name))


def host_names(server: ServerBlock, static: Document) -> list[str]:
    """Return names under which a client may ask for this server block, the one that the application admits first."""
    named = [_concrete(name, static) for name in server.names]
    names = [name for name in dict.fromkeys(named) if name]
    if not names:
        names = [*allowed_names(static), "localhost"]
    return sorted(names, key=lambda name: (not allows(static, name), is_address(name) or name in LOOPBACK))


def _concrete(name: str, static: Document) -> str:
    """Return a name that a server name, which may be a pattern, matches; empty where none is at hand."""
    if name.startswith("~"):
        pattern = re.sub(r"\(\?<([A-Za-z_]\w*)>", r"(?P<\1>", name[1:])
        try:
            return next((host for host in allowed_names(static) if re.search(pattern, host, re.IGNORECASE)), "")
        except re.error:
            return ""
    if name.startswith("*."):
        return next((host for host in allowed_names(static) if host.endswith(name[1:])), f"www{name[1:]}")
    if name.endswith(".*"):
        return next((host for host in allowed_names(static) if host.startswith(name[:-1])), f"{name[:-1]}test")
    name = name.lstrip(".").lower()
    return name if name and is_askable(name) else ""


def site_name(application: Document, server: ServerBlock | None) -> str:
    """Return the word that stands for a site in reports: its unit, or else its project's folder, or its host name."""
    unit = application.get("unit") or ""
    if unit.endswith(".service"):
        return unit[: -len(".service")]
    folder = os.path.basename((application.get("project_path") or "").rstrip("/"))
    names = [name for name in server.names if is_askable(name)] if server else []
    return folder or (names[0] if names else str(application["id"]))
