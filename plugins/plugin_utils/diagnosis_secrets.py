# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking secrets out of an evidence document. What is told, written or returned is concluded from what is left of it."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.webops.django.plugins.plugin_utils.diagnosis_secrets_nginx import HIDDEN, NAMES, hide_in_configuration

_HEADERS = ("set-cookie", "cookie", "authorization", "proxy-authorization")
_SUSPECT = re.compile(rf"{NAMES}|csrf|://[^/]*@|PRIVATE KEY", re.IGNORECASE)
"""Most strings are paths and URLs, which need no closer look."""
_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@\"']*:)([^\s/@\"']+)(@)", re.IGNORECASE)
_VALUE = r"""(?!\s|\$|(?:true|false|none|null|\d{1,4})\b)("[^"\n]*"|'[^'\n]*'|[^\s;&,"'})\]]+)"""
"""A variable of nginx or of a shell is no secret, nor is a small number."""
_ASSIGNED = re.compile(
    # SECRET_KEY = "…", 'PASSWORD': '…', --token=…, ?session=…
    rf"""((?:^|(?<=[\s?&;,={{("'$\[-]))[\w-]*(?:{NAMES}|csrf)[\w-]*["']?\s*(?:=>|[=!]=|=|:(?=[\s"']))\s*)""" + _VALUE,
    re.IGNORECASE,
)
_KEY = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(-----END|\Z)", re.DOTALL)


def without_secrets(evidence: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return a copy of a document without what looks like a secret: in nginx's files, in command lines, in what projects said.

    Values of environment variables are not in the document at all.
    """
    document = {key: _walk(value) for key, value in evidence.items() if key != "nginx"}
    document["nginx"] = [
        {**nginx, **{part: {path: _file(text) for path, text in nginx[part].items()} for part in ("files", "unreached") if nginx.get(part)}}
        if isinstance(nginx, dict)
        else nginx
        for nginx in evidence.get("nginx", ())
    ]
    for nginx in document["nginx"]:
        nginx.update({key: _walk(value) for key, value in nginx.items() if key not in ("files", "unreached")})
    return document


def _file(text: str) -> str:
    """Return one of nginx's files. Rules for prose would spoil it, but for that of URLs."""
    return _KEY.sub(rf"\1 {HIDDEN} \2", _IN_URL.sub(rf"\1{HIDDEN}\3", hide_in_configuration(text)))


def _walk(value: t.Any) -> t.Any:
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, dict):
        return {key: HIDDEN if isinstance(item, str) and item and str(key).lower() in _HEADERS else _walk(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item) for item in value]
    return value


def hide(text: str) -> str:
    """Return a text without what looks like a secret."""
    if not _SUSPECT.search(text):
        return text
    text = _IN_URL.sub(rf"\1{HIDDEN}\3", text)
    text = _KEY.sub(rf"\1 {HIDDEN} \2", text)
    return _ASSIGNED.sub(_assigned, text)


def _assigned(match: re.Match[str]) -> str:
    value = match.group(2)
    quote = value[0] if value[0] in "\"'" else ""
    return f"{match.group(1)}{quote}{HIDDEN if value.strip(quote or None) else ''}{quote}"
