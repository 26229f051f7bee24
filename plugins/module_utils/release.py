# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site's releases: what they are called, where they lie, which is complete and which is current (docs/architecture.md)."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import tempfile
import time
import typing as t

from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError
from ansible_collections.webops.django.plugins.module_utils.files import make_folders, read_file, switch_link, write_file
from ansible_collections.webops.django.plugins.module_utils.release_tree import FOLDER_MODE, fill
from ansible_collections.webops.django.plugins.module_utils.source_tree import Excluder

ID = re.compile(r"[0-9a-f]{12}\Z")
KEY_LENGTH = 32
ETC_MODE = 0o440


class Layout(t.NamedTuple):
    """The paths of a site below its base folder."""

    base: str

    @property
    def releases(self) -> str:
        """The folder of all releases."""
        return os.path.join(self.base, "releases")

    def release(self, release_id: str) -> str:
        """A release's folder."""
        return os.path.join(self.releases, release_id)

    def record(self, release_id: str) -> str:
        """The file that is written last, so that a release that has it is complete."""
        return os.path.join(self.release(release_id), "release.json")

    def fingerprint(self, release_id: str) -> str:
        """The file that holds a release's fingerprint from its beginning on."""
        return os.path.join(self.release(release_id), ".fingerprint")

    def link(self, name: str) -> str:
        """The link ``current`` or ``previous``."""
        return os.path.join(self.base, name)

    def linked(self, name: str) -> str:
        """The id that the link points to, or ''."""
        try:
            return os.path.basename(os.readlink(self.link(name)).rstrip("/"))
        except OSError:
            return ""

    def is_complete(self, release_id: str) -> bool:
        """Tell whether a release is finished."""
        return os.path.isfile(self.record(release_id))

    def describe(self, release_id: str) -> dict[str, t.Any]:
        """Return what a module tells of a release."""
        current = self.linked("current")
        return {
            "id": release_id,
            "path": self.release(release_id),
            "complete": self.is_complete(release_id),
            "current": current == release_id,
            "previous": current,
            "metadata": self.metadata(release_id),
        }

    def metadata(self, release_id: str) -> dict[str, t.Any]:
        """Return what was recorded when the release was finished; empty before that."""
        content = read_file(self.record(release_id))
        try:
            return dict(json.loads(content)["metadata"]) if content else {}
        except (ValueError, KeyError, TypeError) as error:
            raise ExplainedError(
                f"{self.record(release_id)} is no record of a release ({error}); remove that file, and the release is made anew."
            ) from error


class Recipe(t.NamedTuple):
    """What a release is filled with; ``etc`` maps paths relative to the release's ``etc`` to contents."""

    source: str
    exclude: t.Sequence[str]
    etc: t.Mapping[str, str]
    owner: int
    group: int


