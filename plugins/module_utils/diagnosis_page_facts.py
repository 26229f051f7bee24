# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a page's answer tells beside its references: headers, title, exception, and whether a login stands in its place."""

from __future__ import annotations

import html
import re

from ansible_collections.webops.django.plugins.module_utils.diagnosis_answer import told_headers
from ansible_collections.webops.django.plugins.module_utils.http_client import Answer
from ansible_collections.webops.django.plugins.module_utils.web_urls import Url, printable

_HEADERS = (
    "age akamai-cache-status cache-control cache-status cdn-cache cf-cache-status content-language content-security-policy"
    " content-security-policy-report-only content-type date etag expires last-modified location retry-after server vary via x-cache x-cache-lookup"
    " x-cache-status x-cdn-cache x-content-type-options x-fastcgi-cache x-litespeed-cache x-nginx-cache x-nginx-cache-status x-proxy-cache"
    " x-sucuri-cache x-varnish x-varnish-cache x-vercel-cache"
).split()
_SEARCHED = 262144
"""Characters of an error page that are looked at."""
_TITLE = re.compile(r"<title[^>]{0,200}>([^<]{0,1000})", re.IGNORECASE)
_DEBUG_TYPE = re.compile(r"Exception Type:(?:\s|<[^>]{0,200}>){0,20}([\w.]{1,200})")
_DEBUG_VALUE = re.compile(r"<pre class=\"exception_value\">(.{0,2000}?)</pre>", re.DOTALL)
"""Of Django's DEBUG page (django/views/templates/technical_500.html)."""
_TRACEBACK = "Traceback (most recent call last):"
_RAISED = re.compile(r"^((?:[A-Za-z_][\w.]{0,200})?(?:Error|Exception|DoesNotExist|Configured|Interrupt|Exit|Warning)\b.{0,1000})$", re.MULTILINE)
_PLAIN_DEBUG = re.compile(r"\A([\w.]{1,200}) at (\S{1,500})\n(.{1,1000})")
"""Of the same page as a text (technical_500.txt)."""
_LOGIN = re.compile(r"(?:^|[/_-])(?:log-?in|sign-?in|sso|oauth2?|oidc|saml)(?:[/_.-]|$)|[?&](?:next|redirect_to|return_to|rd)=", re.IGNORECASE)


def page_headers(answer: Answer) -> dict[str, str]:
    """Return the headers of a page that matter."""
    return told_headers({name: answer.header(name) for name in answer.headers}, _HEADERS)


def error_title(text: str) -> str:
    """Return the title of an error page, whatever the rest of it is."""
    match = _TITLE.search(text[:_SEARCHED])
    return printable(" ".join(html.unescape(match.group(1)).split())) if match else ""


def shown_exception(text: str) -> str:
    """Return type and message of the exception that a DEBUG page or a traceback shows; empty where none is shown."""
    text = text[:_SEARCHED]
    kind, value = _DEBUG_TYPE.search(text), _DEBUG_VALUE.search(text)
    if value:
        message = html.unescape(value.group(1)).strip()
        return printable(f"{kind.group(1)}: {message}" if kind else message, 1000)
    plain = _PLAIN_DEBUG.match(text)
    if plain:
        return printable(f"{plain.group(1)}: {plain.group(3)}", 1000)
    if _TRACEBACK in text:
        raised = _RAISED.search(html.unescape(text[text.rindex(_TRACEBACK) :]))
        return printable(raised.group(1).strip(), 1000) if raised else ""
    return ""


def is_login(asked: Url, final: Url) -> bool:
    """Tell whether a redirect led to what looks like a login."""
    return asked != final and bool(_LOGIN.search(final.target))
