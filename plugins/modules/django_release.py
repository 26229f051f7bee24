#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, finish, switch and remove the releases of a site."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_release
short_description: Manage the releases of a Django site
version_added: 0.1.0
author:
  - WebOps (@webops)
description:
  - A release is a folder beside the running one. It is filled, finished, and only then pointed to; it never changes afterwards.
  - Its name is a fingerprint of everything that makes it. Equal ingredients give the same release, and a run that has nothing to do does nothing.
  - The fingerprint is keyed by a secret of the host. A release's name tells nothing about a password among the ingredients.
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
attributes:
  check_mode:
    support: full
    details: On a host without O(key_file), the predicted RV(id) is not the one that the run will give.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  base:
    description:
      - The site's base folder, which must exist. Releases lie in C(releases) below it.
    type: path
    required: true
  state:
    description:
      - V(present) makes the release of the O(ingredients) with its source and its C(etc), unfinished, unless it is complete.
        Without O(source) it only tells whether there is a complete one.
      - V(complete) records that the release is finished.
      - V(current) points the link C(current) to a complete release, by rename, and C(previous) to the one that was current.
      - V(pruned) removes the oldest complete releases beyond O(keep) and all unfinished ones, together with their trees.
        The current and the previous release stay, and so does one that a live process works in.
    type: str
    choices:
      - present
      - complete
      - current
      - pruned
    default: present
  id:
    description:
      - The release, for O(state=complete) and O(state=current).
    type: str
  ingredients:
    description:
      - Everything that makes the release. The digest of its source, its requirements, the version of Python, its environment, its settings.
      - Needed for O(state=present) and O(key_file) as well.
    type: dict
  key_file:
    description:
      - File with the host's secret, 32 random bytes. It is made at the first use, readable by root only.
    type: path
  source:
    description:
      - The archive or the folder on the target that the release's source is taken from.
      - An archive that holds a single folder at its top is unpacked without that folder.
      - Names that lead out of the release, links that do, and devices are refused.
    type: path
  exclude:
    description:
      - What of O(source) does not belong to the release, by the rules of the option O(webops.django.django_source#module:exclude).
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
  environment:
    description:
      - Environment variables, written to C(etc/environment) of the release by systemd's rules, mode V(0440).
    type: dict
    default: {}
  files:
    description:
      - Further files below C(etc) of the release, contents by relative path, mode V(0440).
    type: dict
    default: {}
  owner:
    description:
      - The user who owns source and files. It should be another one than the user who runs the site.
    type: str
    default: root
  group:
    description:
      - The group that reads source and files, usually the group of the user who runs the site.
    type: str
    default: root
  metadata:
    description:
      - What O(state=complete) keeps in C(release.json) beside fingerprint and time. Everybody on the host can read it.
    type: dict
    default: {}
  keep:
    description:
      - How many complete releases O(state=pruned) leaves, at least V(1).
    type: int
    default: 5
  trees:
    description:
      - Folder that holds the releases' collected trees under their ids, for O(state=pruned).
      - C(trees) in O(base) if it is not given.
    type: path
seealso:
  - module: webops.django.django_source
"""

EXAMPLES = r"""
- name: Make the release, unless it is there
  webops.django.django_release:
    base: /srv/django/shop
    key_file: /etc/webops-django/key
    ingredients:
      source: "{{ source.digest }}"
      environment: "{{ environment }}"
    source: /srv/django/shop/incoming.tar.gz
    environment: "{{ environment }}"
    group: django-shop
  register: release

- name: Finish it, once its virtualenv is made
  webops.django.django_release:
    base: /srv/django/shop
    state: complete
    id: "{{ release.id }}"
    metadata:
      version: v1.4

- name: Make it the current one
  webops.django.django_release:
    base: /srv/django/shop
    state: current
    id: "{{ release.id }}"

- name: Remove old releases
  webops.django.django_release:
    base: /srv/django/shop
    state: pruned
    keep: 3
"""

RETURN = r"""
id:
  description: The release, the first 12 hex digits of its fingerprint.
  returned: O(state) is not V(pruned)
  type: str
  sample: 3f9a0c11be42
fingerprint:
  description: HMAC-SHA256 of the ingredients under the host's key.
  returned: O(state=present)
  type: str
path:
  description: The release's folder.
  returned: O(state) is not V(pruned)
  type: str
  sample: /srv/django/shop/releases/3f9a0c11be42
complete:
  description: Whether the release is finished, after the run.
  returned: O(state) is not V(pruned)
  type: bool
current:
  description: Whether C(current) points to the release, after the run.
  returned: O(state) is not V(pruned)
  type: bool
previous:
  description: The release that C(current) pointed to before the run; empty when there was none.
  returned: O(state) is not V(pruned)
  type: str
  sample: 77d0e1b2c3a4
metadata:
  description: What O(metadata) was when the release was finished; empty before that.
  returned: O(state) is not V(pruned)
  type: dict
removed:
  description: The releases that were removed.
  returned: O(state=pruned)
  type: list
  elements: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils import accounts, environment_file
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.release import ID, Layout, Recipe, complete, fingerprint, host_key, make, switch
from ansible_collections.webops.django.plugins.module_utils.release_prune import prune
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets
from ansible_collections.webops.django.plugins.module_utils.source_tree import DEFAULT_EXCLUDE


def present(layout: Layout, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make a release unless it is complete, or only tell of it."""
    if params["ingredients"] is None or not params["key_file"]:
        raise ExplainedError("state=present needs `ingredients` and `key_file`; write both.")
    key, key_made = host_key(params["key_file"], check_mode)
    mark = fingerprint(key, params["ingredients"])
    told = {**layout.describe(mark[:12]), "fingerprint": mark}
    if told["complete"] or not params["source"]:
        return {**told, "changed": key_made}
    etc = etc_files(params)
    if not check_mode:
        owner, group = accounts.user_id(params["owner"]), accounts.group_id(params["group"])
        make(layout, mark, Recipe(params["source"], params["exclude"], etc, owner, group))
    after = "".join(f"{name}\n" for name in sorted(["source", *(f"etc/{name}" for name in etc)]))
    return {**told, "changed": True, "diff": {"before_header": told["path"], "after_header": told["path"], "before": "", "after": after}}


def etc_files(params: dict[str, t.Any]) -> dict[str, str]:
    """Return the contents of the release's etc by relative path."""
    files = {}
    for name, content in params["files"].items():
        if not isinstance(content, str):
            raise ExplainedError(f"The content of {name!r} in `files` is no text; write a string.")
        files[name] = content
    if params["environment"]:
        if "environment" in files:
            raise ExplainedError("`files` names `environment`, which `environment` writes; use one of the two.")
        files["environment"] = environment_file.render(params["environment"])
    return files


def named(layout: Layout, release_id: str | None, state: str) -> str:
    """Return the release that the user named."""
    if not release_id or not ID.match(release_id):
        raise ExplainedError(f"state={state} needs `id`, 12 hex digits as state=present returned them, not {release_id!r}.")
    if not os.path.isdir(layout.base):
        raise ExplainedError(f"The base folder {layout.base} does not exist; make it first, owned by root with mode 0755.")
    return release_id


def finish(layout: Layout, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Record that a release is finished."""
    release_id = named_or_predicted(layout, params, check_mode)
    before = layout.describe(release_id)
    changed = complete(layout, release_id, params["metadata"], check_mode)
    lines = {True: "complete\n", False: "unfinished\n"}
    diff = {"before_header": before["path"], "after_header": before["path"], "before": lines[before["complete"]], "after": lines[True]}
    metadata = params["metadata"] if changed else before["metadata"]
    return {**before, "complete": True, "metadata": metadata, "changed": changed, "diff": diff}


def point(layout: Layout, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Make a release the current one."""
    release_id = named_or_predicted(layout, params, check_mode)
    before = layout.describe(release_id)
    changed = switch(layout, release_id, check_mode)
    link = layout.link("current")
    diff = {"before_header": link, "after_header": link, "before": f"{before['previous']}\n", "after": f"{release_id}\n"}
    return {**before, "current": True, "changed": changed, "diff": diff}


def named_or_predicted(layout: Layout, params: dict[str, t.Any], check_mode: bool) -> str:
    """Return the release that the user named; on an empty host check mode cannot ask for its folder."""
    if check_mode and params["id"] and ID.match(params["id"]):
        return str(params["id"])
    return named(layout, params["id"], params["state"])


def remove_old(layout: Layout, params: dict[str, t.Any], check_mode: bool) -> dict[str, t.Any]:
    """Remove old releases."""
    if params["keep"] < 1:
        raise ExplainedError(f"`keep` is {params['keep']}; write at least 1.")
    removed = prune(layout, params["keep"], check_mode, trees=params["trees"] or "")
    header = layout.releases
    before = "".join(f"{release_id}\n" for release_id in removed)
    return {"changed": bool(removed), "removed": removed, "diff": {"before_header": header, "after_header": header, "before": before, "after": ""}}


WORK = {"present": present, "complete": finish, "current": point, "pruned": remove_old}


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Do what the state asks for."""
    params = take_secrets(module, "ingredients", "environment", "files")
    return WORK[params["state"]](Layout(os.path.abspath(params["base"])), params, module.check_mode)


def main() -> None:
    """Wire the module."""
    module = AnsibleModule(
        argument_spec={
            "base": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["present", "complete", "current", "pruned"], "default": "present"},
            "id": {"type": "str"},
            "ingredients": {"type": "dict", "no_log": True},
            "key_file": {"type": "path", "no_log": False},
            "source": {"type": "path"},
            "exclude": {"type": "list", "elements": "str", "default": list(DEFAULT_EXCLUDE)},
            "environment": {"type": "dict", "default": {}, "no_log": True},
            "files": {"type": "dict", "default": {}, "no_log": True},
            "owner": {"type": "str", "default": "root"},
            "group": {"type": "str", "default": "root"},
            "metadata": {"type": "dict", "default": {}},
            "keep": {"type": "int", "default": 5},
            "trees": {"type": "path"},
        },
        supports_check_mode=True,
    )
    run_module(module, work)


if __name__ == "__main__":
    main()
