# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking secrets out of an evidence document before it is written to a file that people send around."""

from __future__ import annotations

import copy
import re
import typing as t

HIDDEN = "********"
_WORDS = r"(?:password|passwd|secret|token|api[-_]?key|authorization|credential|private[-_]?key|cookie|session)"
_DIRECTIVE = re.compile(
    # A header or a variable whose name tells: its value goes. Of `set $token …` and `proxy_set_header Authorization …` alike.
    r"((?:^|[;{}\s])(?:set|map|proxy_set_header|fastcgi_param|uwsgi_param|scgi_param|grpc_set_header|add_header)"
    rf"""\s+[$"']?[\w$-]*{_WORDS}[\w-]*["']?\s+)([^;]+)""",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@\"']+:)([^\s/@\"']+)(@)", re.IGNORECASE)
_ASSIGNED = re.compile(rf"((?:^|[\s?&;\"'])[\w-]*{_WORDS}[\w-]*\s*=\s*)([^\s;&\"']+)", re.IGNORECASE)
_SECURE_LINK = re.compile(r"(\bsecure_link(?:_md5|_secret)\s+)([^;]+)", re.IGNORECASE)


def without_secrets(evidence: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a copy of a document without what looks like a secret: in nginx's files, in command lines, in what projects said.

    Values of environment variables are not in the document at all.
    """
    return t.cast("dict[str, t.Any]", _walk(copy.deepcopy(dict(evidence))))


def _walk(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: HIDDEN if _is_secret(str(key)) and isinstance(item, str) and item else _walk(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item) for item in value]
    return value


def _is_secret(key: str) -> bool:
    return key.lower() in ("set-cookie", "cookie", "authorization", "proxy-authorization")


def hide(text: str) -> str:
    """Return a text without what looks like a secret."""
    text = _IN_URL.sub(rf"\1{HIDDEN}\3", text)
    text = _SECURE_LINK.sub(rf"\1{HIDDEN}", text)
    text = _DIRECTIVE.sub(rf"\1{HIDDEN}", text)
    return _ASSIGNED.sub(rf"\1{HIDDEN}", text)
