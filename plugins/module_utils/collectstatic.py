# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collecting a project's static files: into a staging folder first, and published only when all of them are there."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils import (
    collect_kept,
    collect_siblings,
    precompress,
    precompress_encodings,
    precompress_sibling,
    static_tree,
    static_tree_publish,
)
from ansible_collections.webops.django.plugins.module_utils.collect_destination import destination_of, refuse_dangerous, refuse_to_clear
from ansible_collections.webops.django.plugins.module_utils.collect_result import LOOKALIKES_LIMIT, changes, diff, no_changes, no_diff, project_values
from ansible_collections.webops.django.plugins.module_utils.collect_staging import locked, remove_leftovers, staging_tree, workplace
from ansible_collections.webops.django.plugins.module_utils.collect_state import (
    State,
    code_fingerprint,
    forget_states_without_tree,
    read_state,
    tree_fingerprint,
    write_state,
)
from ansible_collections.webops.django.plugins.module_utils.django_project import Project, ask
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import make_folders
from ansible_collections.webops.django.plugins.module_utils.probe_source import PROBE
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights, Tree

Evidence = t.Dict[str, t.Any]

CODE = (collect_kept, collect_siblings, precompress, precompress_encodings, precompress_sibling, static_tree, static_tree_publish, *PROBE)
"""What decides over a published tree besides the project."""


@dataclasses.dataclass(frozen=True)
class Order:
    """What is asked for.

    :ivar destination: where the files are published; STATIC_ROOT if it is None.
    :ivar clear: whether files go that were not collected.
    :ivar keep_manifests: how many earlier manifests' hashed files stay nevertheless.
    :ivar keep_hashed_of: other trees, or folders of trees, whose hashed files are published as well.
    :ivar encodings: in which files lie beside themselves, ``gzip``, ``brotli``.
    :ivar force: whether files are collected though nothing seems to have changed.
    """

    destination: str | None
    rights: Rights
    clear: bool = False
    keep_manifests: int = 0
    keep_hashed_of: tuple[str, ...] = ()
    encodings: tuple[str, ...] = ()
    force: bool = False


def collect(project: Project, order: Order, check_mode: bool) -> dict[str, t.Any]:
    """Look whether anything has changed; if so, collect, compare, publish.

    :returns: the module's return values; ``warnings`` are sentences for the user.
    :raises ExplainedError: something failed; nothing was published then that is not complete.
    """
    try:
        evidence = _plan(project, order)
        target = destination_of(order.destination, evidence or {})
        # What the project says of itself is missing in the shortest way: it is looked at again before anything is published.
        _refuse(target, evidence or {"media_root": "", "staticfiles_dirs": [], "static_root": ""}, project)
        with contextlib.ExitStack() as stack:
            place = workplace(target)
            if not check_mode:
                make_folders(place)
            if os.path.isdir(place):
                stack.enter_context(locked(place, project.timeout))
            if not check_mode:
                remove_leftovers(place)
                forget_states_without_tree(place)
            state = read_state(target)
            if evidence and state and not order.force and _is_unchanged(order, evidence, target, state):
                return dict(state.result, **no_changes(), dest=target, project=project_values(evidence), diff=no_diff(target), warnings=[])
            return _Run(project, order, target, state, check_mode).result()
    except OSError as error:
        raise ExplainedError(
            f"{error.filename or order.destination or project.path}: {error.strerror or error}. Nothing was published that is not complete."
        ) from error


def _plan(project: Project, order: Order) -> Evidence | None:
    """Ask what would be collected. None where only collecting can tell: then Django need not start twice."""
    if not order.destination:
        return ask(project, "collect_plan")
    target = os.path.realpath(order.destination)
    if os.path.isdir(os.path.dirname(target)) and (order.force or not read_state(target)):
        return None
    # A storage with a manifest asks for STATIC_ROOT, which the project need not have set.
    return ask(project, "collect_plan", overrides={"STATIC_ROOT": target})


def _refuse(target: str, evidence: Evidence, project: Project) -> None:
    # Also what the settings name, though it is another folder: whoever runs collectstatic by hand would write there.
    for folder in dict.fromkeys([target, os.path.realpath(evidence["static_root"] or target)]):
        refuse_dangerous(folder, evidence, project.path)


def _is_unchanged(order: Order, evidence: Evidence, target: str, state: State) -> bool:
    inputs = _inputs(order, evidence, target)
    return bool(inputs) and inputs == state.inputs and bool(state.tree) and tree_fingerprint(target) == state.tree


def _inputs(order: Order, evidence: Evidence, target: str) -> str:
    """Return one fingerprint of all that decides over a published tree; empty where the project's files give none."""
    if not evidence["fingerprint"]:
        return ""
    asked = dataclasses.asdict(dataclasses.replace(order, destination=target, force=False))
    kept = list(collect_kept.kept_lines(collect_kept.other_trees(order.keep_hashed_of, target), evidence["manifest_name"]))
    return hashlib.sha256(json.dumps([evidence["fingerprint"], asked, kept, code_fingerprint(CODE)]).encode()).hexdigest()


