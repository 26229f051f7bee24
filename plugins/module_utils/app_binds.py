# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an application listens: the sockets that its processes hold, or, where these cannot be seen, what its options say."""

from __future__ import annotations

import os
import re
import typing as t

from ansible_collections.webops.django.plugins.module_utils.app_commands import Command
from ansible_collections.webops.django.plugins.module_utils.app_processes import Service
from ansible_collections.webops.django.plugins.module_utils.process_sockets import Bind, SocketTable

_ADDRESS = re.compile(r"(?:(?P<host>\[[^]]*\]|[^:\[\]]*):)?(?P<port>\d{1,5})\Z")
_ENDPOINT = re.compile(r"tcp\d?:(?:port=)?(\d+)(?::interface=([\w.\\:]+))?")


def binds_of(service: Service, sockets: SocketTable) -> list[Bind]:
    """Return where an application takes requests. Sockets for controlling the server are none."""
    held = sockets.held_by(service.pids)
    if held is None:
        return said_binds(service.command, service.cwd or "/")
    command, cwd = service.command, service.cwd or "/"
    control = [_bind(value, cwd) for value in command.all("stats", "stats-server", "emperor-stats")]
    said = said_binds(command, cwd)
    return [bind for bind in held if bind not in control and not bind.get("unix", "").endswith(".ctl") and not _is_internal(bind, said, command)]


def _is_internal(bind: Bind, said: list[Bind], command: Command) -> bool:
    """Tell whether a socket is the one by which uWSGI's HTTP router reaches its workers, at a port of the kernel's choice."""
    routed = command.kind == "uwsgi" and bool(command.all("http", "https", "http11"))
    return routed and bind.get("address") == "127.0.0.1" and bind.get("port") not in [one.get("port") for one in said]


def said_binds(command: Command, cwd: str) -> list[Bind]:
    """Return where a command line says that the server shall listen."""
    values: list[str] = []
    if command.kind in ("gunicorn", "hypercorn"):
        values = command.all("bind", "b", "insecure-bind", "quic-bind") or ["127.0.0.1:8000"]
    elif command.kind == "uvicorn":
        values = ["unix:" + command.last("uds")] if command.last("uds") else [f"{command.last('host') or '127.0.0.1'}:{command.last('port') or 8000}"]
    elif command.kind == "daphne":
        values = _daphne(command)
    elif command.kind == "uwsgi":
        values = command.all("socket", "s", "uwsgi-socket", "http", "http-socket", "http11-socket", "https", "fastcgi-socket", "scgi-socket")
    elif command.kind == "runserver":
        said = command.positionals[1] if len(command.positionals) > 1 else "8000"
        values = [said if ":" in said else f"127.0.0.1:{said}"]
    found = (_bind(value, cwd) for value in values)
    return [bind for bind in found if bind]


def _daphne(command: Command) -> list[str]:
    values = [f"unix:{path}" for path in command.all("u", "unix-socket")]
    for endpoint in command.all("e", "endpoint"):
        match = _ENDPOINT.search(endpoint)
        values += [f"{(match.group(2) or '0.0.0.0').replace(chr(92), '')}:{match.group(1)}"] if match else []
        values += [f"unix:{endpoint[5:].partition(':')[0]}"] if endpoint.startswith("unix:") else []
    if not values or command.last("p", "port"):
        values.append(f"{command.last('b', 'bind') or '127.0.0.1'}:{command.last('p', 'port') or 8000}")
    return values


def _bind(value: str, cwd: str) -> Bind | None:
    """Read one address; None for what is none that we could ask, such as an inherited file descriptor."""
    value = value.split(",")[0].strip()
    path = value[len("unix:") :] if value.startswith("unix:") else value if value.startswith("/") or value.endswith(".sock") else ""
    if path:
        return {"unix": os.path.normpath(os.path.join(cwd, re.sub(r"^/+", "/", path)))}
    match = _ADDRESS.match(value)
    if not match or int(match.group("port")) > 65535:
        return None
    host = (match.group("host") or "").strip("[]")
    named: dict[str, t.Any] = {"": "0.0.0.0", "0": "0.0.0.0", "*": "0.0.0.0", "localhost": "127.0.0.1"}
    return {"address": named.get(host, host), "port": int(match.group("port"))}
