# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inference for the stage ``settings``: what is wrong in the evaluated settings. Pure: evidence in, findings out."""

from __future__ import annotations

import os
import shlex
import typing as t

from ansible_collections.webops.django.plugins.module_utils.finding import Finding, finding
from ansible_collections.webops.django.plugins.module_utils.static_repairs import collect, new_root, root_line, settings_file, write

OTHERS_READ = 0o004
GROUP_READS = 0o040
OTHERS_ENTER = 0o005
GROUP_ENTERS = 0o050

FINDERS = {
    "django.contrib.staticfiles.finders.FileSystemFinder": "files of STATICFILES_DIRS",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder": "the apps' own static folders, admin's among them",
}


def settings_findings(evidence: t.Mapping[str, t.Any]) -> list[Finding]:
    """Name the faults of the stage ``settings``.

    :param evidence: what ``django_static_info`` gathers; see info_evidence.py. What is not known may be missing.
    :returns: findings in the order in which they should be mended.
    """
    rules = (
        _app_missing,
        _root_unset,
        _root_in_dirs,
        _root_is_source,
        _storage_ignored,
        _finder_missing,
        _permissions,
        _other_folder,
        _wrong_environment,
    )
    return [found for rule in rules for found in rule(evidence)]


def _finding(code: str, message: str, fix: str, evidence: t.Mapping[str, t.Any], **more: t.Any) -> Finding:
    return finding(code, "settings", message, fix, evidence, **more)


