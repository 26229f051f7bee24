# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing nginx's configuration: what shall be written, and whether nginx takes it."""

from __future__ import annotations

import os
import re
import shutil
import typing as t

from ansible_collections.webops.django.plugins.module_utils import nginx_default as default
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import is_as_wanted
from ansible_collections.webops.django.plugins.module_utils.nginx_load import load_state
from ansible_collections.webops.django.plugins.module_utils.nginx_shadow import Overlay, Verdict, ask_nginx, ask_shadow, read_configuration
from ansible_collections.webops.django.plugins.module_utils.nginx_text import Configuration, path_matches
from ansible_collections.webops.django.plugins.module_utils.nginx_transaction import Transaction
from ansible_collections.webops.django.plugins.module_utils.processes import listeners

CONFLICT = re.compile(r'conflicting server name "([^"]*)" on (\S+), ignored')


class File(t.NamedTuple):
    """A file to be written; a relative path is put into the first folder that nginx reads.

    ``default_for``: the file is a catch-all of this address (as ``listen`` has it: ``80``, ``[::]:80``), wanted only where nobody else
    has a default server there.
    """

    path: str
    content: str
    default_for: str | None = None


class Request(t.NamedTuple):
    """What the user wants; the names are those of the module's options."""

    files: t.Sequence[File] = ()
    absent: t.Sequence[str] = ()
    mode: int = 0o644
    nginx: str | None = None
    config: str = "/etc/nginx/nginx.conf"
    ports: t.Sequence[int] = ()
    folders: t.Sequence[str] = ("/etc/nginx/sites-enabled", "/etc/nginx/conf.d")
    default_server: str = "auto"
    loaded: bool = False
    check_mode: bool = False
    stock: default.Stock = default.Stock()


def change_configuration(request: Request) -> dict[str, t.Any]:
    """Do what the module promises.

    :returns: the module's return values.
    :raises ExplainedError: nothing was changed, or everything was put back.
    """
    refuse_foreign_listeners(request.ports)
    nginx = find_nginx(request.nginx)
    if nginx is None and not request.check_mode:
        raise ExplainedError(
            "nginx is not installed: it is neither in PATH nor in /usr/sbin. Install the package nginx, or name its program in `nginx`."
        )
    overlay = decide(request)
    different = {path: text for path, text in overlay.items() if _differs(path, text, request.mode)}
    result = {"changed": bool(different), "diff": [_diff(path, text) for path, text in different.items()], "installed": nginx is not None}
    result["files"] = sorted(path for path, text in overlay.items() if text is not None)
    if nginx is None:
        return {**result, "running": False, "reload_needed": False}
    verdict = test(nginx, request.config, overlay, bool(different))
    if different and not request.check_mode:
        write(nginx, request, overlay, different)
    configuration = Configuration(verdict.files, request.config)
    folders = {os.path.dirname(path) for path in overlay}
    running, stale = load_state(nginx, configuration, folders, wait=request.loaded and not request.check_mode)
    return {**result, "running": running, "reload_needed": running and (stale or bool(different))}


def refuse_foreign_listeners(ports: t.Sequence[int]) -> None:
    """Refuse ports that another program than nginx holds.

    :raises ExplainedError: names port, process and what to change.
    """
    for listener in listeners(ports):
        if listener.command != "nginx":
            unit = f", {listener.unit}" if listener.unit else ""
            who = f"{listener.command} (pid {listener.pid}{unit})" if listener.pid else "a process that cannot be seen"
            raise ExplainedError(
                f"Port {listener.port} is in use on {listener.address} by {who}, so nginx cannot listen there: "
                "stop that program, or set django_nginx_port to a free port.",
                listener=listener._asdict(),
            )


def find_nginx(name: str | None) -> str | None:
    """Return nginx's program: the one that was named, else the one in PATH or in /usr/sbin (no part of every user's PATH)."""
    return shutil.which(name or "nginx") or (None if name else shutil.which("/usr/sbin/nginx"))


