# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's variables, templated as Ansible does, without a play."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import filter_loader, init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible_collections.webops.django.plugins.filter import hostnames

ROOT = Path(__file__).resolve().parents[3]
ROLES = ROOT / "roles"


def make_filters_known() -> None:
    """Put the collection's filters that roles' variables use beside Ansible's own.

    Python has imported the collection by pytest's path, without what Ansible's importer notes on it, so Ansible does not look into it.
    """
    filter_loader._ensure_non_collection_wrappers()
    for name, function in hostnames.FilterModule().filters().items():
        known = f"webops.django.{name}"
        filter_loader._cached_non_collection_wrappers[known] = filter_loader._wrap_func(known, known, function)


def role_variable(role: str, name: str, **variables: t.Any) -> t.Any:
    """Return one of a role's variables.

    :param role: the role, such as ``django_nginx``.
    :param name: the variable.
    :param variables: what a play would set; text in them is no template.
    """
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader([str(ROOT / ".ansible" / "collections")])
    make_filters_known()
    folder = ROLES / role
    loader = DataLoader()
    loader.set_basedir(str(folder))
    values: dict[str, t.Any] = {"ansible_search_path": [str(folder)], "ansible_managed": "Ansible managed"}
    for part in ("defaults", "vars"):
        path = folder / part / "main.yml"
        if path.exists():
            values.update(loader.load_from_file(str(path), trusted_as_template=True))
    values.update(variables)
    return Templar(loader, variables=values).template(trust_as_template("{{ " + name + " }}"))
