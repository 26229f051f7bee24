#!/usr/bin/python
# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a Django project what it says about its static files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: django_static_info
short_description: Ask a Django project what it says about its static files, and what is wrong with them
version_added: 0.1.0
description:
  - Asks Django for its evaluated settings and for every file that its finders know, in the project's own interpreter, as the service's user
    and with the service's environment.
  - Compares the collected tree with the sources, by bytes, and looks for names that templates, form media and style sheets ask for and nobody has.
  - Names the causes of what is wrong in RV(findings), for the stages V(settings) and V(collected). What only the web server can tell, such as whether
    it sees the same folder, is not judged.
  - Settings are never read as text, and nothing that a command prints is parsed.
  - No secret is returned. Of E(SECRET_KEY) it is only told whether it is set, of a storage's options only their names.
author:
  - WebOps (@webops)
extends_documentation_fragment:
  - webops.django.attributes
  - webops.django.attributes.action_group
  - webops.django.project
attributes:
  check_mode:
    support: full
    details: Without O(files_path), the module changes nothing. With it, check mode tells whether that file would change.
  diff_mode:
    support: N/A
    details: The module changes nothing but the file of O(files_path).
  idempotent:
    support: full
options:
  collected:
    description:
      - Whether the collected tree is compared with the sources, and templates and style sheets are read.
      - Without it, only findings of the stage V(settings) are made, and only those that settings and finders prove.
    type: bool
    default: true
  trial:
    description:
      - Whether C(collectstatic) is run into a temporary folder, which is removed again, to see whether it would fail.
      - The folder needs as much space as the collected tree. A storage that does not write to STATIC_ROOT is not tried.
    type: bool
    default: false
  files_path:
    description:
      - File on the target for the complete list of files, by its absolute path. Its folder must exist, and must not be STATIC_ROOT.
      - It is a file of JSON lines, sorted by path, one object for each file, with the keys of RV(files). It belongs to the user that
        the module runs as, who alone may read it.
      - Without it no file is written, and RV(files) tells the first 20 only.
    type: path
seealso:
  - module: webops.django.django_collectstatic
  - module: webops.django.django_static_served
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

# Folder, user, environment and interpreter come from the service.
- name: What would collectstatic do wrong here?
  webops.django.django_static_info:
    unit: shop.service
    trial: true
  register: shop_static

- name: Name each cause and what mends it
  ansible.builtin.debug:
    msg: "{{ item.code }}: {{ item.message }} {{ item.fix }}"
  loop: "{{ shop_static.findings }}"
  loop_control:
    label: "{{ item.code }}"

- name: Write a list of all files and of what became of them
  webops.django.django_static_info:
    unit: shop.service
    files_path: /root/shop-static-files.jsonl

- name: Fetch it
  ansible.builtin.fetch:
    src: /root/shop-static-files.jsonl
    dest: reports/

- name: Ask for the settings only
  webops.django.django_static_info:
    project_path: /srv/shop
    python: /srv/shop/venv/bin/python
    collected: false
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
project_path:
  description: Folder of C(manage.py).
  returned: success
  type: str
  sample: /srv/shop
user:
  description: User that the project's code was run as.
  returned: success
  type: str
  sample: shop
collect_command:
  description:
    - What collects the files as the service would, to be pasted.
    - A command; or a task, where the service's environment is read from a file or a unit.
  returned: success
  type: str
  sample: cd /srv/shop && sudo -u shop /srv/shop/venv/bin/python manage.py collectstatic --noinput
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
static_root_relative:
  description: STATIC_ROOT as it is written, where that depends on the folder in which a command is started. Empty where it is an absolute path.
  returned: success
  type: str
base_dir:
  description: BASE_DIR of the settings, where it is a C(pathlib.Path). Empty otherwise.
  returned: success
  type: str
  sample: /srv/shop
staticfiles_dirs:
  description: Folders of STATICFILES_DIRS as absolute paths, without their prefixes.
  returned: success
  type: list
  elements: str
staticfiles_dirs_prefixed:
  description: Those of them that have a prefix.
  returned: success
  type: list
  elements: dict
  contains:
    prefix:
      description: The prefix, which stands before the names of the files of this folder.
      type: str
    path:
      description: The folder.
      type: str
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
storages:
  description: STORAGES as evaluated, by alias.
  returned: success
  type: dict
  sample:
    staticfiles:
      backend: django.contrib.staticfiles.storage.ManifestStaticFilesStorage
      location: /srv/shop/staticfiles
      options: []
