# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collecting a project's static files: into a staging folder first, and published only when all of them are there."""

from __future__ import annotations

import errno
import json
import os
import pwd
import re
import shutil
import stat
import tempfile
import typing as t

from ansible_collections.webops.django.plugins.module_utils import static_tree
from ansible_collections.webops.django.plugins.module_utils.django_project import Project, ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import make_folders

HASHED_NAME = re.compile(r"\.[0-9a-f]{12}(\.[^./]+)?$")
"""A name as HashedFilesMixin.hashed_name makes it: twelve hex digits before the extension (django/contrib/staticfiles/storage.py)."""


SYSTEM_FOLDERS = frozenset(
    """/ /bin /boot /dev /etc /home /lib /lib32 /lib64 /media /mnt /opt /proc /root /run /sbin /srv /srv/django /sys /tmp /usr /usr/bin /usr/lib
    /usr/local /usr/share /var /var/cache /var/lib /var/log /var/tmp /var/www /var/www/html /etc/nginx /usr/share/nginx""".split()
)
"""Folders of the Filesystem Hierarchy Standard and of Debian's web servers, which belong to more than one site."""


def collect(
    project: Project, destination: str | None, rights: static_tree.Rights, clear: bool, check_mode: bool, keep_hashed_of: t.Sequence[str] = ()
) -> dict[str, t.Any]:
    """Collect, compare, publish.

    :param destination: where the files are published; STATIC_ROOT if it is not given.
    :param clear: whether files go that were not collected.
    :param keep_hashed_of: other trees, or folders of trees, whose hashed files are published as well.
    :returns: the module's return values.
    :raises ExplainedError: something failed; nothing was published then.
    """
    staging = _make_staging(destination, check_mode)
    try:
        os.chmod(staging, 0o700)
        os.chown(staging, project.account.uid, project.account.gid)
        evidence = ask(project, "collect", overrides={"STATIC_ROOT": staging})
        target = os.path.realpath(destination or _static_root(evidence))
        for folder in (target, os.path.realpath(evidence["static_root"] or target)):
            refuse_dangerous(folder, evidence, project)
        static_tree.set_rights(staging, rights)
        manifest = evidence["manifest_name"]
        hashed = manifest_names(os.path.join(staging, manifest)) if manifest else set()
        kept = keep_hashed(staging, _trees(keep_hashed_of, target), manifest, rights) if manifest else set()
        wanted, present = static_tree.scan(staging), static_tree.scan(target)
        difference = static_tree.compare(wanted, present, rights, clear)
        if difference and not check_mode:
            staging = _beside(staging, target, rights)
            static_tree.publish(staging, target, difference, rights, last=[manifest])
    except OSError as error:
        raise ExplainedError(f"{error.filename or destination}: {error.strerror or error}. Nothing was published that is not complete.") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return dict(_result(wanted, difference, evidence, target, (hashed, kept)), diff=_diff(target, wanted, present, difference))


def _make_staging(destination: str | None, check_mode: bool) -> str:
    # Next to the destination if its folder is there, because rename(2) does not cross filesystems. A folder is made only after the
    # destination has been found harmless.
    beside = os.path.dirname(os.path.realpath(destination)) if destination else ""
    if check_mode or not os.path.isdir(beside):
        return tempfile.mkdtemp(prefix="webops-collect-")
    return tempfile.mkdtemp(prefix=".collect-", dir=beside)


def _beside(staging: str, target: str, rights: static_tree.Rights) -> str:
    """Bring a staging tree to the target's filesystem, if it may be elsewhere."""
    parent = os.path.dirname(target)
    make_folders(parent)
    if os.path.dirname(staging) == parent:
        return staging
    moved = tempfile.mkdtemp(prefix=".collect-", dir=parent)
    os.rmdir(moved)
    shutil.move(staging, moved)
    # Where it had to copy, the owners are those of this process.
    static_tree.set_rights(moved, rights)
    return moved


def _static_root(evidence: dict[str, t.Any]) -> str:
    if not evidence["static_root"]:
        raise ExplainedError(
            f"STATIC_ROOT is not set in {evidence['settings_module']} ({evidence['settings_file']}): "
            'write STATIC_ROOT = BASE_DIR / "staticfiles" there, or give the module a dest.',
            kind="static_root_unset",
        )
    return str(evidence["static_root"])


