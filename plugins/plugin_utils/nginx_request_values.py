# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a plain GET request."""

from __future__ import annotations

import typing as t
from urllib.parse import SplitResult

from ansible_collections.webops.django.plugins.plugin_utils.nginx_connection import Connection

if t.TYPE_CHECKING:
    from ansible_collections.webops.django.plugins.plugin_utils.nginx_request import Request


def request_values(request: Request, parts: SplitResult, to: Connection, asks: bool = False) -> dict[str, str | t.Callable[[], str]]:
    """Return the variables of a plain GET request.

    :param asks: the URL ends in a question mark, with nothing behind it.
    """
    host = request.host.lower().removesuffix(".")
    client = (
        {}
        if to.client is None
        else {"remote_addr": str(to.client), "realip_remote_addr": str(to.client), "proxy_add_x_forwarded_for": str(to.client)}
    )
    return {
        **client,
        "remote_user": "",
        "http_x_forwarded_for": "",
        "host": host,
        "http_host": parts.netloc.rpartition("@")[2],
        "scheme": parts.scheme or "http",
        "request_method": "GET",
        "request_uri": (parts.path or "/") + (f"?{parts.query}" if parts.query or asks else ""),
        "uri": lambda: request.uri,
        "document_uri": lambda: request.uri,
        "args": lambda: request.args,
        "query_string": lambda: request.args,
        "is_args": lambda: "?" if request.args else "",
        "server_port": str(to.port or ""),
        "https": "on" if parts.scheme == "https" else "",
        "http_cookie": "",
        "http_authorization": "",
        "http_referer": "",
        "http_upgrade": "",
        "content_type": "",
        "content_length": "",
        "request_body": "",
        "http_x_forwarded_proto": "",
        "http_x_requested_with": "",
        "document_root": lambda: request.place().folder(),
        "request_filename": request.file_name,
    }