storage:
  description: Class of the storage that publishes static files. Empty if it cannot be made, as a manifest storage without STATIC_ROOT.
  returned: when staticfiles is installed
  type: str
  sample: django.contrib.staticfiles.storage.ManifestStaticFilesStorage
storage_error:
  description: What was raised when the storage was made. Empty if nothing was.
  returned: success
  type: str
storage_is_local:
  description: Whether this storage keeps its files in a local folder.
  returned: when staticfiles is installed
  type: bool
storage_location:
  description: This folder. Usually STATIC_ROOT.
  returned: when staticfiles is installed
  type: str
storage_details:
  description: What the storage does to files and names.
  returned: when staticfiles is installed
  type: dict
  contains:
    rewrites:
      description: Patterns of names whose hashed copies it may rewrite.
      type: list
      elements: str
    keeps_content:
      description: Whether its code for writing files is Django's or WhiteNoise's own, so that a plain copy must equal its source.
      type: bool
    names_as_django:
      description: Whether its code for hashed names is Django's or WhiteNoise's own, and strict.
      type: bool
    keeps_only_hashed:
      description: Whether it removes the copies whose names are not hashed.
      type: bool
    file_mode:
      description: Mode that it gives to files, as a number. None where the umask decides.
      type: int
    folder_mode:
      description: Mode that it gives to folders, as a number. None where the umask decides.
      type: int
manifest_name:
  description: Name of the manifest of hashed names that this storage writes. Empty if it writes none.
  returned: when staticfiles is installed
  type: str
  sample: staticfiles.json
manifest_path:
  description: The manifest's file. Empty if the storage writes none, or not as a file.
  returned: when staticfiles is installed
  type: str
  sample: /srv/shop/staticfiles/staticfiles.json
manifest:
  description: What is in it. The names themselves are in the file of O(files_path).
  returned: success
  type: dict
  contains:
    path:
      description: The manifest's file, or empty.
      type: str
    exists:
      description: Whether it is there.
      type: bool
    error:
      description: Why it is no manifest. Empty if it is one, or is not there.
      type: str
    hash:
      description: Django's hash over all of its names. Hosts with the same hash give out the same names.
      type: str
    names_count:
      description: How many names it holds.
      type: int
file_upload_permissions:
  description: FILE_UPLOAD_PERMISSIONS, as a number.
  returned: success
  type: int
  sample: 420
file_upload_directory_permissions:
  description: FILE_UPLOAD_DIRECTORY_PERMISSIONS, as a number.
  returned: success
  type: int
whitenoise:
  description: Whether WhiteNoise is among the middleware.
  returned: success
  type: bool
whitenoise_settings:
  description: The settings whose names begin with C(WHITENOISE_). Of a value that is a function or a pattern, the kind is told.
  returned: success
  type: dict
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
  description: How many files collectstatic takes. Shadowed ones are not counted, nor those that it passes over, such as dot files.
  returned: success
  type: int
apps:
  description: How many of them each app brings. Files of STATICFILES_DIRS and of other finders are counted under the empty name.
  returned: success
  type: dict
files:
  description:
    - The first 20 files that the finders know, and names that only the manifest knows, sorted by path. All of them are in the file of O(files_path).
    - Bytes of a name that are no UTF-8 are shown as C(\xNN), here and everywhere.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file's path below STATIC_URL and STATIC_ROOT.
      type: str
    source:
      description: The file that a finder knows. Empty where it is no file, or only the manifest has the name.
      type: str
    app:
      description: The app whose folder it is in, or empty.
      type: str
    shadowed:
      description: Whether another file of the same path comes before it, so that collectstatic leaves it out.
      type: bool
    hashed:
      description: The hashed name that the manifest gives out for it, or empty.
      type: str
    state:
      description:
        - How the collected file compares. V(same) or V(missing).
        - V(different) for another content. V(no_file) for a folder in its place.
        - V(not_in_manifest), V(hashed_missing) or V(hashed_different) for a tree whose manifest does not fit.
        - V(unknown) if it is there and cannot be compared, because the finder makes it up or the storage changes it.
        - V(vanished) or V(unreadable) if the source could not be read.
        - V(not_found) for a name of the manifest that no finder knows.
        - Empty if it was not compared.
      type: str
files_truncated:
  description: Whether there are more files than RV(files) tells.
  returned: success
  type: bool
files_path:
  description: The file with all of them. Empty if none was asked for.
  returned: success
  type: str
shadowed:
  description: The first 50 names that more than one source has. Django takes the first source.
  returned: success
  type: list
  elements: str
