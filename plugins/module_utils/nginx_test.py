# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether nginx accepts a configuration, without a trace on the host.

``nginx -t`` parses, says that the syntax is right, and then opens what the configuration names: the pid file, logs, folders for temporary
files. It creates what is missing, so it is kept from that (see reading_program.py) and fails there; whether root's nginx would get further
is looked up instead: it fails where the folder of such a file is missing.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import re
import socket
import subprocess
import typing as t

from ansible_collections.webops.django.plugins.module_utils.nginx_program import Program
from ansible_collections.webops.django.plugins.module_utils.nginx_scan import Statement, statements

TIMEOUT = 30
"""Seconds. A test resolves the host names of upstreams, each of which may wait for a name server."""

_STAMP = re.compile(r"^(?:nginx: |\S+ \S+ )?(\[\w+\])(?: \d+#\d+:)?(?: \*\d+)? ")
_PLACE = re.compile(r".* in (\S.*):(\d+)$")

TEMPORARY = {
    "client_body_temp_path": "http-client-body-temp-path",
    "proxy_temp_path": "http-proxy-temp-path",
    "fastcgi_temp_path": "http-fastcgi-temp-path",
    "uwsgi_temp_path": "http-uwsgi-temp-path",
    "scgi_temp_path": "http-scgi-temp-path",
}
"""Directives for folders of temporary files, and what -V calls their defaults."""

_CACHES = ("proxy_cache_path", "fastcgi_cache_path", "uwsgi_cache_path", "scgi_cache_path")
_NO_FILE = ("off", "stderr", "syslog:", "memory:", "|")
_NAMES = ("user", "pid", "access_log", "error_log", "http", "listen", *TEMPORARY, *_CACHES)


