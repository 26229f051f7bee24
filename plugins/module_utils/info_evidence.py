# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathering what is known of a project's static files: from the project, and from the collected tree.

The evidence is a plain document of bounded size, however many files there are. What is concluded from it is in static_findings.py.
"""

from __future__ import annotations

import collections
import dataclasses
import grp
import os
import shlex
import shutil
import tempfile
import typing as t

from ansible_collections.webops.django.plugins.module_utils.django_probe_links import broken_links
from ansible_collections.webops.django.plugins.module_utils.django_project import Project, ask, redact
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.info_build import build_evidence
from ansible_collections.webops.django.plugins.module_utils.info_elsewhere import collected_elsewhere
from ansible_collections.webops.django.plugins.module_utils.info_manifest import Manifest, manifest_evidence, read_manifest
from ansible_collections.webops.django.plugins.module_utils.info_references import REFERENCES_LIMIT, unknown_references
from ansible_collections.webops.django.plugins.module_utils.info_tree import Tree, compare, look_at, summary

SHADOWED_LIMIT = 50

NO_FILES: list[dict[str, t.Any]] = []


@dataclasses.dataclass(frozen=True)
class Details:
    """What grows with the number of files, and therefore goes to a file and not into the result.

    :ivar files: as the finders yield them, shadowed ones among them.
    :ivar states: state of each collected file by relative path; empty if the tree was not looked at.
    """

    files: list[dict[str, t.Any]]
    states: dict[str, str]
    manifest: Manifest


SILENT: dict[str, t.Any] = {"LOGGING_CONFIG": None}
"""Settings of a project that is only asked: it opens, and so makes, no log of the service's."""


def gather(project: Project, collected: bool, trial: bool) -> tuple[dict[str, t.Any], Details]:
    """Gather evidence; nothing on the host is changed.

    :param collected: whether the collected tree, templates and style sheets are looked into.
    :param trial: whether collectstatic is run into a temporary folder.
    :raises ExplainedError: the project cannot answer.
    """
    evidence = ask(project, "static_info", SILENT, references=REFERENCES_LIMIT if collected else 0)
    files = evidence.pop("files", NO_FILES)
    taken = [file for file in files if not file["shadowed"]]
    evidence["project_path"] = project.path
    evidence["user"] = project.account.name
    evidence["umask"] = project.umask
    evidence["group_is_private"] = _is_private(project)
    evidence["collect_command"] = collect_command(project)
    evidence["files_count"] = len(taken)
    evidence["apps"] = dict(collections.Counter(file["app"] for file in taken))
    evidence["shadowed"] = sorted({file["path"] for file in files if file["shadowed"]})[:SHADOWED_LIMIT]
    manifest = read_manifest(evidence.get("manifest_path", ""))
    evidence["manifest"] = manifest_evidence(manifest)
    states: dict[str, str] = {}
    if collected and evidence.get("storage_is_local") and evidence["storage_location"] and evidence["staticfiles_installed"]:
        states = _look_into_tree(project, evidence, files, manifest)
    if trial and evidence["staticfiles_installed"] and evidence["static_root"]:
        evidence["trial"] = try_collectstatic(project)
    _hide(evidence, project)
    return evidence, Details(files, states, manifest)


def _look_into_tree(project: Project, evidence: dict[str, t.Any], files: list[dict[str, t.Any]], manifest: Manifest) -> dict[str, str]:
    root = evidence["storage_location"]
    tree = look_at(root)
    states = dict(compare(files, root, manifest, evidence["storage_details"])) if tree.readable else {}
    evidence["tree_links"] = broken_links([root]) if tree.is_folder and tree.readable else []
    states.update(_behind_links(states, evidence["tree_links"], root))
    evidence["tree"] = summary(tree, states, manifest)
    evidence["references"] = unknown_references(dict(evidence, files=files), root)
    evidence["build"] = build_evidence(project.path, evidence["sources"])
    evidence["elsewhere"] = collected_elsewhere(project, evidence, [name for name, state in states.items() if state == "missing"])
    evidence["other_environment"] = _other_environment(project, evidence, tree, states)
    return states


