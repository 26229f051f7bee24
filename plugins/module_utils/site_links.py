# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links of a site: to the tree that is served, and from a release to what outlives it."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import make_folders, switch_link


@dataclasses.dataclass(frozen=True)
class Link:
    """A link as it shall be.

    :ivar path: where the link stands.
    :ivar target: the absolute path that it leads to.
    :ivar existing: what happens to a file or folder at the path: ``refuse``, ``aside`` (it is renamed) or ``seed`` (what the target lacks is
        copied there, then it is removed).
    :ivar folder: whether the target is a folder that is made if it is missing.
    :ivar owner: user id that owns what is made or copied at the target.
    :ivar group: group id of it.
    :ivar mode: permission bits of the target folder, when it is made.
    """

    path: str
    target: str
    existing: str
    folder: bool
    owner: int
    group: int
    mode: int


@dataclasses.dataclass
class Outcome:
    """What was, or would be, done for one link. ``before`` is where it led; empty if there was none."""

    changed: bool = False
    made: bool = False
    before: str = ""
    moved_to: str = ""
    seeded: bool = False


def place(link: Link, check_mode: bool) -> Outcome:
    """Make one link what it shall be.

    :raises ExplainedError: something stands in the way; it is still there.
    """
    outcome = Outcome(before=os.readlink(link.path) if os.path.islink(link.path) else "")
    real = os.path.lexists(link.path) and not os.path.islink(link.path)
    if real and os.path.realpath(link.path) == os.path.realpath(link.target):
        # The path is the target itself, as when the served folder is STATIC_ROOT.
        return outcome
    if real and link.existing == "refuse":
        raise ExplainedError(f"{link.path} exists and is no symbolic link; move it away. Nothing was changed.")
    if real and os.path.ismount(link.path):
        raise ExplainedError(
            f"{link.path} is a mount point and cannot become a link to {link.target}; unmount it, or let the settings name another folder."
        )
    outcome.made = _make_target(link, check_mode)
    if real and link.existing == "seed":
        outcome.seeded = _seed(link, check_mode)
    if real:
        outcome.moved_to = _clear_path(link, check_mode)
    if real and check_mode:
        switched = True
    else:
        if not check_mode:
            make_folders(os.path.dirname(link.path))
        switched = switch_link(link.path, link.target, check_mode)
    outcome.changed = switched or outcome.made
    return outcome


def _make_target(link: Link, check_mode: bool) -> bool:
    """Make the folder that the link leads to, or the one that its file will be in."""
    folder = link.target if link.folder else os.path.dirname(link.target)
    if os.path.isdir(folder):
        return False
    if os.path.lexists(folder):
        raise ExplainedError(f"{folder} must be a folder, and is none; move it away.")
    if check_mode:
        return True
    make_folders(folder)
    os.chown(folder, link.owner, link.group)
    os.chmod(folder, link.mode)
    return True


def _seed(link: Link, check_mode: bool) -> bool:
    """Copy what the target lacks. What it has already wins: it is newer than what a release brings."""
    if os.path.isdir(link.path):
        pairs = [
            (os.path.join(folder, name), os.path.join(link.target, os.path.relpath(os.path.join(folder, name), link.path)))
            for folder, _folders, files in os.walk(link.path)
            for name in files
        ]
    else:
        pairs = [(link.path, link.target)]
    missing = [(source, target) for source, target in pairs if not os.path.lexists(target)]
    if check_mode:
        return bool(missing)
    for source, target in missing:
        for folder in make_folders(os.path.dirname(target)):
            os.chown(folder, link.owner, link.group)
        shutil.copyfile(source, target, follow_symlinks=False)
        os.chown(target, link.owner, link.group, follow_symlinks=False)
    return bool(missing)


def _clear_path(link: Link, check_mode: bool) -> str:
    """Take away what stands at the path, and tell where it went, if it was kept."""
    if link.existing == "seed":
        if not check_mode and os.path.isdir(link.path):
            shutil.rmtree(link.path)
        elif not check_mode:
            os.unlink(link.path)
        return ""
    aside = f"{link.path}.before-webops-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    if not check_mode:
        os.rename(link.path, aside)
    return aside
