# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second question of a diagnosis: what lies at these paths, may the worker read them, and what do these URLs answer?

Nothing on the host is changed, but that requests stand in access logs.
"""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils import diagnosis_client, log_lines, path_facts, worker_view


def look(request: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Look at what the controller asks for.

    :param request: ``workers`` (by nginx: uid, gid, groups, pid), ``paths``, ``trees``, ``writable``, ``asks``, ``pages``, ``logs``, ``seconds``;
        see plugin_utils/diagnosis_look.py, which makes it.
    :returns: the part ``look`` of the document.
    """
    workers, seconds = request["workers"], request["seconds"]
    return {
        "paths": path_facts.look_at_paths(request["paths"], workers) if request["paths"] else {},
        "trees": {tree["path"]: worker_view.look_at_tree(tree["path"], workers.get(tree["nginx"]), tree["encodings"]) for tree in request["trees"]},
        "writable": {nginx: worker_view.may_write(folders, workers[nginx]) for nginx, folders in request["writable"].items() if nginx in workers},
        "answers": diagnosis_client.ask_urls(request["asks"], seconds) if request["asks"] else [],
        "pages": diagnosis_client.crawl_pages(request["pages"], seconds) if request["pages"] else [],
        "logs": log_lines.log_lines(request["logs"]["paths"], request["logs"]["words"]) if request["logs"]["paths"] else [],
    }
