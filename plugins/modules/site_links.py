#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switch the symbolic links of a site."""

from __future__ import annotations

DOCUMENTATION = r"""
module: site_links
short_description: Switch the symbolic links of a site
version_added: 0.1.0
description:
  - Makes symbolic links by rename, so that there is no moment without one, and makes the folders that they need.
  - Takes over what stands at a link's path as the link says. Nothing is lost by it.
author:
  - WebOps (@webops)
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Shows where each link led before and where it leads afterwards.
  idempotent:
    support: full
options:
  links:
    description: The links.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Where the link stands. Missing folders above it are made, with mode V(0755).
        type: path
        required: true
      target:
        description: The absolute path that it leads to.
        type: path
        required: true
      resolve:
        description: Whether links in O(links[].target) are followed first, so that a reader of the link needs no way through them.
        type: bool
        default: false
      existing:
        description:
          - What happens to a file or folder that stands at O(links[].path).
          - V(refuse) fails. V(aside) renames it to a name with the time in it, in the same folder.
          - V(seed) copies what O(links[].target) lacks, and then removes it. What the target has already wins.
        type: str
        choices: [refuse, aside, seed]
        default: refuse
      folder:
        description: Whether the target is a folder that is made if it is missing. Otherwise only the folder above it is made.
        type: bool
        default: false
      owner:
        description: Owner of what is made or copied at the target, by name or number. The user that the module runs as, if it is not given.
        type: str
      group:
        description: Group of it. The group that the module runs as, if it is not given.
        type: str
      mode:
        description: Mode of a folder that is made for the target, as octal digits.
        type: str
        default: '0755'
seealso:
  - module: webops.django.django_collectstatic
"""

EXAMPLES = r"""
- name: Serve the new tree, and keep the uploaded files out of the release
  webops.django.site_links:
    links:
      - path: /srv/django/shop/public/static
        target: /srv/django/shop/trees/3f9a2c71d0e4
      - path: /srv/django/shop/releases/3f9a2c71d0e4/source/media
        target: /srv/django/shop/shared/media
        existing: seed
        folder: true
        owner: django-shop
        group: django-shop
"""

RETURN = r"""
links:
  description: What was done for each link, in the given order.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The link.
      type: str
    changed:
      description: Whether something was done.
      type: bool
    before:
      description: Where the link led before. Empty if there was none.
      type: str
    moved_to:
      description: Where a file or folder that stood there went. Empty if there was none.
      type: str
    seeded:
      description: Whether files were copied to the target.
      type: bool
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils import accounts
from ansible_collections.webops.django.plugins.module_utils.errors import ExplainedError, run_module
from ansible_collections.webops.django.plugins.module_utils.site_links import Link, Outcome, place


def link_from(params: dict[str, t.Any], check_mode: bool) -> Link:
    """Read one link from the module's parameters.

    :raises ExplainedError: a path is not absolute, or an account is unknown (in check mode it may still have to be made).
    """
    for option in ("path", "target"):
        if not os.path.isabs(params[option]):
            raise ExplainedError(f"links: {option} {params[option]!r} is no absolute path; write one that starts with a slash.")
    try:
        owner = accounts.user_id(params["owner"]) if params["owner"] else os.geteuid()
        group = accounts.group_id(params["group"]) if params["group"] else os.getegid()
    except ExplainedError:
        if not check_mode:
            raise
        owner, group = os.geteuid(), os.getegid()
    target = os.path.realpath(params["target"]) if params["resolve"] else params["target"]
    return Link(params["path"].rstrip("/"), target, params["existing"], params["folder"], owner, group, int(params["mode"], 8))


def reading(path: str) -> str:
    """Say what stands at a path, for the diff."""
    if os.path.islink(path):
        return f"{path} -> {os.readlink(path)}\n"
    return f"{path} (no link)\n" if os.path.lexists(path) else ""


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Place the links in the given order."""
    links = [link_from(params, module.check_mode) for params in module.params["links"]]
    before = "".join(reading(link.path) for link in links)
    outcomes = [place(link, module.check_mode) for link in links]
    after = "".join(f"{link.path} -> {link.target}\n" if outcome.changed else reading(link.path) for link, outcome in zip(links, outcomes))
    return {
        "changed": any(outcome.changed for outcome in outcomes),
        "links": [described(link, outcome) for link, outcome in zip(links, outcomes)],
        "diff": {"before": before, "after": after},
    }


def described(link: Link, outcome: Outcome) -> dict[str, t.Any]:
    """Turn an outcome into a return value."""
    return {"path": link.path, "changed": outcome.changed, "before": outcome.before, "moved_to": outcome.moved_to, "seeded": outcome.seeded}


def main() -> None:
    """Wire the module."""
    options = {
        "path": {"type": "path", "required": True},
        "target": {"type": "path", "required": True},
        "resolve": {"type": "bool", "default": False},
        "existing": {"type": "str", "choices": ["refuse", "aside", "seed"], "default": "refuse"},
        "folder": {"type": "bool", "default": False},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "mode": {"type": "str", "default": "0755"},
    }
    spec = {"links": {"type": "list", "elements": "dict", "required": True, "options": options}}
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
