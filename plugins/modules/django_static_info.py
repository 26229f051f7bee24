#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a Django project what it says about its static files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_static_info
short_description: Ask a Django project what it says about its static files
version_added: 0.1.0
description:
  - Asks Django for its evaluated settings and for every file that its finders know, in the project's own interpreter, as the service's user
    and with the service's environment.
  - Settings are never read as text, and nothing that a command prints is parsed.
  - No secret is returned. Of E(SECRET_KEY) it is only told whether it is set.
author:
  - WebOps (@webops)
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.attributes.info
  - webops.django.project
seealso:
  - module: webops.django.django_collectstatic
  - name: How Django collects static files
    description: Django's own documentation of the settings that this module returns.
    link: https://docs.djangoproject.com/en/stable/ref/contrib/staticfiles/
"""

EXAMPLES = r"""
- name: Ask the shop for its static files
  webops.django.django_static_info:
    project_path: /srv/shop
    virtualenv: /srv/shop/venv
    user: shop
    environment_file: /etc/shop.env
  register: shop_static

- name: Show where they are collected
  ansible.builtin.debug:
    var: shop_static.static_root
"""

RETURN = r"""
django_version:
  description: Django's version.
  returned: success
  type: str
  sample: 5.2.8
python_version:
  description: Version of the project's interpreter.
  returned: success
  type: str
  sample: 3.11.2
settings_module:
  description: Dotted name of the settings module in use.
  returned: success
  type: str
  sample: shop.settings
settings_file:
  description: File of that module.
  returned: success
  type: str
  sample: /srv/shop/shop/settings.py
static_url:
  description: STATIC_URL, with the script prefix that Django puts before a relative one.
  returned: success
  type: str
  sample: /static/
static_root:
  description: STATIC_ROOT as an absolute path, or empty.
  returned: success
  type: str
  sample: /srv/shop/staticfiles
staticfiles_dirs:
  description: Folders of STATICFILES_DIRS as absolute paths, without their prefixes.
  returned: success
  type: list
  elements: str
staticfiles_finders:
  description: STATICFILES_FINDERS.
  returned: success
  type: list
  elements: str
staticfiles_installed:
  description: Whether C(django.contrib.staticfiles) is installed.
  returned: success
  type: bool
staticfiles_storage_setting:
  description: Value of the setting STATICFILES_STORAGE, which Django removed in 5.1, where the project sets it.
  returned: success
  type: str
storage:
  description: Class of the storage that publishes static files. Empty if it cannot be made, as a manifest storage without STATIC_ROOT.
  returned: when staticfiles is installed
  type: str
  sample: django.contrib.staticfiles.storage.ManifestStaticFilesStorage
storage_is_local:
  description: Whether this storage keeps its files in a local folder.
  returned: when staticfiles is installed
  type: bool
storage_location:
  description: This folder. Usually STATIC_ROOT.
  returned: when staticfiles is installed
  type: str
manifest_name:
  description: Name of the manifest of hashed names that this storage writes. Empty if it writes none.
  returned: when staticfiles is installed
  type: str
  sample: staticfiles.json
whitenoise:
  description: Whether WhiteNoise is among the middleware.
  returned: success
  type: bool
media_url:
  description: MEDIA_URL.
  returned: success
  type: str
media_root:
  description: MEDIA_ROOT as an absolute path, or empty.
  returned: success
  type: str
debug:
  description: DEBUG.
  returned: success
  type: bool
allowed_hosts:
  description: ALLOWED_HOSTS.
  returned: success
  type: list
  elements: str
secret_key:
  description: V(set), V(missing), or V(insecure) for a key that C(startproject) made for development.
  returned: success
  type: str
force_script_name:
  description: FORCE_SCRIPT_NAME.
  returned: success
  type: str
wsgi_application:
  description: WSGI_APPLICATION, or empty.
  returned: success
  type: str
asgi_application:
  description: ASGI_APPLICATION, or empty.
  returned: success
  type: str
sqlite_databases:
  description: Files of SQLite databases as absolute paths.
  returned: success
  type: list
  elements: str
files_count:
  description: How many files the finders know, shadowed ones not counted.
  returned: success
  type: int
apps:
  description: How many of them each app brings. Files of STATICFILES_DIRS and of other finders are counted under the empty name.
  returned: success
  type: dict
shadowed:
  description: The first 50 names that more than one source has. Django takes the first source.
  returned: success
  type: list
  elements: str
findings:
  description: What is wrong in the settings, in the order in which it should be mended.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: Code of the cause, a public contract.
      type: str
      sample: static_root_unset
    stage:
      description: Where on the request's path the fault sits.
      type: str
      sample: settings
    message:
      description: The fault in plain words.
      type: str
    fix:
      description: What to do.
      type: str
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.webops.django.plugins.module_utils import info_report
from ansible_collections.webops.django.plugins.module_utils.django_project import PROJECT_OPTIONS, project_from
from ansible_collections.webops.django.plugins.module_utils.errors import run_module
from ansible_collections.webops.django.plugins.module_utils.info_evidence import gather
from ansible_collections.webops.django.plugins.module_utils.secret_params import take_secrets
from ansible_collections.webops.django.plugins.module_utils.static_findings import static_findings


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Ask, conclude, summarise."""
    params = take_secrets(module, "environment")
    evidence, details = gather(project_from(params), params["collected"], params["trial"])
    result = info_report.result(evidence, static_findings(evidence), details)
    path, changed = params["files_path"], False
    if path:
        changed = info_report.write_records(path, details, evidence["static_root"], module.check_mode)
    return dict(result, files_path=path or "", changed=changed)


def main() -> None:
    """Wire the module."""
    spec = dict(
        PROJECT_OPTIONS,
        collected={"type": "bool", "default": True},
        trial={"type": "bool", "default": False},
        files_path={"type": "path"},
    )
    run_module(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