def decide(request: Request) -> dict[str, str | None]:
    """Return what shall stand where, None for nothing, in the order in which it is to be written."""
    overlay: dict[str, str | None] = dict.fromkeys(request.absent)
    files = read_configuration(request.config, overlay)
    folder = _folder(request, Configuration(files, request.config))
    stock = default.stock_site(os.path.join(os.path.dirname(request.config), "sites-enabled", "default"), request.stock)
    if stock and request.default_server != "keep" and any(file.default_for for file in request.files):
        overlay[stock] = None
        files.pop(stock, None)
    found = default.servers(Configuration(files, request.config))
    for file in request.files:
        path = os.path.join(folder, file.path)
        for other in request.folders:
            if not os.path.isabs(file.path) and other != folder:
                overlay[os.path.join(other, file.path)] = None
        if file.default_for is None:
            overlay[path] = file.content
        elif request.default_server != "keep":
            (address,) = default.listened(file.default_for)
            overlay[path] = file.content if _needs_catch_all(found, address, request.default_server) else None
    after = default.servers(Configuration(read_configuration(request.config, overlay), request.config))
    _refuse_dual_listener(after)
    _refuse_unbindable(after)
    overlay.update(dict.fromkeys(default.idle_catch_alls(after)))
    return overlay


def _folder(request: Request, configuration: Configuration) -> str:
    """Return the first folder from which the ``http`` block reads a file of our names."""
    names = [file.path for file in request.files if not os.path.isabs(file.path)]
    patterns = configuration.includes_in("http")
    for folder in request.folders:
        if all(any(path_matches(os.path.join(folder, name), pattern) for pattern in patterns) for name in names):
            return folder
    if not configuration.files:
        if request.check_mode:
            return request.folders[0]
        raise ExplainedError(f"There is no configuration of nginx: {request.config} cannot be read.")
    raise ExplainedError(
        f"nginx would not read {names[0]}: no include in the http block of {request.config} reaches "
        f"{' or '.join(request.folders)}. Add `include {request.folders[-1]}/*.conf;` to that block."
    )


def _needs_catch_all(found: t.Sequence[default.Server], address: str, policy: str) -> bool:
    foreign = default.foreign_default(found, address)
    if foreign and policy == "refuse" and address in foreign.default:
        raise ExplainedError(
            f"{foreign.file}, line {foreign.line}, already is the default server of {address}: "
            "remove its default_server, or set django_nginx_default_server to auto."
        )
    return foreign is None or policy == "refuse"


def _refuse_dual_listener(found: t.Sequence[default.Server]) -> None:
    """``nginx -t`` does not see that an address is taken by nginx's own other socket; the reload would fail."""
    for server in found:
        for address in sorted(server.addresses) if default.is_ours(server.file) else ():
            dual = default.dual_listener(found, address)
            if dual:
                port = address.rpartition(":")[2]
                raise ExplainedError(
                    f"{dual.file}, line {dual.line}, listens on [::]:{port} with ipv6only=off, which takes IPv4 as well, so nginx could not bind "
                    f"{address} for {server.file}: write `listen {port}; listen [::]:{port};` there."
                )


def _refuse_unbindable(found: t.Sequence[default.Server]) -> None:
    """A reload opens new sockets beside the old ones: the kernel gives nginx no ``*:80`` as long as it holds ``10.0.0.1:80``."""
    wanted = {(address, server.file) for server in found if default.is_ours(server.file) for address in server.addresses}
    for address, file in sorted(wanted):
        host, _colon, port = address.rpartition(":")
        everywhere = {"*": "0.0.0.0", "[::]": "::"}.get(host)
        held = {listener.address for listener in listeners([int(port)]) if (":" in listener.address) == (host == "[::]")} if everywhere else set()
        if held and everywhere not in held:
            names = [f"[{name}]" if ":" in name else name for name in sorted(held)]
            raise ExplainedError(
                f"The running nginx listens on port {port} at {', '.join(names)} only, and a reload cannot give it {address} for {file} beside that: "
                f"set django_nginx_addresses to {names}, or let nginx's other server blocks listen on {address} and restart it."
            )