def canonical(value: t.Any) -> bytes:
    """Return JSON that is the same for equal values, whatever the order of keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def fingerprint(key: bytes, ingredients: t.Any) -> str:
    """Return HMAC-SHA256 over the ingredients: without the host's key, nobody can try passwords against a release's id."""
    return hmac.new(key, canonical(ingredients), hashlib.sha256).hexdigest()


def host_key(path: str, check_mode: bool) -> tuple[bytes, bool]:
    """Return the host's secret, made at the first use, and whether it was made.

    :raises ExplainedError: the file cannot be read or made, or holds something else.
    """
    try:
        key = read_file(path)
    except OSError as error:
        raise ExplainedError(f"The key file {path} cannot be read: {error.strerror}; run as root, or name another `key_file`.") from error
    if key is None:
        key = secrets.token_bytes(KEY_LENGTH)
        if not check_mode:
            make_folders(os.path.dirname(path))
            write_file(path, key, 0o400)
        return key, True
    if len(key) != KEY_LENGTH:
        raise ExplainedError(f"The key file {path} does not hold {KEY_LENGTH} bytes; remove it, and the next run makes a new one and new releases.")
    return key, False


def make(layout: Layout, mark: str, recipe: Recipe) -> None:
    """Make the release of a fingerprint, unfinished: its source and its ``etc``. It appears by rename, with all of that or not at all.

    :param mark: the fingerprint, 64 hex digits.
    :raises ExplainedError: see :func:`release_tree.fill`; or the unfinished release is in use.
    """
    release_id = mark[:12]
    if not os.path.isdir(layout.base):
        raise ExplainedError(f"The base folder {layout.base} does not exist; make it first, owned by root with mode 0755.")
    if layout.linked("current") == release_id:
        raise ExplainedError(f"{layout.link('current')} points to {release_id}, which is not complete; point it to a complete release first.")
    real_source = os.path.realpath(recipe.source)
    if os.path.commonpath([real_source, os.path.realpath(layout.base)]) == real_source:
        raise ExplainedError(f"The source {recipe.source} holds the base folder {layout.base}; name the project's own folder.")
    try:
        make_folders(layout.releases)
        _build(layout, mark, recipe)
    except OSError as error:
        raise ExplainedError(f"The release {release_id} cannot be made in {layout.releases}: {error.strerror or error}.") from error


def _build(layout: Layout, mark: str, recipe: Recipe) -> None:
    release_id = mark[:12]
    for leftover in leftovers(layout, release_id):
        shutil.rmtree(leftover)
    beside = tempfile.mkdtemp(dir=layout.releases, prefix=f".{release_id}.")
    try:
        fill(os.fsencode(os.path.join(beside, "source")), os.fsencode(recipe.source), Excluder(recipe.exclude), recipe.owner, recipe.group)
        _write_etc(os.path.join(beside, "etc"), recipe)
        write_file(os.path.join(beside, ".fingerprint"), mark.encode(), 0o644)
        os.chmod(beside, 0o755)
        if os.path.lexists(layout.release(release_id)):
            shutil.rmtree(layout.release(release_id))
        os.rename(beside, layout.release(release_id))
    except BaseException:
        shutil.rmtree(os.fsencode(beside), ignore_errors=True)
        raise


def leftovers(layout: Layout, release_id: str = "") -> list[str]:
    """Return the folders that a killed run left while it made or removed a release: ``.<id>.<anything>``."""
    wanted = re.compile(rf"\.{release_id or '[0-9a-f]{12}'}\.")
    try:
        names = sorted(os.listdir(layout.releases))
    except FileNotFoundError:
        return []
    return [os.path.join(layout.releases, name) for name in names if wanted.match(name)]


def _write_etc(folder: str, recipe: Recipe) -> None:
    _make_folder(folder, recipe)
    for name, content in sorted(recipe.etc.items()):
        parts = name.split("/")
        if os.path.isabs(name) or "\0" in name or not all(part not in ("", ".", "..") for part in parts):
            raise ExplainedError(f"{name!r} in `files` is no path below etc; write one such as webops_settings.py.")
        for depth in range(1, len(parts)):
            _make_folder(os.path.join(folder, *parts[:depth]), recipe)
        write_file(os.path.join(folder, name), content.encode("utf-8", "surrogateescape"), ETC_MODE, recipe.owner, recipe.group)


def _make_folder(path: str, recipe: Recipe) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o700)
    os.chown(path, recipe.owner, recipe.group)
    os.chmod(path, FOLDER_MODE)


def complete(layout: Layout, release_id: str, metadata: t.Any, check_mode: bool = False) -> bool:
    """Write ``release.json``: from now on the release counts. Returns whether it was not complete before.

    :raises ExplainedError: there is no such release.
    """
    if layout.is_complete(release_id):
        return False
    if check_mode:
        return True
    mark = read_file(layout.fingerprint(release_id))
    if mark is None:
        raise ExplainedError(f"There is no release {release_id} in {layout.releases}; make it with state=present first.")
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    record = {"id": release_id, "fingerprint": mark.decode("ascii"), "created": created, "metadata": metadata}
    # All that belongs to the release must be on the disk before the file that says so.
    os.sync()
    return write_file(layout.record(release_id), (json.dumps(record, indent=2, sort_keys=True) + "\n").encode(), 0o644)


def switch(layout: Layout, release_id: str, check_mode: bool = False) -> bool:
    """Point ``current`` to a complete release and ``previous`` to the one that was. Returns whether it pointed elsewhere.

    :raises ExplainedError: the release is not complete, or something that is no link stands at ``current``.
    """
    was = layout.linked("current")
    if check_mode and not os.path.isdir(layout.release(release_id)):
        return True
    if not layout.is_complete(release_id):
        raise ExplainedError(f"The release {release_id} in {layout.releases} is not complete, so it cannot become the current one; finish it first.")
    for name in ("current", "previous"):
        if os.path.lexists(layout.link(name)) and not os.path.islink(layout.link(name)):
            raise ExplainedError(f"{layout.link(name)} exists and is no symbolic link; move it away, nothing was changed.")
    # The record of the old release first: killed in between, the next run writes both anew.
    if ID.match(was) and was != release_id:
        switch_link(layout.link("previous"), os.path.join("releases", was), check_mode)
    return switch_link(layout.link("current"), os.path.join("releases", release_id), check_mode)
