# Copyright (c) WebOps contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of every module that asks a Django project."""

from __future__ import annotations


class ModuleDocFragment:
    """Which project, which interpreter, as whom, with which environment."""

    DOCUMENTATION = r"""
options:
  project_path:
    description: Folder that holds the project's C(manage.py).
    type: path
    required: true
    aliases: [app_path, chdir]
  python:
    description: The project's interpreter. Give this or O(virtualenv).
    type: path
  virtualenv:
    description: Folder of the project's virtual environment. Give this or O(python).
    type: path
  settings_module:
    description:
      - Dotted name of the settings module, as in E(DJANGO_SETTINGS_MODULE).
      - Empty for what C(manage.py) names. C(manage.py) is run up to the point where it hands over to Django.
    type: str
    default: ''
    aliases: [settings]
  python_path:
    description: Folders that are put before the interpreter's own import path, as in E(PYTHONPATH).
    type: list
    elements: path
    default: []
  user:
    description:
      - User that the project's code is run as. It should be the user of the running service.
      - The user that the module runs as, if it is not given.
    type: str
  environment_file:
    description:
      - File with the service's environment variables, in the format of systemd's C(EnvironmentFile=).
      - Read as the user that the module runs as.
    type: path
  environment:
    description: Environment variables of the service. They win over those of O(environment_file).
    type: dict
    default: {}
  timeout:
    description: Seconds that the project may take.
    type: int
    default: 600
notes:
  - The project's code runs with the environment of a service, not with that of the connection's shell.
requirements:
  - Python 3.9 or newer on the target.
"""
