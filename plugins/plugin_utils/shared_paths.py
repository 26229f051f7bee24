# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies inside a release's source and outlives the release: databases, uploaded files, folders that the user names."""

from __future__ import annotations

import posixpath
import typing as t


def shared_links(evidence: dict[str, t.Any], source: str, project_path: str, shared: str, folders: list[str]) -> list[dict[str, t.Any]]:
    """List the links that lead from a release's source to what is shared by all releases.

    :param evidence: return values of ``django_static_info``.
    :param source: folder of the release's source.
    :param project_path: folder of manage.py; ``folders`` are relative to it.
    :param shared: folder of what is shared.
    :param folders: further folders that the user names.
    :returns: links as ``site_links`` takes them, without owner and group.
    :raises ValueError: a folder lies outside of the source.
    """
    links = []
    for database in evidence["sqlite_databases"]:
        below = _below(source, database)
        if below:
            # Nobody but the application reads a database.
            links.append({"path": database, "target": f"{shared}/data/{below}", "folder": False, "mode": "0750"})
    media = evidence["media_root"]
    if media and _below(source, media):
        links.append({"path": posixpath.normpath(media), "target": f"{shared}/media", "folder": True, "mode": "0755"})
    for folder in folders:
        path = posixpath.normpath(posixpath.join(project_path, folder))
        below = _below(source, path)
        if not below or posixpath.isabs(folder):
            raise ValueError(f"django_app_shared_folders has {folder!r}: write a folder inside the project by its relative path, such as var/index.")
        links.append({"path": path, "target": f"{shared}/folders/{below}", "folder": True, "mode": "0750"})
    return links


def _below(folder: str, path: str) -> str:
    """Return the path relative to the folder, or '' if it is not below it."""
    prefix = posixpath.normpath(folder) + "/"
    path = posixpath.normpath(path)
    return path[len(prefix) :] if path.startswith(prefix) else ""