class _Run:
    """One collecting from start to end."""

    def __init__(self, project: Project, order: Order, target: str, state: State | None, check_mode: bool) -> None:
        self.project, self.order, self.target, self.state, self.check_mode = project, order, target, state, check_mode
        self.warnings: list[str] = []
        self.trees = collect_kept.other_trees(order.keep_hashed_of, target)

    def result(self) -> dict[str, t.Any]:
        """Collect, compare, publish, remember; return the module's return values."""
        started = time.time_ns()
        with staging_tree(None if self.check_mode else workplace(self.target), self.project.account) as tree:
            evidence = ask(self.project, "collect", overrides={"STATIC_ROOT": tree})
            _refuse(self.target, evidence, self.project)
            inputs = _inputs(self.order, evidence, self.target)
            static_tree_publish.set_rights(tree, self.order.rights, started)
            values = self._complete(tree, evidence["manifest_name"])
            wanted, present = static_tree.scan(tree), static_tree.scan(self.target)
            difference = self._difference(tree, wanted, present)
            if difference and not self.check_mode:
                self._announce()
                static_tree_publish.publish(tree, self.target, difference, self.order.rights, last=[evidence["manifest_name"]])
        values.update(self._values(wanted))
        if not self.check_mode:
            self._remember(inputs, wanted, values)
        return dict(
            values,
            **changes(difference, wanted),
            dest=self.target,
            project=project_values(evidence),
            diff=diff(self.target, wanted, present, difference, self.order.rights),
            warnings=self.warnings,
        )

    def _complete(self, tree: str, manifest: str) -> dict[str, t.Any]:
        """Add to the collected files what is published with them: hashed files of earlier collects, and compressed siblings."""
        self.collected = set(static_tree.file_names(tree))
        self.hashed = collect_kept.manifest_names(os.path.join(tree, manifest)) if manifest else set()
        self.earlier = self._earlier(manifest)
        # The check mode leaves published files alone, even the number of their links.
        links = not self.check_mode
        if links:
            collect_kept.share_unchanged(tree, self.trees, self.collected, self.order.rights)
        self.kept: set[str] = set()
        for other in self.trees:
            self.kept |= collect_kept.keep_hashed(tree, other, collect_kept.hashed_files(other, manifest), self.order.rights, links)
        if self.order.clear:
            of_target = [name for names in self.earlier for name in names if collect_kept.is_kept_file(self.target, name)]
            self.kept |= collect_kept.keep_hashed(tree, self.target, of_target, self.order.rights, links)
        names = [name for name in static_tree.file_names(tree) if name != manifest]
        self.siblings = precompress.precompress(tree, names, self.order.encodings, self.target, self.order.rights, others=self.trees, links=links)
        return {
            "precompressed": {name: self.siblings.counts.get(name, 0) for name in self.order.encodings},
            "precompressed_saved": {name: self.siblings.saved.get(name, 0) for name in self.order.encodings},
        }

    def _earlier(self, manifest: str) -> list[list[str]]:
        """List what earlier manifests named, the latest first. The one that is published now becomes one of them where it names something else."""
        known = self.state.earlier if self.state else []
        if not manifest:
            return known
        try:
            live = set(collect_kept.hashed_files(self.target, manifest))
        except ExplainedError as error:
            self.warnings.append(f"{error} It is replaced.")
            live = set()
        newest = [sorted(live)] if live - self.hashed and (not known or live != set(known[0])) else []
        return [*newest, *known][: self.order.keep_manifests]

    def _difference(self, tree: str, wanted: Tree, present: Tree) -> static_tree.Difference:
        difference = static_tree.compare(wanted, present, self.order.rights, self.order.clear)
        if self.order.clear:
            if not self.state:
                refuse_to_clear(self.target, wanted, [name for name, entry in present.items() if not entry.is_folder])
        else:
            difference.removed = collect_siblings.orphans(tree, self.target, wanted, present, set(self.state.siblings if self.state else ()))
        static_tree_publish.refuse_blocked(wanted, present, difference, self.target)
        return difference

    def _values(self, wanted: Tree) -> dict[str, t.Any]:
        """Return what is told of a tree, whether it has changed or not."""
        names = [name for name, entry in wanted.items() if not entry.is_folder]
        lookalikes = collect_kept.lookalikes(names, self.hashed | self.kept | set(self.siblings.names)) if self.hashed else []
        # What earlier collects left, and what compressing makes of a file, differs from host to host.
        common = {name: wanted[name] for name in self.collected - set(self.siblings.names)}
        return {
            "files_count": len(self.collected),
            "digest": static_tree.tree_digest(common),
            "hashed_count": len(self.hashed),
            "kept_count": len(self.kept),
            "hash_lookalikes": lookalikes[:LOOKALIKES_LIMIT],
            "hash_lookalikes_count": len(lookalikes),
        }

    def _announce(self) -> None:
        """Remember what a run that is killed while it publishes must not forget. Without fingerprints, the next run looks at everything."""
        self._write("", "", sorted({*self._made(), *(self.state.siblings if self.state else ())}), {})

    def _remember(self, inputs: str, wanted: Tree, values: dict[str, t.Any]) -> None:
        known = self.state.siblings if self.state else []
        stay = {name for name in known if name not in wanted and os.path.lexists(os.path.join(self.target, name))}
        self._write(inputs, tree_fingerprint(self.target), sorted(self._made() | stay), values)

    def _made(self) -> set[str]:
        return set(self.siblings.names) - self.collected

    def _write(self, inputs: str, tree: str, siblings: list[str], values: dict[str, t.Any]) -> None:
        try:
            write_state(State(self.target, inputs, tree, siblings, self.earlier, values))
        except ExplainedError as error:
            self.warnings.append(f"{error} The next run collects all files again.")
