#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect a Django project's static files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_collectstatic
short_description: Collect a Django project's static files
version_added: 0.1.0
description:
  - Runs the project's own C(collectstatic) into a staging folder, as the service's user, and publishes the result only when all of it is there.
    A failure leaves the published tree as it was.
  - V(changed) is decided by comparing content, owner and mode of every file, not by what a command printed.
  - Each file is switched by rename, the manifest after the files that it names. A compressed sibling (C(a.css.gz)) goes before its file changes
    and comes after it, so that nginx never sends an old one.
  - Sets owner and modes itself, so that neither the umask nor somebody's earlier run as another user matters.
  - Refuses a destination that is a system folder, a home, the project, MEDIA_ROOT, or a folder that static files are collected from.
    Refuses to clear a folder that holds files of which none is a static file of the project, if it never collected there.
  - A project in which nothing has changed is not collected. Sources, settings, the code of storages and finders, and the published tree are
    recognised by fingerprints that read no file. A source whose time of modification was set back is noticed. Where a storage, a finder's storage
    or the command C(collectstatic) is code of the project's own, nobody can say what it looks at, and files are collected and compared each time.
  - One run at a time collects into a folder; another one waits, at most O(timeout) seconds. A run that was killed leaves a tree in which each file is
    whole, and the next run finishes the work and removes what was left.
  - The fingerprints, and the names that earlier manifests gave out, are kept beside O(dest) in the file C(.<name of the folder>.webops.json),
    readable only by the user that the module runs as. Without it, everything is collected and compared.
author:
  - WebOps (@webops)
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.project
attributes:
  check_mode:
    support: full
    details: The files are collected into a temporary folder and compared; the published tree is not touched.
  diff_mode:
    support: full
    details: Lists the names of files that are added, changed and removed.
  idempotent:
    support: full
options:
  dest:
    description:
      - Folder that the files are published in, by its absolute path. STATIC_ROOT if it is not given.
      - The project collects there whatever its STATIC_ROOT says.
    type: path
  clear:
    description:
      - Whether files in O(dest) that were not collected are removed, after everything else is in place.
      - Hashed files of O(keep_manifests) and O(keep_hashed_of) stay.
    type: bool
    default: false
  keep_manifests:
    description:
      - How many earlier manifests' hashed files stay in O(dest) when it is cleared, so that pages that a browser loaded before still find theirs.
      - A manifest counts when its names differ from those of the one before. Of older ones, the files that no kept manifest names are removed.
      - Without O(clear), nothing is removed, and the number is of no account. V(0) keeps none.
    type: int
    default: 3
  keep_hashed_of:
    description:
      - Other published trees, or folders that hold some, whose hashed files are published as well, as hard links where that is possible.
      - A page that a browser loaded before a deployment asks for the hashed names of its time. Manifests are never merged.
    type: list
    elements: path
    default: []
  precompress:
    description:
      - Encodings in which files are also published ready to be sent, C(a.css.gz) and C(a.css.br) beside C(a.css), as nginx's C(gzip_static) and
        C(brotli_static) send them. Only for types that are worth it, from 1 KB on, and where at least a tenth is saved.
      - V(brotli) needs the Debian package C(libbrotli1), or Python's module C(brotli), on the target.
      - A sibling that the project brought along, as WhiteNoise's storages make it, stays if it is right. One that this module made is removed
        when its file goes or its encoding is no longer asked for, even without O(clear). A wrong one beside a collected file is always removed.
    type: list
    elements: str
    choices: [gzip, brotli]
    default: []
  force:
    description: Whether to collect and compare all files, even if the fingerprints say that nothing has changed.
    type: bool
    default: false
  owner:
    description: Owner of the published files, by name or number. The user that the module runs as, if it is not given.
    type: str
  group:
    description: Group of the published files, by name or number. The group that the module runs as, if it is not given.
    type: str
  file_mode:
    description: Mode of the published files, as octal digits.
    type: str
    default: '0644'
  folder_mode:
    description: Mode of their folders, as octal digits.
    type: str
    default: '0755'
notes:
  - >-
    In the place of a task C(community.general.django_manage) with C(command=collectstatic), O(project_path) (also C(app_path) or C(chdir)),
    O(virtualenv), O(settings_module) (also C(settings)) and O(clear) mean the same. C(pythonpath) becomes O(python_path), a list. C(link) has no
    counterpart: a published tree holds files. C(skip) and C(ignore_missing) need none. The task's keyword C(environment) becomes O(environment) or
    O(environment_file): the project runs with its service's environment, not with the task's. C(become_user) may become O(user) with C(become):
    then the project collects as that user, and the files belong to O(owner).
seealso:
  - module: webops.django.django_static_info
  - name: collectstatic
    description: Django's own documentation of the command.
    link: https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/#collectstatic
"""

EXAMPLES = r"""
- name: Collect the shop's static files into its STATIC_ROOT
  webops.django.django_collectstatic:
    project_path: /srv/shop
    virtualenv: /srv/shop/venv

- name: Collect them as the service's user into a folder that belongs to root
  webops.django.django_collectstatic:
    project_path: /srv/shop
    virtualenv: /srv/shop/venv
    user: shop
    environment_file: /etc/shop.env
    dest: /srv/static/shop
    owner: root
    group: root
    clear: true
    precompress: [gzip]

# In the place of community.general.django_manage with command=collectstatic, project_path, virtualenv and clear.
- name: Collect, and keep what the last three manifests named
  webops.django.django_collectstatic:
    project_path: /srv/shop
    virtualenv: /srv/shop/venv
    clear: true
"""

RETURN = r"""
dest:
  description: The folder that holds the published files.
  returned: success
  type: str
  sample: /srv/static/shop