def _behind_links(states: dict[str, str], links: list[dict[str, str]], root: str) -> dict[str, str]:
    """A file that is missing because a link leads nowhere has that cause, and no other."""
    broken = [os.path.relpath(link["path"], root) for link in links]
    missing = [name for name, state in states.items() if state == "missing"] if broken else []
    return {name: "unknown" for name in missing for link in broken if name == link or name.startswith(f"{link}/")}


def _other_environment(project: Project, evidence: dict[str, t.Any], tree: Tree, states: dict[str, str]) -> dict[str, t.Any] | None:
    """Ask what manage.py would do at a shell, without the service's environment, if that may explain what the tree lacks."""
    lacking = [name for name, state in states.items() if state == "missing"]
    lost = bool(evidence["manifest_name"]) and not evidence["manifest"]["exists"] and not tree.is_empty
    bare = dataclasses.replace(project, environment={}, settings_module="")
    if bare == project or not (lacking or lost) or not os.path.exists(os.path.join(project.path, "manage.py")):
        return None
    try:
        said = ask(bare, "static_info", files=False)
    except ExplainedError:
        # Settings that do not work without the environment did not collect anything either.
        return None
    root = said.get("storage_location", "")
    holds = sum(os.path.isfile(os.path.join(root, name)) for name in lacking) if root and root != evidence["storage_location"] else 0
    return {
        "settings_module": said["settings_module"],
        "static_root": said["static_root"],
        "storage": said.get("storage", ""),
        "manifest_name": said.get("manifest_name", ""),
        "holds": holds,
    }


def try_collectstatic(project: Project) -> dict[str, t.Any]:
    """Run collectstatic into a folder of the service's user, which is removed again.

    :returns: ``ran``, ``error`` (empty if it went well) and ``output``: what the project said, or why it could not be tried.
    """
    try:
        folder = tempfile.mkdtemp(prefix="webops-trial-")
    except OSError as error:
        return {"ran": False, "error": "", "output": f"There is no room for a temporary folder: {error.strerror}."}
    try:
        os.chown(folder, project.account.uid, project.account.gid)
        ask(project, "collect", overrides={**SILENT, "STATIC_ROOT": folder})
    except ExplainedError as error:
        if error.details.get("kind") != "collectstatic_failed":
            return {"ran": False, "error": "", "output": str(error)}
        return {"ran": True, "error": str(error).rstrip("."), "output": str(error.details.get("output", ""))[-1000:]}
    except OSError as error:
        return {"ran": False, "error": "", "output": f"No temporary folder can be given to {project.account.name}: {error.strerror}."}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"ran": True, "error": "", "output": ""}


def _is_private(project: Project) -> bool:
    """Tell whether nobody but the service's user is in its group, so that what the group may read stays closed to a web server."""
    try:
        group = grp.getgrgid(project.account.gid)
    except KeyError:
        return False
    return group.gr_name == project.account.name and set(group.gr_mem) <= {project.account.name}


def collect_command(project: Project) -> str:
    """Return a command, or a task, that collects as the service would."""
    if project.options:
        given = ", ".join(f"{name}: {value}" for name, value in project.options.items())
        return f"webops.django.django_collectstatic: {{{given}}}"
    words = ["env", f"DJANGO_SETTINGS_MODULE={project.settings_module}"] if project.settings_module else []
    words = ["sudo", "-u", project.account.name, *words] if project.account.uid != os.geteuid() else words
    words += [project.python, "manage.py", "collectstatic", "--noinput"]
    return f"cd {shlex.quote(project.path)} && {' '.join(shlex.quote(word) for word in words)}"


def _hide(evidence: dict[str, t.Any], project: Project) -> None:
    """Take values of the environment out of what the project's code raised."""
    evidence["storage_error"] = redact(evidence.get("storage_error", ""), project.environment)
    for error in evidence.get("finder_errors", ()):
        error["message"] = redact(error["message"], project.environment)
    references = evidence.get("references") or {}
    for item in references.get("unknown", ()):
        item["storage_error"] = redact(item["storage_error"], project.environment)
    if "unreadable_templates" in references:
        references["unreadable_templates"] = [redact(text, project.environment) for text in references["unreadable_templates"]]
