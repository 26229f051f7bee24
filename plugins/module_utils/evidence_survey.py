# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first question of a diagnosis: who serves here, and what do the projects say? Nothing on the host is changed."""

from __future__ import annotations

import os
import re
import traceback
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.webops.django.plugins.module_utils import app_discovery, host_facts, nginx_discovery
from ansible_collections.webops.django.plugins.module_utils.app_model import FoundApplication
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.evidence_sample import files_to_ask
from ansible_collections.webops.django.plugins.module_utils.info_evidence import gather, try_collectstatic
from ansible_collections.webops.django.plugins.module_utils.info_unlisted import unlisted_folders
from ansible_collections.webops.django.plugins.module_utils.static_collected_findings import collected_findings

MOST_APPLICATIONS = 40
"""Projects that are asked on one host. Each is a start of Django, of about a second."""
AT_ONCE = 4
UNIX = re.compile(r"unix:(/[^\s;:}\"']+)")


def survey(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Gather what can be known before nginx's configuration is understood.

    :param options: what the user said of the project, by the names of django_project.PROJECT_OPTIONS, where discovery finds too little;
        and ``trial``: whether collectstatic may be tried into a temporary folder where the collected tree has gaps.
    :returns: the document that the controller concludes from.
    """
    notes: list[dict[str, str]] = []
    nginx, found_notes = _guarded("nginx", nginx_discovery.discover_nginx, notes)
    found, more = _guarded("the application servers", lambda: app_discovery.discover_applications(options), notes)
    notes += [*found_notes, *more]
    if len(found) > MOST_APPLICATIONS:
        left = ", ".join(application.record["id"] for application in found[MOST_APPLICATIONS:])
        notes.append(_note("too_many_applications", f"Only the first {MOST_APPLICATIONS} applications were looked into, without {left}."))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        applications = list(pool.map(lambda application: _ask(application, options), found[:MOST_APPLICATIONS]))
    return {
        "schema_version": 1,
        "host": host_facts.host_facts(),
        "notes": notes,
        "nginx": nginx,
        "applications": applications,
        "unix_paths": _unix_paths(nginx, applications),
        "look": {},
    }


Found = t.TypeVar("Found")


def _guarded(
    what: str, discover: t.Callable[[], tuple[list[Found], list[dict[str, str]]]], notes: list[dict[str, str]]
) -> tuple[list[Found], list[dict[str, str]]]:
    """Discover; what goes wrong in it is told, and the rest of the host is looked at all the same."""
    try:
        return discover()
    except ExplainedError as error:
        notes.append(_note("discovery_failed", str(error)))
    except Exception as error:  # noqa: BLE001 - half a diagnosis is better than a traceback
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}:{where.lineno}"
        notes.append(
            _note("discovery_failed", f"Looking for {what} failed with {type(error).__name__}: {error} ({place}); this is a fault of the diagnosis.")
        )
    return [], []


def _note(what: str, message: str, needs: str = "") -> dict[str, str]:
    return {"what": what, "message": message, "needs": needs}


def _ask(found: FoundApplication, options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Ask the project, as the running service would answer."""
    record = dict(found.record, static=None, static_error=None, sample=[], files_total=0, settings_changed=None, manifest_changed=None)
    if record["in_container"]:
        record["static_error"] = {
            "kind": "in_container",
            "message": f"{record['id']} runs in a container of this host, whose files are another world: diagnose inside of it.",
            "output": "",
        }
        return record
    try:
        project = app_discovery.project_of(found, options)
        evidence, details = gather(project, collected=True, trial=False)
        lacking = any(finding["code"] in ("collectstatic_not_run", "collectstatic_stale") for finding in collected_findings(evidence))
        if options.get("trial", True) and lacking and evidence["static_root"]:
            evidence["trial"] = try_collectstatic(project)
        roots = [evidence.get("storage_location") or evidence["static_root"] or "", evidence.get("media_root") or ""]
        evidence["unlisted"] = unlisted_folders(project.path, evidence.get("sources") or (), roots)
        record["sample"] = files_to_ask(evidence, details)
    except ExplainedError as error:
        record["static_error"] = {
            "kind": str(error.details.get("kind", "")),
            "message": str(error),
            "output": str(error.details.get("output", ""))[-2000:],
        }
        return record
    except Exception as error:  # noqa: BLE001 - one project must not keep the others from being looked at
        record["static_error"] = {
            "kind": "unexpected",
            "message": f"asking it failed with {type(error).__name__}: {error}",
            "output": traceback.format_exc()[-2000:],
        }
        return record
    record["static"] = evidence
    record["files_total"] = evidence["files_count"]
    record["settings_changed"] = _changed(evidence.get("settings_file", ""))
    record["manifest_changed"] = _changed(evidence.get("manifest_path", ""))
    return record


def _changed(path: str) -> float | None:
    """Return when a file was last changed (its content, or its name put in place), in seconds since the epoch."""
    try:
        return os.stat(path).st_ctime if path else None
    except OSError:
        return None


def _unix_paths(nginx: t.Iterable[t.Mapping[str, t.Any]], applications: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, str]:
    """Return where each unix socket's path leads: nginx may know a link, and the application the socket behind it."""
    paths = {match.group(1) for item in nginx for text in item["files"].values() for match in UNIX.finditer(text)}
    paths |= {bind["unix"] for application in applications for bind in application["binds"] if bind.get("unix")}
    return {path: os.path.realpath(path) for path in sorted(paths)}