def _app_missing(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    if not evidence["staticfiles_installed"]:
        yield _finding(
            "staticfiles_app_missing",
            f"django.contrib.staticfiles is not in INSTALLED_APPS of {evidence['settings_module']}, so there is no collectstatic.",
            f'In {settings_file(evidence)} add "django.contrib.staticfiles" to INSTALLED_APPS\nthen collect: {collect(evidence)}',
            {"settings_file": settings_file(evidence)},
        )


def _root_unset(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    # A storage of an object store, or one with a folder of its own, needs no STATIC_ROOT.
    elsewhere = evidence.get("storage") and (not evidence.get("storage_is_local", True) or _has_own_folder(evidence))
    if not evidence["static_root"] and not elsewhere:
        yield _finding(
            "static_root_unset",
            f"STATIC_ROOT is not set in {evidence['settings_module']}, so collectstatic has no folder to collect into.",
            root_fix(evidence, new_root(evidence)),
            {"STATIC_ROOT": "", "settings_file": settings_file(evidence)},
        )


def root_fix(evidence: t.Mapping[str, t.Any], folder: str) -> str:
    """Return the lines that make a folder STATIC_ROOT and collect into it."""
    return f"{write(evidence, root_line(evidence, folder))}\nthen collect: {collect(evidence)}"


def _has_own_folder(evidence: t.Mapping[str, t.Any]) -> bool:
    entry = evidence.get("storages", {}).get("staticfiles", {})
    return "location" in entry.get("options", ()) and bool(entry.get("location"))


def _root_in_dirs(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    root = evidence["static_root"]
    if root and os.path.realpath(root) in {os.path.realpath(folder) for folder in evidence["staticfiles_dirs"]}:
        yield _finding(
            "static_root_in_staticfiles_dirs",
            f"STATIC_ROOT and an entry of STATICFILES_DIRS are the same folder, {root}, in {evidence['settings_module']}: "
            "collectstatic refuses that (staticfiles.E002), since one is where copies go and the other is a source.",
            f"{root_fix(evidence, new_root(evidence))}\n({root} stays in STATICFILES_DIRS)",
            {"STATIC_ROOT": root, "STATICFILES_DIRS": evidence["staticfiles_dirs"]},
        )


def _root_is_source(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    root = os.path.realpath(evidence["static_root"]) if evidence["static_root"] else ""
    for source in evidence.get("sources", ()):
        folder = os.path.realpath(source["path"])
        within = root.startswith(folder.rstrip("/") + "/")
        if root and (within or (root == folder and source["app"])):
            whose = f"the static folder of the app {source['app']}" if source["app"] else "an entry of STATICFILES_DIRS"
            yield _finding(
                "static_root_is_source_dir",
                f"STATIC_ROOT {evidence['static_root']} {'lies in' if within else 'is'} {whose}{f', {folder}' if within else ''}: "
                "what is collected is found as a source the next time, and hashed names pile up.",
                root_fix(evidence, new_root(evidence)),
                {"STATIC_ROOT": evidence["static_root"], "source": source["path"], "app": source["app"]},
            )
            return


def _storage_ignored(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    wanted = evidence["staticfiles_storage_setting"]
    # A project for several versions of Django says the same in both settings.
    in_use = evidence.get("storages", {}).get("staticfiles", {}).get("backend", "")
    if wanted and wanted != in_use and _version(evidence["django_version"]) >= (5, 1):
        default = evidence.get("storages", {}).get("default", {}).get("backend") or "django.core.files.storage.FileSystemStorage"
        yield _finding(
            "storage_setting_ignored",
            f"STATICFILES_STORAGE is set in {evidence['settings_module']}, but Django {evidence['django_version']} ignores it"
            + (f" and uses {in_use}." if in_use else "."),
            write(evidence, f'STORAGES = {{"default": {{"BACKEND": "{default}"}}, "staticfiles": {{"BACKEND": "{wanted}"}}}}')
            + f"\nthen collect: {collect(evidence)}",
            {"STATICFILES_STORAGE": wanted, "in_use": in_use, "django_version": evidence["django_version"]},
        )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())


def _finder_missing(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    lacking = evidence.get("not_found", ())
    if not lacking:
        return
    names = [entry["finder"] for entry in lacking]
    what = " and ".join(f"{FINDERS.get(entry['finder'], 'its files')} ({entry['count']}, such as {entry['examples'][0]})" for entry in lacking)
    yield _finding(
        "finder_missing",
        f"STATICFILES_FINDERS of {evidence['settings_module']} lacks {' and '.join(names)}, so these exist and are not found: {what}.",
        write(evidence, f"STATICFILES_FINDERS = {[*names, *evidence['staticfiles_finders']]!r}") + f"\nthen collect: {collect(evidence)}",
        {"lacking": names, "STATICFILES_FINDERS": evidence["staticfiles_finders"]},
        count=sum(entry["count"] for entry in lacking),
        examples=[name for entry in lacking for name in entry["examples"]],
    )


def _permissions(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    """Judge the modes that the storage gives. Whether a worker in the same group can read is known only where that group is nobody else's."""
    details = evidence.get("storage_details") or {}
    if not evidence.get("storage_is_local"):
        return
    private = bool(evidence.get("group_is_private"))
    umask = evidence.get("umask", 0o022)
    judged = (
        ("file_mode", "FILE_UPLOAD_PERMISSIONS", 0o666, OTHERS_READ, GROUP_READS, "0o644", "f"),
        ("folder_mode", "FILE_UPLOAD_DIRECTORY_PERMISSIONS", 0o777, OTHERS_ENTER, GROUP_ENTERS, "0o755", "d"),
    )
    for key, setting, full, others, group, right, kind in judged:
        given = details.get(key)
        mode = full & ~umask if given is None else given
        if not isinstance(mode, int) or mode & others == others or (mode & group == group and not private):
            continue
        by_option = given is not None and given != evidence.get(setting.lower())
        option = "file_permissions_mode" if key == "file_mode" else "directory_permissions_mode"
        where = f"the storage's option {option} is {_octal(given)}" if by_option else f"{setting} is {_octal(given)}"
        if given is None:
            where += f", so that the umask {_octal(umask)} decides"
        line = (
            f'In {settings_file(evidence)} write "{option}": {right} in the OPTIONS of STORAGES["staticfiles"]'
            if by_option
            else write(evidence, f"{setting} = {right}")
        )
        root = shlex.quote(evidence.get("storage_location") or evidence["static_root"])
        yield _finding(
            "upload_permissions_setting",
            f"In {evidence['settings_module']}, {where}: collected {'files' if key == 'file_mode' else 'folders'} get the mode {_octal(mode)}, "
            "and nobody but the service's user can read them, the web server neither.",
            f"{line}\nthen mend what is there, for collectstatic leaves files that have not changed as they are:\n"
            f"sudo find {root} -type {kind} -exec chmod {right.replace('0o', '0')} {{}} +",
            {"setting": option if by_option else setting, "mode": _octal(mode)},
        )


def _octal(mode: t.Any) -> str:
    return f"0o{mode:o}" if isinstance(mode, int) else str(mode)


def _other_folder(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    """A relative STATIC_ROOT was collected by a command that was started in another folder than the project's."""
    found, tree = evidence.get("elsewhere") or {}, evidence.get("tree") or {}
    if not found or not tree or not tree["missing"]["count"]:
        return
    root, written = evidence["static_root"], evidence["static_root_relative"]
    yield _finding(
        "collectstatic_wrong_environment",
        f'STATIC_ROOT in {evidence["settings_module"]} is "{written}", a relative path, which means another folder wherever a command is started. '
        f"From the project's folder it is {root}, which {'does not exist' if not tree['exists'] else 'lacks files'}; {found['holds']} of the files "
        f"lie in {found['path']}: collectstatic was started in {found['started_in']}.",
        root_fix(evidence, root),
        {"STATIC_ROOT": written, "from_the_project": root, "collected_into": found["path"], "started_in": found["started_in"]},
        count=tree["missing"]["count"],
        examples=tree["missing"]["examples"],
    )


def _wrong_environment(evidence: t.Mapping[str, t.Any]) -> t.Iterator[Finding]:
    """The service's tree lacks files that lie where collectstatic puts them without the service's environment."""
    other, tree = evidence.get("other_environment") or {}, evidence.get("tree") or {}
    if not other or not tree or evidence.get("elsewhere"):
        return
    evaluated = f"Without the service's environment, as at a shell, manage.py uses {other['settings_module']}"
    fix = f"Collect with the service's settings: {evidence.get('collect_command') or 'run collectstatic with its environment'}"
    told = {"static_root": evidence["static_root"], "settings_module": evidence["settings_module"], **{f"shell_{key}": other[key] for key in other}}
    lacking = tree["missing"]["count"]
    if other["static_root"] != evidence["static_root"] and lacking and (other["holds"] == lacking or (tree["is_empty"] and other["holds"])):
        yield _finding(
            "collectstatic_wrong_environment",
            f"{evaluated} and collects into {other['static_root']}, where {other['holds']} files lie that the service's STATIC_ROOT "
            f"{evidence['static_root']} lacks: collectstatic was run with other settings than the service's.",
            fix,
            told,
            count=lacking,
            examples=tree["missing"]["examples"],
        )
    elif _lacks_only_the_manifest(evidence) and other["static_root"] == evidence["static_root"] and not other["manifest_name"]:
        yield _finding(
            "collectstatic_wrong_environment",
            f"{evaluated} with the storage {other['storage']}, which writes no manifest; the service's storage {evidence['storage']} needs "
            f"{evidence['manifest_path']}, which does not exist: collectstatic was run with other settings than the service's.",
            fix,
            told,
        )


def _lacks_only_the_manifest(evidence: t.Mapping[str, t.Any]) -> bool:
    tree = evidence["tree"]
    return bool(evidence.get("manifest_name")) and not evidence["manifest"]["exists"] and not tree["missing"]["count"] and not tree["is_empty"]