def _differs(path: str, text: str | None, mode: int) -> bool:
    return os.path.lexists(path) if text is None else not is_as_wanted(path, encode(text), mode)


def encode(text: str) -> bytes:
    """Return a file's content."""
    return text.encode("utf-8", "surrogateescape")


def _diff(path: str, text: str | None, limit: int = 64 * 1024) -> dict[str, str]:
    """Return one entry of the module's diff, each side cut at a number of characters."""
    before = f"link to {os.readlink(path)}\n" if os.path.islink(path) else ""
    if not before and os.path.isfile(path):
        with open(path, encoding="utf-8", errors="replace") as file:
            before = file.read(limit)
    return {"before_header": path, "after_header": path, "before": before, "after": (text or "")[:limit]}


def test(nginx: str, config: str, overlay: Overlay, different: bool) -> Verdict:
    """Let nginx test the configuration with the change, before it is live.

    :raises ExplainedError: nginx refuses it, does not read it, or would ignore it in favour of another server block.
    """
    verdict = ask_shadow(nginx, config, overlay)
    if not verdict.accepted:
        before = ask_shadow(nginx, config, {}) if different else verdict
        if not before.accepted:
            raise ExplainedError(
                f"nginx refuses this host's configuration as it is, without any change of ours; nothing was changed. It says: {before.fault}"
            )
        raise ExplainedError(f"nginx refuses the new configuration; nothing was changed. It says: {verdict.fault}{_hint(verdict.fault)}")
    _refuse_unread(verdict, config, overlay)
    _refuse_conflict(verdict, config, overlay)
    return verdict


def _hint(fault: str) -> str:
    match = re.search(r"you should increase (\w+): (\d+)", fault)
    return f". Set `{match.group(1)} {int(match.group(2)) * 2};` in the http block of nginx.conf." if match else ""


def _refuse_unread(verdict: Verdict, config: str, overlay: Overlay) -> None:
    for path, text in overlay.items():
        if text is not None and verdict.files.get(path, "").rstrip("\n") != text.rstrip("\n"):
            raise ExplainedError(
                f"nginx does not read {path}: no include of {config} reaches it. Nothing was changed. "
                f"Add `include {os.path.dirname(path)}/*{os.path.splitext(path)[1]};` to its http block."
            )


def _refuse_conflict(verdict: Verdict, config: str, overlay: Overlay) -> None:
    """nginx only warns where two server blocks have one name, and ignores the later one: ours."""
    found = default.servers(Configuration(verdict.files, config))
    ours = {name: server.file for server in found if overlay.get(server.file) is not None for name in server.names}
    for name, address in CONFLICT.findall(verdict.messages):
        other = next((server for server in found if name in server.names and server.file != ours.get(name)), None)
        if name in ours and other:
            raise ExplainedError(
                f"{other.file}, line {other.line}, already answers for {name} on {address}, so nginx would ignore {ours[name]}; nothing was changed. "
                f"Take {name} out of that server block, or out of django_app_hostnames."
            )


def write(nginx: str, request: Request, overlay: Overlay, different: Overlay) -> None:
    """Write the files, and ask nginx whether they are in effect.

    :raises ExplainedError: they are not; everything was put back.
    """
    with Transaction() as transaction:
        transaction.apply({path: None if text is None else encode(text) for path, text in different.items()}, request.mode)
        verdict = ask_nginx(nginx, request.config)
        if not verdict.accepted:
            raise ExplainedError(f"nginx refuses the new configuration; everything was put back. It says: {verdict.fault}")
        _refuse_unread(verdict, request.config, overlay)
