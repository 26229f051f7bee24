# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inference for the stage ``collected``: is every file that the finders know in STATIC_ROOT? Pure: evidence in, findings out.

Whether the web server sees the same folder (``volume_not_shared`` and its kin) needs the web server's view, which is not asked for here.
"""

from __future__ import annotations

import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding, some
from ansible_collections.webops.django.plugins.module_utils.static_references_findings import page_findings, style_sheet_findings
from ansible_collections.webops.django.plugins.module_utils.static_repairs import collect, root_line, write

FINDER_CAUSES = ("OSError", "RecursionError", "FileNotFoundError")
"""What listing a folder raises for a link that leads to itself or to a folder above it."""


def collected_findings(evidence: t.Mapping[str, t.Any], known: t.Sequence[Finding] = ()) -> list[Finding]:
    """Name the faults of the stage ``collected``.

    :param evidence: what ``django_static_info`` gathers; see info_evidence.py. What is not known may be missing.
    :param known: the findings of the stage ``settings``, whose effects are not named again.
    :returns: findings in the order in which they should be mended.
    """
    before = {found["code"] for found in known}
    if not evidence.get("storage_is_local") or "tree" not in evidence or before & {"staticfiles_app_missing", "static_root_unset"}:
        return []
    # What makes collectstatic fail comes first: no other fault of the tree can be mended before.
    breaking = [*_links(evidence), *style_sheet_findings(evidence)]
    refused = "static_root_in_staticfiles_dirs" in before
    failed = [] if breaking or refused else _failed(evidence)
    hindered = breaking and any(found["evidence"].get("stops_collectstatic") for found in breaking)
    tree = [] if failed or hindered or refused or "collectstatic_wrong_environment" in before else [*_not_run(evidence), *_stale(evidence)]
    if "static_root_is_source_dir" in before:
        # What was collected counts as a source now, and as one it was never collected.
        tree = [found for found in tree if found["code"] != "collectstatic_stale"]
    return _merged([*breaking, *failed, *tree, *page_findings(evidence)])


def _merged(findings: list[Finding]) -> list[Finding]:
    """Join findings of one code, which style sheets and pages may both have; the earlier place counts."""
    found: dict[str, Finding] = {}
    for item in findings:
        first = found.setdefault(item["code"], item)
        if first is not item:
            found[item["code"]] = dict(
                first,
                message=f"{first['message']} {item['message']}",
                fix=first["fix"] if first["fix"] == item["fix"] else f"{first['fix']} {item['fix']}",
                evidence=dict(first["evidence"], pages=item["evidence"]),
                count=first["count"] + item["count"],
                examples=[*first["examples"], *item["examples"]][:10],
            )
    return list(found.values())


def _finding(code: str, message: str, fix: str, evidence: t.Mapping[str, t.Any], **more: t.Any) -> Finding:
    return finding(code, "collected", message, fix, evidence, **more)


def _links(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    in_sources = evidence.get("source_links", ())
    links = [*in_sources, *evidence.get("tree_links", ())]
    if not links:
        return
    first = links[0]
    told = [f"{link['path']} -> {link['target']}" for link in links]
    leads = "leads back to a folder that holds it, or to itself" if first["kind"] == "loop" else f"leads to {first['target']}, which does not exist"
    effect = "; collectstatic ends with an error there" if in_sources else "; what the web server looks for there is not found"
    removed = " ".join(_quoted(link["path"]) for link in links[:10])
    yield _finding(
        "symlink_broken",
        f"The link {first['path']} {leads}{effect}." + (f" There are {len(links)} such links." if len(links) > 1 else ""),
        f"rm {removed} (or point it at what it was made for), then collect again: {collect(evidence)}",
        {"links": links[:10], "stops_collectstatic": bool(in_sources)},
        count=len(links),
        examples=told,
    )


def _quoted(path: str) -> str:
    return path if path.replace("/", "").replace("-", "").replace("_", "").replace(".", "").isalnum() else "'" + path.replace("'", "'\\''") + "'"


def _failed(evidence: t.Mapping[str, t.Any]) -> list[Finding]:
    manifest = evidence.get("manifest") or {}
    if manifest.get("error") and evidence.get("storage_error"):
        return [
            _finding(
                "collectstatic_failed",
                f"The manifest {manifest['path']} is no manifest: {manifest['error']}. The storage cannot be made with it, so every page fails, "
                "and collectstatic, too.",
                f"rm {_quoted(manifest['path'])}, then collect again: {collect(evidence)}",
                {"manifest": manifest["path"], "error": evidence["storage_error"]},
            )
        ]
    trial = evidence.get("trial") or {}
    if trial.get("error"):
        return [
            _finding(
                "collectstatic_failed",
                f"A trial in a temporary folder failed: {trial['error']}.",
                f"Correct what the message names, then collect again: {collect(evidence)}",
                {"error": trial["error"], "output": trial.get("output", "")},
            )
        ]
    return [_of_finder(evidence, error) for error in evidence.get("finder_errors", ())[:1]]


def _of_finder(evidence: t.Mapping[str, t.Any], error: t.Mapping[str, str]) -> Finding:
    where = f" at {error['path']}" if error["path"] else ""
    who = evidence.get("user") or "the service's user"
    fix = f"Look into the finder {error['finder']}."
    if error["kind"] == "PermissionError":
        fix = f"chmod u+rX,go+rX {_quoted(error['path'])} (so that {who} may read it), then collect again: {collect(evidence)}"
    elif error["kind"] == "odd":
        fix = f"Mend the finder {error['finder']}, or take it out of STATICFILES_FINDERS."
    doing = "" if error["kind"] == "odd" else f"fails as {who}{where} with {error['kind']}: "
    return _finding(
        "collectstatic_failed",
        f"The finder {error['finder']} {doing}{error['message']}. collectstatic ends with this error.",
        fix,
        {"finder": error["finder"], "path": error["path"], "error": f"{error['kind']}: {error['message']}"},
    )


def _not_run(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    tree = evidence["tree"]
    if not tree["is_empty"] or not evidence["files_count"]:
        return
    state = "does not exist" if not tree["exists"] else "holds no file" if tree["is_folder"] else "is no folder"
    written = evidence.get("static_root_relative") or ""
    message = f"STATIC_ROOT {tree['path']} {state}, though the finders know {evidence['files_count']} files: they were never collected"
    fix = f"Collect: {collect(evidence)}"
    if written:
        message += f' there. It is written as "{written}", which means another folder wherever a command is started'
        fix = f"{write(evidence, root_line(evidence, tree['path']))}\nthen collect: {collect(evidence)}"
    yield _finding(
        "collectstatic_not_run",
        f"{message}.",
        fix,
        {"STATIC_ROOT": written or tree["path"], "exists": tree["exists"], "files_count": evidence["files_count"]},
        count=evidence["files_count"],
        examples=tree["missing"]["examples"],
    )


_STALE = (
    ("missing", "{} missing"),
    ("no_file", "{} a folder or a device where a file must be"),
    ("different", "{} another content than the source"),
    ("not_in_manifest", "{} not in the manifest"),
    ("hashed_missing", "{} named by the manifest, whose hashed copy is missing"),
    ("hashed_different", "{} with another content in the hashed copy"),
)


def _stale(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    tree = evidence["tree"]
    if tree["is_empty"]:
        return
    states = {name: tree[name] for name, _text in _STALE if tree[name]["count"]}
    manifest = evidence.get("manifest") or {}
    lost = bool(evidence.get("manifest_name") and manifest.get("path") and not manifest["exists"] and evidence["files_count"])
    if not states and not lost:
        return
    parts = [text.format(some(states[name]["count"], "file", states[name]["examples"])) for name, text in _STALE if name in states]
    if lost:
        parts.append(f"the manifest {manifest['path']}, which the storage needs, missing")
    yield _finding(
        "collectstatic_stale",
        f"What lies in {tree['path']} is not what the finders know now: {'; '.join(parts)}.",
        "Collect again. Django's own command compares times, and leaves a file whose source is older, unless it clears first: "
        + collect(evidence, clear=True)
        if "different" in states
        else f"Collect again: {collect(evidence)}",
        {"STATIC_ROOT": tree["path"], **{name: state["count"] for name, state in states.items()}, "manifest_missing": lost},
        count=sum(state["count"] for state in states.values()),
        examples=[example for state in states.values() for example in state["examples"]],
    )
