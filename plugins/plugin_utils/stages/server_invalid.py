# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage ``server``, continued: what to write where nginx does not accept its configuration."""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.stages.server_commands import command

Document = t.Mapping[str, t.Any]
SEMICOLON = ("invalid number of arguments", "unexpected", "is not terminated", "invalid parameter", "invalid value")
"""What nginx says of a line that goes on into the next one, or ends at a brace."""
_OPEN = re.compile(r'open\(\) "([^"]+)" failed \(2:')
_CERTIFICATE = re.compile(r'cannot load certificate(?: key)? "([^"]+)"')


def repair(nginx: Document) -> str:
    """Return the lines that mend what ``nginx -t`` complains of, and the command that brings it into effect."""
    return f"{_how(nginx['test'], nginx)}\n{command(nginx, 'reload' if nginx['running'] else 'start')}"


def _how(test: Document, nginx: Document) -> str:
    message, file, line = str(test["message"]), str(test.get("file") or ""), int(test.get("line") or 0)
    where = f"{file}:{line}" if file else str(nginx["main"])
    dangling = [link for link in nginx.get("dangling") or () if link["path"] in message]
    if dangling:
        return f"sudo rm {shlex.quote(dangling[0]['path'])}   # a link to {dangling[0]['target']}, which does not exist"
    missing, certificate = _OPEN.search(message), _CERTIFICATE.search(message)
    if missing:
        return f"Put {missing.group(1)} back, or take the line out that names it, {where}, then"
    if certificate:
        return f"Put {certificate.group(1)} there (sudo ls -l /etc/letsencrypt/live/*/ shows what certbot has), or name another in {where}, then"
    written = _lines(nginx, file)
    if any(words in message for words in SEMICOLON):
        found = unterminated(written, line)
        if found:
            return f"In {file}:{found} write: {written[found - 1].strip()};"
    if "directive is not allowed here" in message:
        why = "a line with { is missing above it, or there is one } too many"
        return f"In {where} the line stands in the wrong block: {why}.{_quoted(written, line)}\nthen"
    return f"In {where} correct what the message names.{_quoted(written, line)}\nthen"


def _lines(nginx: Document, file: str) -> list[str]:
    return str((nginx.get("files") or {}).get(file) or "").splitlines()


def _quoted(written: list[str], line: int) -> str:
    text = written[line - 1].strip() if 0 < line <= len(written) else ""
    return f" It is: {text}" if text else ""


def unterminated(written: t.Sequence[str], line: int) -> int | None:
    """Return the number of the last line that begins a directive and does not end it, at or before a line; None if there is none near.

    :param line: the line that nginx names: where the directive ended in its eyes, or where a brace stands.
    """
    for number in range(min(line, len(written)), max(0, line - 10), -1):
        text = written[number - 1].partition(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        if text[-1] not in ";{}":
            return number
        if number < line:
            return None
    return None
