# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not be served, told by its content: a project's sources and secrets, and listings of folders. Pure functions."""

from __future__ import annotations

import html
import re
import typing as t
import urllib.parse

START = 65536
"""Bytes of an answer or a file that are looked at."""


def _named(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:^|.*/)" + name + rb"$")


_PATTERNS = (
    (_named(rb"[^/]*\.py"), rb"(?m)^[ \t]*(?:from|import) django\b|^SECRET_KEY\s*=|DJANGO_SETTINGS_MODULE", "a source file of a Django project"),
    (_named(rb"[^/]*\.py[co]"), rb"(?s)^..\r\n", "compiled Python"),
    (_named(rb"[^/]*\.(?:sqlite3?|db)"), rb"(?s)^SQLite format 3\0.*django_migrations", "a Django project's database"),
    (_named(rb"[^/]*\.(?:pem|key)"), rb"-----BEGIN [A-Z ]*PRIVATE KEY-----", "a private key"),
    (_named(rb"\.env[^/]*"), rb"^(?:\s*(?:#[^\n]*|(?:export +)?[A-Za-z_]\w*=[^\n]*)(?:\n|$))+\s*$", "an environment file"),
    (_named(rb"\.git/config"), rb"(?m)^\[core\]", "a git repository's configuration"),
    (_named(rb"\.git/HEAD"), rb"^(?:ref: refs/|[0-9a-f]{40}\s*$)", "a git repository's HEAD"),
    (_named(rb"\.htaccess"), rb"(?m)^[ \t]*(?:Rewrite\w+|Require|Order|Deny|Allow|Auth\w+|Options|ErrorDocument) ", "a .htaccess"),
    (_named(rb"\.htpasswd"), rb"^[^:\s<]+:(?:\$apr1\$|\$2[aby]\$|\{SHA\}|\$[56]\$)", "a file of passwords"),
    (_named(rb"etc/passwd"), rb"(?m)^root:[^:\n]*:0:0:", "the host's /etc/passwd"),
)
"""By name, how the content begins that cannot be anything else. A page that an application answers with 200 is none of these."""
PRIVATE_ENDINGS = (b".py", b".pyc", b".pyo", b".sqlite", b".sqlite3", b".db", b".pem", b".key")
"""Names below static folders that are worth a look into the file."""
_LISTING = re.compile(
    r"<title>\s*(?:Index of|Directory listing for)\s|<h[12][^>]*>\s*(?:Index of|Directory listing for)\s"
    r"|^\s*\[\s*\{\s*\"name\"\s*:\s*\"[^\"]*\"\s*,\s*\"type\"\s*:\s*\"(?:file|directory|other)\""
    r"|^\s*<\?xml[^>]*>\s*<list[\s>]",
    re.IGNORECASE,
)
"""The listings of nginx (HTML, JSON and XML), Apache, lighttpd, Django and Python."""
_SHOWN_NAMES = re.compile(r"""(?:href\s*=\s*["']?|"name"\s*:\s*")\.?/?([^"'\s>?#]+)""", re.IGNORECASE)


def what_leaked(name: bytes, content: bytes) -> str:
    """Say what a content is, where it can only be something that must not be served under any URL.

    :param name: path of the file, relative to whatever folder.
    :param content: its beginning.
    :returns: an empty string where it can be something else.
    """
    if content.lstrip()[:1] == b"<":
        # A page that talks about such a file.
        return ""
    return next((what for names, contents, what in _PATTERNS if names.match(name) and re.search(contents, content)), "")


def is_listing(content: bytes, names: t.Collection[bytes] = ()) -> bool:
    """Tell whether an answer's body lists a folder.

    :param content: its beginning.
    :param names: what lies in the folder, where that is known.
    """
    text = content.decode("utf-8", "replace")
    if _LISTING.search(text):
        return True
    if len(names) < 2:
        # One name may well stand on a page that is no listing.
        return False
    shown = {urllib.parse.unquote_to_bytes(html.unescape(name)).rstrip(b"/").rpartition(b"/")[2] for name in _SHOWN_NAMES.findall(text)}
    return shown.issuperset(names)