collected:
  description: Whether files were collected and compared. V(false) where the fingerprints said that nothing has changed.
  returned: success
  type: bool
files_count:
  description: How many files the project's C(collectstatic) makes. The counts and lists below also hold compressed siblings and kept files.
  returned: success
  type: int
added_count:
  description: How many published files were not there before.
  returned: success
  type: int
changed_count:
  description: How many had another content.
  returned: success
  type: int
removed_count:
  description: How many files were removed. Without O(clear), only compressed siblings are.
  returned: success
  type: int
rights_count:
  description: How many files and folders had only another owner, group or mode.
  returned: success
  type: int
added:
  description: The first 100 names of added files.
  returned: success
  type: list
  elements: str
modified:
  description: The first 100 names of changed files.
  returned: success
  type: list
  elements: str
removed:
  description: The first 100 names of removed files.
  returned: success
  type: list
  elements: str
digest:
  description:
    - One SHA-256 over names and contents of all collected files, so that hosts can be compared.
    - Compressed siblings and kept files do not count, since hosts may differ in their versions of zlib and in what they had before.
  returned: success
  type: str
hashed_count:
  description: How many hashed names the manifest gives out. 0 without a manifest.
  returned: success
  type: int
kept_count:
  description: How many hashed files of O(keep_hashed_of) and O(keep_manifests) are published besides.
  returned: success
  type: int
hash_lookalikes:
  description: The first 200 names that look as if the manifest storage had made them, but that it did not make. They must not be cached for ever.
  returned: success
  type: list
  elements: str
hash_lookalikes_count:
  description: How many there are. If more than RV(hash_lookalikes) holds, no file should be cached for ever.
  returned: success
  type: int
precompressed:
  description: How many files have a right sibling, for each encoding of O(precompress).
  returned: success
  type: dict
  sample: {gzip: 120}
precompressed_saved:
  description: By how many bytes these siblings are smaller than their files, for each encoding of O(precompress).
  returned: success
  type: dict
  sample: {gzip: 812345}
project:
  description: What the project said of itself.
  returned: success
  type: dict
  contains:
    django_version:
      description: Django's version.
      type: str
    settings_module:
      description: Dotted name of the settings module in use.
      type: str
    settings_file:
      description: File of that module.
      type: str
    static_url:
      description: STATIC_URL.
      type: str
    static_root:
      description: STATIC_ROOT as the settings have it.
      type: str
    media_url:
      description: MEDIA_URL.
      type: str
    media_root:
      description: MEDIA_ROOT.
      type: str
    storage:
      description: Class of the storage.
      type: str
    manifest_name:
      description: Name of the manifest, or empty.
      type: str
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils import accounts
from ansible_collections.webops.django.plugins.module_utils.collectstatic import Order, collect
from ansible_collections.webops.django.plugins.module_utils.django_project import PROJECT_OPTIONS, project_from
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets
from ansible_collections.webops.django.plugins.module_utils.static_tree import Rights


def rights_from(params: dict[str, t.Any]) -> Rights:
    """Read the rights of the published tree from the module's parameters."""
    return Rights(
        owner=accounts.user_id(params["owner"]) if params["owner"] else os.geteuid(),
        group=accounts.group_id(params["group"]) if params["group"] else os.getegid(),
        file_mode=octal(params["file_mode"], "file_mode"),
        folder_mode=octal(params["folder_mode"], "folder_mode"),
    )


def octal(text: str, option: str) -> int:
    """Read permission bits.

    :raises ExplainedError: the text is not three or four octal digits.
    """
    if not (3 <= len(text) <= 4 and set(text) <= set("01234567")):
        raise ExplainedError(f"{option} is {text!r}; write three or four octal digits in quotes, such as '0644'.")
    return int(text, 8)


def absolute(dest: str | None) -> str | None:
    """Read the option dest.

    :raises ExplainedError: it is relative: to which folder, nobody could tell from a play.
    """
    if dest and not os.path.isabs(dest):
        raise ExplainedError(f"dest is {dest!r}; write an absolute path, such as /srv/static/shop.")
    return dest


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Collect what the parameters name."""
    params = take_secrets(module, "environment")
    project = project_from(params)
    order = Order(
        destination=absolute(params["dest"]),
        rights=rights_from(params),
        clear=params["clear"],
        keep_manifests=params["keep_manifests"],
        keep_hashed_of=tuple(params["keep_hashed_of"]),
        encodings=tuple(params["precompress"]),
        force=params["force"],
    )
    result = collect(project, order, module.check_mode)
    for warning in (*result.pop("warnings"), *settings_warning(os.environ.get("DJANGO_SETTINGS_MODULE", ""), result["project"]["settings_module"])):
        module.warn(warning)
    return result


def settings_warning(of_task: str, used: str) -> list[str]:
    """Warn of a task whose ``environment`` names other settings than those that were used: django_manage would have taken them."""
    if of_task in ("", used):
        return []
    return [
        f"The task's environment says DJANGO_SETTINGS_MODULE={of_task}, but the files were collected with {used}: this module runs the project with "
        "its service's environment, not with the task's. Write it into settings_module, environment or environment_file."
    ]


def main() -> None:
    """Wire the module."""
    spec = dict(
        PROJECT_OPTIONS,
        dest={"type": "path"},
        clear={"type": "bool", "default": False},
        keep_manifests={"type": "int", "default": 3},
        keep_hashed_of={"type": "list", "elements": "path", "default": []},
        precompress={"type": "list", "elements": "str", "choices": ["gzip", "brotli"], "default": []},
        force={"type": "bool", "default": False},
        owner={"type": "str"},
        group={"type": "str"},
        file_mode={"type": "str", "default": "0644"},
        folder_mode={"type": "str", "default": "0755"},
    )
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