def judge_configuration(
    program: Program, main: str, prefix: str, given: t.Mapping[str, str], files: t.Mapping[str, str], is_roots: bool = True
) -> dict[str, t.Any]:
    """Return the record ``test`` of the evidence; its ``note`` says why nothing could be told.

    :param given: ``c``, ``p`` and ``g`` of the running nginx's call, where it had them.
    :param files: the configuration's texts by path.
    :param is_roots: whether root runs this nginx, or would: nobody else looks up the ``user``.
    """
    arguments = ["-t", "-c", main, *(["-p", prefix] if given.get("p") else []), *(["-g", given["g"]] if given.get("g") else [])]
    try:
        done = program.run(*arguments, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return _verdict(True, None, note=f"nginx -t did not end within {TIMEOUT} s; does each upstream's host name resolve on this host?")
    except (OSError, subprocess.SubprocessError) as error:
        return _verdict(False, None, note=f"{program.path} cannot be run: {getattr(error, 'strerror', '') or error}")
    said = done.stderr.decode("utf-8", "replace")
    if "syntax is ok" not in said:
        return _refused(said)
    fault = missing_place({main: "", **files}, prefix, program.built, given.get("g", ""), is_roots)
    return fault or _verdict(True, True)


def _verdict(ran: bool, valid: bool | None, message: str = "", file: str = "", line: int | None = None, note: str = "") -> dict[str, t.Any]:
    return {"ran": ran, "valid": valid, "message": message, "file": file, "line": line, "note": note}


def _refused(said: str) -> dict[str, t.Any]:
    lines = [text for text in (line.strip() for line in said.splitlines()) if _STAMP.match(text)]
    faults = [line for line in lines if "[emerg]" in line] or [line for line in lines if "[crit]" in line or "[alert]" in line]
    if not faults:
        return _verdict(True, None, note=f"nginx -t gave no verdict: {' '.join(said.split())[:300] or 'it said nothing'}")
    message = _STAMP.sub(r"\1 ", faults[-1])
    place = _PLACE.match(message)
    if "Permission denied" in message or "(13:" in message:
        return _verdict(True, None, note=f"nginx -t may not read all that it must: {message}")
    return _verdict(True, False, message, place.group(1) if place else "", int(place.group(2)) if place else None)


def missing_place(
    files: t.Mapping[str, str], prefix: str, built: t.Mapping[str, t.Any], globals_: str = "", is_roots: bool = True
) -> dict[str, t.Any] | None:
    """Return the verdict of root's nginx over files and folders that it opens after parsing; None if it finds all.

    The user comes first: root's nginx looks it up while it parses, others pass over it. Then in the order of ngx_init_cycle() in
    src/core/ngx_cycle.c: pid file, temporary folders, logs, sockets.
    """
    found: list[tuple[str, Statement]] = [("", item) for item in statements(globals_, _NAMES)]
    for path, text in files.items():
        found += [(path, item) for item in statements(text, _NAMES)]
    for path, item in found:
        message = _unknown_account(item.arguments) if item.name == "user" and is_roots else ""
        if message:
            return _verdict(True, False, f"[emerg] {message} in {path or 'command line'}:{item.line}", path, item.line)
    for kind, names in (("file", ("pid",)), ("folder", (*TEMPORARY, *_CACHES)), ("file", ("error_log", "access_log"))):
        for path, item in _named(found, names, built):
            message = _trouble(kind, item.arguments[0], prefix)
            if message:
                return _verdict(True, False, f"[emerg] {message}", path, item.line or None)
    for path, item in found:
        message = _unbound(item.arguments) if item.name == "listen" and item.arguments else ""
        if message:
            return _verdict(True, False, f"[emerg] {message}", path, item.line)
    return None


def _unknown_account(arguments: t.Sequence[str]) -> str:
    """Say what nginx would say of a user or a group that this host does not have; without a group, that of the user's name is meant."""
    for look, name, call in ((pwd.getpwnam, arguments[:1], "getpwnam"), (grp.getgrnam, arguments[1:2] or arguments[:1], "getgrnam")):
        try:
            for one in name:
                look(one)
        except (KeyError, ValueError):
            return f'{call}("{name[0]}") failed'
    return ""


def _named(found: list[tuple[str, Statement]], names: t.Sequence[str], built: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, Statement]]:
    """Yield what names files or folders, and the defaults of what nobody names."""
    has_http = any(item.name == "http" for _path, item in found)
    defaults = {"pid": "pid-path", "error_log": "error-log-path", "access_log": "http-log-path", **TEMPORARY}
    for name in names:
        said = [(path, item) for path, item in found if item.name == name and item.arguments]
        yield from said
        default = str(built.get(defaults.get(name, ""), ""))
        if not said and default and (has_http or name in ("pid", "error_log")):
            yield "", Statement(name, [default], 0)


def _trouble(kind: str, argument: str, prefix: str) -> str:
    """Say what nginx would say of a file that it opens, or of a folder that it makes, where the folder above is missing."""
    if "$" in argument or argument.startswith(_NO_FILE) or "\0" in argument:
        return ""
    path = os.path.join(prefix, argument)
    call = "open" if kind == "file" else "mkdir"
    try:
        if kind == "file" and os.path.isdir(path):
            return f'open() "{path}" failed ({errno.EISDIR}: {os.strerror(errno.EISDIR)})'
        if not os.path.lexists(path):
            os.stat(os.path.dirname(path.rstrip("/")) or "/")
    except (FileNotFoundError, NotADirectoryError) as error:
        return f'{call}() "{path}" failed ({error.errno}: {error.strerror})'
    except OSError:
        return ""
    return ""


def _unbound(arguments: t.Sequence[str]) -> str:
    """Say what nginx would say of an address that this host does not have. A test of nginx binds; so do we, to a port that is free."""
    match = re.match(r"(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:.]+\])(?::(\d+))?$", arguments[0])
    if not match:
        return ""
    address = match.group(1).strip("[]")
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as one:
            one.bind((address, 0))
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return f"bind() to {match.group(1)}:{match.group(2) or 80} failed ({error.errno}: {error.strerror})"
    return ""
