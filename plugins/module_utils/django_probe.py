# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of Django, inside the project's own interpreter.

The sources of this file and of the ``django_probe_`` files are handed to the project's interpreter (see probe_source.py): they may import nothing of
Ansible, and of this collection only each other. The answer goes as JSON to a file descriptor of its own, since settings may print.
"""

from __future__ import annotations

import json
import os
import sys
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_checks import check
from ansible_collections.webops.django.plugins.module_utils.django_probe_collect import collect, collect_plan
from ansible_collections.webops.django.plugins.module_utils.django_probe_migrations import migrations
from ansible_collections.webops.django.plugins.module_utils.django_probe_references import reference_evidence
from ansible_collections.webops.django.plugins.module_utils.django_probe_settings import settings_evidence
from ansible_collections.webops.django.plugins.module_utils.django_probe_setup import Refused, explain, prepare
from ansible_collections.webops.django.plugins.module_utils.django_probe_static import finder_evidence, storage_evidence
from ansible_collections.webops.django.plugins.module_utils.django_probe_urls import admin_login


def answer(request: dict[str, t.Any]) -> dict[str, t.Any]:
    """Answer one request.

    :param request: ``project_path``, ``settings_module``, ``overrides``, ``question`` and the question's own values.
    """
    original = prepare(request["project_path"], request.get("settings_module") or "", request.get("overrides") or {})
    question = request["question"]
    if question == "static_info":
        return static_info(bool(request.get("files", True)), request.get("references") or 0)
    if question == "collect_plan":
        return collect_plan(original)
    if question == "collect":
        return collect(request["overrides"]["STATIC_ROOT"], original["STATIC_ROOT"])
    if question == "check":
        return check(request.get("application") or "")
    if question == "migrations":
        return migrations(request.get("database") or "", bool(request.get("apply")))
    raise Refused("unknown_question", f"nothing is known of the question {question}")


def static_info(files: bool, references: int) -> dict[str, t.Any]:
    """Tell the settings, the storage of static files, the files and the names that nobody knows.

    :param files: whether the finders are asked.
    :param references: how many unknown names of templates are told; 0: templates are not read.
    """
    evidence = settings_evidence()
    if not evidence["staticfiles_installed"]:
        return evidence
    evidence.update(storage_evidence())
    if files:
        evidence.update(finder_evidence())
        evidence["admin_login"] = admin_login()
    # A storage elsewhere would be asked over the network for each name.
    if references and evidence["storage_is_local"]:
        evidence["references"] = reference_evidence({file["path"] for file in evidence.get("files", ())}, references)
    return evidence


def main(result_descriptor: int, request: dict[str, t.Any]) -> None:
    """Answer a request, then leave without waiting for threads that the project may have started."""
    try:
        result = {"answer": answer(request)}
    except Refused as error:
        result = {"refused": {"kind": error.kind, "message": str(error)}}
    except BaseException as error:
        result = {"refused": {"kind": "unexpected", "message": explain(error)}}
    with os.fdopen(result_descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        json.dump(result, file)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