def refuse_dangerous(target: str, evidence: dict[str, t.Any], project: Project) -> None:
    """Refuse a destination in which publishing could destroy something.

    :raises ExplainedError: says what the destination is.
    """
    real = os.path.realpath
    homes = {real(entry.pw_dir): entry.pw_name for entry in pwd.getpwall()}
    sources = [real(folder) for folder in evidence["staticfiles_dirs"]]
    project_path, media = real(project.path), real(evidence["media_root"]) if evidence["media_root"] else ""
    reason = ""
    if target in SYSTEM_FOLDERS:
        reason = "is a folder of the system"
    elif target in homes:
        reason = f"is the home of {homes[target]}"
    elif _holds(target, project_path):
        reason = f"holds the project {project_path}"
    elif media and (_holds(target, media) or _holds(media, target)):
        reason = f"overlaps with MEDIA_ROOT {media}, so that uploaded files and collected ones would be mixed"
    elif any(_holds(target, source) or _holds(source, target) for source in sources):
        reason = "overlaps with an entry of STATICFILES_DIRS, which is a source"
    elif os.path.lexists(target) and not os.path.isdir(target):
        reason = "exists and is no folder"
    if reason:
        raise ExplainedError(f"Static files are not collected into {target}: it {reason}. Name a folder of their own.", kind="dangerous_destination")


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def manifest_names(path: str) -> set[str]:
    """Read the hashed names that a manifest gives out.

    :raises ExplainedError: the manifest is missing or no manifest.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return {str(name) for name in json.load(file)["paths"].values()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ExplainedError(f"{path} is no manifest of Django's: {type(error).__name__}: {error}.") from error


def _trees(folders: t.Sequence[str], target: str) -> list[str]:
    """List the trees that folders are or hold, without the one that is being made. Unfinished ones start with a full stop."""
    inside = [os.path.join(folder, name) for folder in folders if os.path.isdir(folder) for name in os.listdir(folder) if not name.startswith(".")]
    return sorted({os.path.realpath(path) for path in [*folders, *inside]} - {target})


def keep_hashed(staging: str, trees: t.Iterable[str], manifest: str, rights: static_tree.Rights) -> set[str]:
    """Take the hashed files of other trees into a staging tree, as hard links, so that pages already in a browser find theirs.

    What the staging tree has stays; the manifest is its own. A tree without a manifest of its own is passed over.

    :returns: the names that were taken.
    """
    kept = set()
    for tree in trees:
        if not os.path.isfile(os.path.join(tree, manifest)):
            continue
        for name in manifest_names(os.path.join(tree, manifest)):
            source, target = os.path.join(tree, name), os.path.join(staging, name)
            if not HASHED_NAME.search(name) or os.path.lexists(target) or os.path.islink(source) or not os.path.isfile(source):
                continue
            for folder in make_folders(os.path.dirname(target), rights.folder_mode):
                os.chown(folder, rights.owner, rights.group)
            _link_or_copy(source, target, rights)
            kept.add(name)
    return kept


def _link_or_copy(source: str, target: str, rights: static_tree.Rights) -> None:
    now = os.stat(source)
    if (stat.S_IMODE(now.st_mode), now.st_uid, now.st_gid) == (rights.file_mode, rights.owner, rights.group):
        try:
            os.link(source, target)
            return
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
    shutil.copy2(source, target)
    os.chown(target, rights.owner, rights.group)
    os.chmod(target, rights.file_mode)


def lookalikes(names: t.Iterable[str], hashed: set[str]) -> list[str]:
    """List names that look hashed by Django but are not, so their content may change under the same name."""
    return sorted(name for name in names if HASHED_NAME.search(name) and name not in hashed)


def _result(
    wanted: dict[str, static_tree.Entry],
    difference: static_tree.Difference,
    evidence: dict[str, t.Any],
    target: str,
    hashed_and_kept: tuple[set[str], set[str]],
) -> dict[str, t.Any]:
    hashed, kept = hashed_and_kept

    def files(names: list[str]) -> list[str]:
        return [name for name in names if name not in wanted or not wanted[name].is_folder]

    added, changed, removed = files(difference.added), files(difference.changed), files(difference.removed)
    names = [name for name, entry in wanted.items() if not entry.is_folder]
    keys = ("django_version", "settings_module", "settings_file", "static_url", "static_root", "media_url", "media_root", "storage", "manifest_name")
    return {
        "changed": bool(difference),
        "dest": target,
        "files_count": len(names),
        "added_count": len(added),
        "changed_count": len(changed),
        "removed_count": len(removed),
        "rights_count": len(difference.rights),
        "added": added[:LIST_LIMIT],
        "modified": changed[:LIST_LIMIT],
        "removed": removed[:LIST_LIMIT],
        "digest": static_tree.tree_digest(wanted),
        "hashed_count": len(hashed),
        "kept_count": len(kept),
        "hash_lookalikes": lookalikes(names, hashed | kept) if hashed else [],
        "project": {key: evidence[key] for key in keys},
    }


def _diff(
    target: str, wanted: dict[str, static_tree.Entry], present: dict[str, static_tree.Entry], difference: static_tree.Difference
) -> dict[str, str]:
    """List what is added, changed and removed, a name and the start of its content's SHA-256 a line."""

    def lines(tree: dict[str, static_tree.Entry], names: list[str]) -> str:
        return "".join(f"{name} {tree[name].digest[:12]}\n" for name in sorted(names) if not tree[name].is_folder)

    before = lines(present, [*difference.changed, *difference.removed])
    return {"before_header": target, "after_header": target, "before": before, "after": lines(wanted, [*difference.added, *difference.changed])}


LIST_LIMIT = 100
"""Names that a list of the result holds at the most."""