sources:
  description: Folders that static files come from, those of STATICFILES_DIRS and those of apps.
  returned: when staticfiles is installed
  type: list
  elements: dict
  contains:
    path:
      description: The folder.
      type: str
    app:
      description: The app, or empty.
      type: str
    prefix:
      description: What stands before the names of its files, or empty.
      type: str
source_links:
  description: Links in these folders that lead nowhere, or back to a folder above them.
  returned: when staticfiles is installed
  type: list
  elements: dict
  contains:
    path:
      description: The link.
      type: str
    target:
      description: What stands in it.
      type: str
    kind:
      description: V(dangling) or V(loop).
      type: str
tree_links:
  description: Such links in the collected tree.
  returned: when O(collected), and the storage is local
  type: list
  elements: dict
admin_login:
  description: Path of the admin's login page below the site's root, as the URLconf has it. Empty where there is none.
  returned: when staticfiles is installed
  type: str
  sample: /admin/login/
finder_errors:
  description: What finders raised, or yielded that is no file below STATIC_ROOT.
  returned: when staticfiles is installed
  type: list
  elements: dict
not_found:
  description: Which of Django's two default finders are not configured although they would find files that no other one knows.
  returned: when staticfiles is installed
  type: list
  elements: dict
tree:
  description:
    - The collected tree, compared with the sources. For each state of RV(files[].state) that is not well, C(count) and the first C(examples).
  returned: when O(collected), and the storage is local
  type: dict
  contains:
    path:
      description: The folder.
      type: str
    exists:
      description: Whether it is there.
      type: bool
    is_folder:
      description: Whether it is a folder.
      type: bool
    readable:
      description: Whether the user that the module runs as can read it. If not, nothing is concluded from it.
      type: bool
    is_empty:
      description: Whether it holds no file.
      type: bool
    compared_count:
      description: How many files were compared by their bytes.
      type: int
references:
  description:
    - Names that templates (literal C({% static "…" %}) tags), C(class Media) of forms, widgets and admin pages, and style sheets ask for, and that no
      finder knows. Only names with a proof of a fault become findings.
  returned: when O(collected), and the storage is local
  type: dict
  contains:
    templates_count:
      description: How many templates were looked into.
      type: int
    style_sheets_count:
      description: How many style sheets were looked into.
      type: int
    unreadable_templates_count:
      description: How many templates Django does not compile. They are passed over.
      type: int
    unreadable_templates:
      description: The first 10 of them, and why.
      type: list
      elements: str
    unknown_count:
      description: How many such names there are.
      type: int
    unknown:
      description: The first 50 of them, who asks, what the storage says, and what there is instead.
      type: list
      elements: dict
build:
  description: What tells of a front-end build. A C(package.json) with a script that builds, and folders of STATICFILES_DIRS that do not exist.
  returned: when O(collected), and the storage is local
  type: dict
other_environment:
  description:
    - What the settings are without the service's environment, as somebody at a shell would have them.
    - None unless the tree lacks something and the environment makes a difference.
  returned: when O(collected), and the storage is local
  type: dict
elsewhere:
  description:
    - The folder in which a relative STATIC_ROOT was collected, for a command that was started in another folder than the project's.
    - None where STATIC_ROOT is absolute, where the tree lacks nothing, and where no such folder was found.
  returned: when O(collected), and the storage is local
  type: dict
  contains:
    path:
      description: The folder.
      type: str
    started_in:
      description: The folder in which collectstatic must have been started.
      type: str
    holds:
      description: How many of the files lie there that the tree lacks.
      type: int
trial:
  description: What came of O(trial).
  returned: when O(trial)
  type: dict
  contains:
    ran:
      description: Whether collectstatic was run.
      type: bool
    error:
      description: With what it failed, or empty.
      type: str
    output:
      description: What the project said then, or why it was not run.
      type: str
findings:
  description:
    - What is wrong, in the order in which it should be mended. The first one is the root cause.
    - One for each cause. An effect of another finding is not named again.
  returned: success
  type: list
  elements: dict
  contains:
    code:
      description: Code of the cause, a public contract.
      type: str
      sample: static_root_unset
    stage:
      description: Where on the request's path the fault sits, V(settings) or V(collected).
      type: str
      sample: settings
    message:
      description: The fault in plain words.
      type: str
    fix:
      description: A line or a command that can be pasted.
      type: str
    evidence:
      description: The settings, paths and names that prove it.
      type: dict
    count:
      description: How many files or names it concerns. 0 where it concerns none in particular.
      type: int
    examples:
      description: The first 10 of them.
      type: list
      elements: str
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
