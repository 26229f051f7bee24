#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digest a project's source, and pack it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_source
short_description: Digest the source of a Django project and pack it
version_added: 0.1.0
author:
  - WebOps (@webops)
description:
  - Tells what a project's source is by one digest, so that a deploy knows whether anything changed before it copies a byte.
  - Packs a folder into an archive that is the same, byte by byte, whenever the folder holds the same.
  - Only reads the source. Runs where the source is, on the controller by C(delegate_to) or on the target.
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: The source is not changed, and an archive is no text.
  idempotent:
    support: full
options:
  path:
    description:
      - A folder, or an archive file with one of the suffixes C(.tar.gz), C(.tgz), C(.tar.xz), C(.txz), C(.tar.bz2), C(.tbz2), C(.tar), C(.zip).
    type: path
    required: true
  exclude:
    description:
      - What does not belong to the source, as shell patterns.
      - A pattern without a slash matches any component of a path.
      - One with a slash matches the path relative to O(path), where C(*) matches slashes as well. C(/docs) is the folder C(docs) at the top only.
      - Applies to a folder. An archive is taken as it is.
    type: list
    elements: str
    default:
      - .git
      - .hg
      - .svn
      - __pycache__
      - "*.pyc"
      - .venv
      - venv
      - .tox
      - .nox
      - .mypy_cache
      - .pytest_cache
      - .ruff_cache
      - node_modules
      - .DS_Store
      - __MACOSX
      - .env
      - "*.sqlite3"
      - "*.sqlite3-journal"
      - "*.sqlite3-wal"
      - "*.sqlite3-shm"
  archive:
    description:
      - Write the folder as a C(tar.gz) to this path, with mode V(0600). Its folder must exist and lie outside of O(path).
      - Not used when O(path) is an archive.
    type: path
seealso:
  - module: webops.django.django_release
"""

EXAMPLES = r"""
- name: Pack the project on the controller
  webops.django.django_source:
    path: ../shop
    archive: /tmp/shop.tar.gz
  delegate_to: localhost
  become: false
  register: source

- name: Show whether it changed
  ansible.builtin.debug:
    msg: "{{ source.digest }}"
"""

RETURN = r"""
digest:
  description:
    - For a folder, SHA-256 over the sorted relative paths, their kinds, executable bits, link targets and contents.
      Times, owners and other modes do not count.
    - For an archive, SHA-256 of its bytes.
  returned: success
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
kind:
  description: V(folder) or V(archive).
  returned: success
  type: str
  sample: folder
files:
  description: How many files the folder holds; 1 for an archive.
  returned: success
  type: int
  sample: 214
bytes:
  description: Size of these files in bytes.
  returned: success
  type: int
  sample: 1832044
archive:
  description: Path of the archive, the written or the given one; empty when there is none.
  returned: success
  type: str
  sample: /tmp/shop.tar.gz
"""

import os
import tempfile
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils.archive import SUFFIXES, Writer
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.source_tree import (
    DEFAULT_EXCLUDE,
    FILE,
    Entry,
    Excluder,
    digest_tree,
    entries,
    file_digest,
    printable,
    unreadable,
)


def digest_archive(path: str) -> dict[str, t.Any]:
    """Return what is told of an archive file."""
    if not path.lower().endswith(SUFFIXES):
        raise ExplainedError(f"{printable(path)} is neither a folder nor an archive; its name must end with one of {', '.join(SUFFIXES)}.")
    try:
        digest = file_digest(path)
        size = os.path.getsize(path)
    except OSError as error:
        raise unreadable(error, path) from error
    if not size:
        raise ExplainedError(f"The archive {printable(path)} is empty; pack it anew.")
    return {"changed": False, "digest": digest, "kind": "archive", "files": 1, "bytes": size, "archive": path}


def digest_folder(path: str, exclude: t.Sequence[str], archive: str | None, check_mode: bool) -> dict[str, t.Any]:
    """Return what is told of a folder, and pack it where an archive is wanted."""
    excluder = Excluder(exclude)
    root = os.fsencode(path)
    if archive:
        check_place(path, archive, excluder)
    listed = entries(root, excluder)
    files = [entry for entry in listed if entry.kind == FILE]
    if not files:
        raise ExplainedError(f"The folder {printable(path)} holds no file that is not excluded; `path` is the folder that holds the project.")
    changed = False
    if archive:
        digest, changed = pack(root, listed, archive, check_mode)
    else:
        digest = digest_tree(root, listed)
    size = sum(entry.size for entry in files)
    return {"changed": changed, "digest": digest, "kind": "folder", "files": len(files), "bytes": size, "archive": archive or ""}


def check_place(path: str, archive: str, excluder: Excluder) -> None:
    """Refuse an archive that cannot be written, or that would become part of the source."""
    folder = os.path.realpath(os.path.dirname(archive) or ".")
    if not os.path.isdir(folder):
        raise ExplainedError(f"The archive {printable(archive)} cannot be written: its folder does not exist.")
    root = os.path.realpath(path)
    relative = os.path.relpath(os.path.join(folder, os.path.basename(archive)), root)
    if not relative.startswith("../") and not excluder(os.fsencode(relative)):
        raise ExplainedError(f"The archive {printable(archive)} would lie within the source {printable(path)}; name a path outside of it.")


def pack(root: bytes, listed: t.Sequence[Entry], archive: str, check_mode: bool) -> tuple[str, bool]:
    """Write the archive, beside it first and then by rename. Returns the tree's digest and whether the archive was another."""
    try:
        if check_mode:
            handle, beside = tempfile.mkstemp()
        else:
            handle, beside = tempfile.mkstemp(dir=os.path.dirname(archive) or ".", prefix=".webops-source-")
        try:
            with os.fdopen(handle, "wb") as stream:
                writer = Writer(stream)
                digest = digest_tree(root, listed, writer.add)
                writer.close()
            changed = not (is_private(archive) and file_digest(archive) == file_digest(beside))
            if changed and not check_mode:
                os.replace(beside, archive)
                return digest, True
        finally:
            if os.path.lexists(beside):
                os.unlink(beside)
    except OSError as error:
        raise ExplainedError(f"The archive {printable(archive)} cannot be written: {error.strerror or error}.") from error
    return digest, changed


def is_private(path: str) -> bool:
    """Tell whether a plain file stands there that only its owner reads, as a source may hold a secret."""
    return os.path.isfile(path) and not os.path.islink(path) and os.stat(path).st_mode & 0o7777 == 0o600


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Look which kind of source it is."""
    path: str = module.params["path"]
    if os.path.isdir(path):
        return digest_folder(path, module.params["exclude"], module.params["archive"], module.check_mode)
    if os.path.isfile(path):
        return digest_archive(path)
    if os.path.lexists(path):
        raise ExplainedError(f"{printable(path)} is neither a folder nor a file; `path` is the project's folder or an archive of it.")
    raise ExplainedError(f"The source {printable(path)} does not exist; `path` is the project's folder or an archive of it.")


def main() -> None:
    """Wire the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "exclude": {"type": "list", "elements": "str", "default": list(DEFAULT_EXCLUDE)},
            "archive": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_module(module, work)


if __name__ == "__main__":
    main()
